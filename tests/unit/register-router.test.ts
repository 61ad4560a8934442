import { describe, expect, it } from 'vitest';
import { decodeEpochCommand, type Epoch, type EpochCommand } from '../../src/core/abd/epochs.ts';
import type { RegisterInput, RegisterResult } from '../../src/core/abd/interface.ts';
import type { RegisterMessage } from '../../src/core/abd/message.ts';
import { NO_REGISTERS } from '../../src/core/abd/register.ts';
import { Registers } from '../../src/core/abd/registers.ts';
import { REGISTER_RULES } from '../../src/core/abd/rules.ts';
import type { MemberId } from '../../src/core/ids.ts';
import { decodeEnvelope } from '../../src/core/session/envelope.ts';
import { Disk } from '../../src/runtime/disk.ts';
import { RegisterRouter } from '../../src/runtime/register-router.ts';
import { id } from '../support/core-cluster.ts';
import { HeldStorage } from '../support/held-storage.ts';
import { ManualClock } from '../support/manual-clock.ts';

const TICK_MS = 10;
/** A leader looks this often whether the voters have changed. */
const MANAGE_MS = 10 * TICK_MS;

/** The router of A, over a disk, a clock and a log that the test moves. */
class Rig {
  readonly clock = new ManualClock();
  readonly storage = new HeldStorage();
  readonly sent: RegisterMessage[] = [];
  readonly turns: string[][] = [];
  readonly proposed: EpochCommand[] = [];
  /** Of each proposal: the log has it, or never will. */
  readonly settle: (() => void)[] = [];
  readonly errors: unknown[] = [];
  overflows = 0;
  epoch: Epoch = { number: 0, replicas: [], ready: [], previous: null };
  /** Null: another member leads. */
  voters: readonly MemberId[] | null = null;
  readonly registers = new Registers(
    { id: id('A'), maxOperations: 10, resendTicks: 2, maxTransferBytes: 200 },
    NO_REGISTERS,
    REGISTER_RULES,
  );
  readonly router = new RegisterRouter(
    this.registers,
    { tickMs: TICK_MS, firstRequest: 1, maxPausedMessages: 3 },
    {
      clock: this.clock,
      disk: new Disk(this.storage, (error) => this.errors.push(error)),
      send: (message) => this.sent.push(message),
      propose: (command, done) => {
        this.proposed.push(commandIn(command));
        this.settle.push(done);
      },
      epoch: () => this.epoch,
      votersToFollow: () => this.voters,
      onStep: (inputs: readonly RegisterInput[]) => this.turns.push(inputs.map(({ type }) => type)),
      onOverflow: () => {
        this.overflows += 1;
      },
      onError: (error) => this.errors.push(error),
    },
  );

  /** The log says that these hold the registers, and this node has what was written before. */
  async begin(names: string): Promise<void> {
    const replicas = Array.from(names, (name) => id(name));
    this.epoch = { number: 1, replicas, ready: replicas, previous: null };
    this.router.onLog();
    await this.durable();
    for (const done of this.settle.splice(0)) done();
    this.sent.length = 0;
    this.turns.length = 0;
    this.proposed.length = 0;
  }

  /** Whatever is to be written is, and what comes of it. */
  async durable(): Promise<void> {
    this.clock.settle();
    await this.storage.complete();
    this.clock.settle();
  }

  write(value: string, timeoutMs = 1000): RegisterResult[] {
    const results: RegisterResult[] = [];
    const operation = { kind: 'write', key: 'k', value } as const;
    this.router.request(operation, timeoutMs, (result) => results.push(result));
    this.clock.settle();
    return results;
  }
}

function commandIn(bytes: Uint8Array): EpochCommand {
  const envelope = decodeEnvelope(bytes);
  if (envelope.kind !== 'epochs') throw new Error(`a command of kind ${envelope.kind}`);
  return decodeEpochCommand(envelope.command);
}

const query = (operation: number): RegisterMessage => ({
  type: 'registerQuery',
  from: id('B'),
  to: id('A'),
  epoch: 1,
  operation,
  key: 'k',
});

describe('operations', () => {
  it('a replica asks itself without a link, and answers once what it stored is durable', async () => {
    const rig = new Rig();
    await rig.begin('A');
    const results = rig.write('1');
    expect([results, rig.sent]).toEqual([[], []]);
    await rig.durable();
    expect(results).toMatchObject([{ outcome: 'ok', value: '1' }]);
  });

  it('what a replica says it holds is durable before it is sent', async () => {
    const rig = new Rig();
    await rig.begin('AB');
    const register = { key: 'k', tag: { counter: 1, writer: id('B'), operation: 1 }, value: '1' };
    rig.router.receive({
      ...{ type: 'registerStore', from: id('B'), to: id('A'), epoch: 1, operation: 1 },
      register,
    });
    rig.clock.settle();
    expect(rig.sent).toEqual([]);
    await rig.durable();
    expect(rig.sent.map(({ type }) => type)).toEqual(['registerStoreResponse']);
  });

  it('without an answer end when their time is over, and no turn is taken for them any more', async () => {
    const rig = new Rig();
    await rig.begin('ABC');
    const results = rig.write('1', 55);
    rig.clock.advance(50);
    expect(results).toEqual([]);
    rig.clock.advance(20);
    // It was only asked what there is, and nothing stored.
    expect(results).toMatchObject([{ outcome: 'failed', code: 'timed-out' }]);
    rig.turns.length = 0;
    rig.clock.advance(1000);
    expect(rig.turns).toEqual([]);
  });
});

describe('at rest', () => {
  it('no turn is taken, and ticks are told again with the next operation', async () => {
    const rig = new Rig();
    await rig.begin('ABC');
    rig.clock.advance(1000);
    expect(rig.turns).toEqual([]);
    rig.write('1');
    rig.clock.advance(2 * TICK_MS);
    // Nobody has answered: it is sent again.
    expect(rig.sent.map(({ to }) => to)).toEqual(['B', 'C', 'B', 'C'].map(id));
  });
});

describe('the replica set', () => {
  it('follows the voters where this node leads, with one proposal at a time', async () => {
    const rig = new Rig();
    await rig.begin('AB');
    rig.voters = ['A', 'B', 'C'].map(id);
    rig.clock.advance(3 * MANAGE_MS);
    expect(rig.proposed).toEqual([{ kind: 'propose', number: 2, replicas: rig.voters }]);
    // It was not committed: a later tick asks again.
    rig.settle[0]?.();
    rig.clock.advance(MANAGE_MS);
    expect(rig.proposed).toHaveLength(2);
  });

  it('is left to the leader', async () => {
    const rig = new Rig();
    await rig.begin('AB');
    rig.clock.advance(5 * MANAGE_MS);
    expect(rig.proposed).toEqual([]);
  });

  it('says that this replica is ready only once that is durable', async () => {
    const rig = new Rig();
    rig.epoch = { number: 1, replicas: [id('A')], ready: [], previous: null };
    rig.router.onLog();
    rig.clock.settle();
    expect(rig.proposed).toEqual([]);
    await rig.durable();
    expect(rig.proposed).toEqual([{ kind: 'ready', number: 1, member: id('A') }]);
  });
});

describe('a paused node', () => {
  it('refuses operations, keeps some messages and loses the others, and goes on with them', async () => {
    const rig = new Rig();
    await rig.begin('AB');
    rig.router.pause();
    expect(rig.write('1')).toMatchObject([{ outcome: 'failed', code: 'not-running' }]);
    for (let operation = 1; operation <= 5; operation += 1) rig.router.receive(query(operation));
    rig.clock.advance(1000);
    expect([rig.turns, rig.sent, rig.overflows]).toEqual([[], [], 2]);
    rig.router.resume();
    rig.clock.settle();
    expect(rig.turns).toEqual([['message', 'message', 'message']]);
    expect(rig.sent.map(({ type }) => type)).toEqual(Array(3).fill('registerQueryResponse'));
  });
});

describe('a stopped node', () => {
  it('does not know what became of what was under way, refuses the rest, and does nothing any more', async () => {
    const rig = new Rig();
    await rig.begin('ABC');
    const underWay = rig.write('1');
    rig.sent.length = 0;
    rig.router.stop('The disk is full.');
    expect(underWay).toMatchObject([{ outcome: 'unknown', code: 'not-running' }]);
    expect(rig.write('2')).toMatchObject([{ outcome: 'failed', code: 'not-running' }]);
    rig.router.receive(query(1));
    rig.router.resume();
    await rig.durable();
    rig.clock.advance(1000);
    expect([rig.sent, rig.errors, rig.clock.pendingTimers]).toEqual([[], [], 0]);
  });

  it('an error in the core is told, and not lost', async () => {
    const rig = new Rig();
    await rig.begin('ABC');
    const fault = new Error('a bug');
    rig.registers.step = () => {
      throw fault;
    };
    rig.router.receive(query(1));
    rig.clock.settle();
    expect(rig.errors).toEqual([fault]);
  });
});
