import { describe, expect, it } from 'vitest';
import {
  decodeEpochCommand,
  encodeEpochCommand,
  EpochMachine,
  nextEpoch,
  type EpochCommand,
} from '../../src/core/abd/epochs.ts';
import { compareTags } from '../../src/core/abd/register.ts';
import { DecodeError, Reader, Writer } from '../../src/core/bytes.ts';
import { id } from '../support/core-cluster.ts';
import { RegisterCluster } from '../support/register-cluster.ts';

function three(): RegisterCluster {
  const cluster = new RegisterCluster('ABC');
  cluster.epoch(1, 'ABC');
  cluster.settle();
  return cluster;
}

describe('reads and writes', () => {
  it('a write asks a majority first, and is stored under a later tag than any it hears of', () => {
    const cluster = three();
    for (const [name, value] of [
      ['A', '1'],
      ['B', '2'],
      ['C', '3'],
    ] as const) {
      const write = cluster.write(name, value);
      cluster.settle();
      expect(cluster.outcome(write)).toBe(`ok ${value}`);
    }
    expect(['A', 'B', 'C'].map((name) => cluster.holds(name))).toEqual(['3@3', '3@3', '3@3']);
  });

  it('what was never written reads as null, and so does what was deleted', () => {
    const cluster = three();
    const before = cluster.read('B');
    cluster.settle();
    cluster.write('A', '1');
    cluster.settle();
    cluster.write('A', null);
    cluster.settle();
    const after = cluster.read('C');
    cluster.settle();
    expect([cluster.outcome(before), cluster.outcome(after)]).toEqual(['ok null', 'ok null']);
    expect(cluster.holds('C')).toBe('null@2');
  });

  it('a member that holds no replica reads and writes as well', () => {
    const cluster = new RegisterCluster('ABCD');
    cluster.epoch(1, 'ABC');
    cluster.settle();
    const write = cluster.write('D', '1');
    cluster.settle();
    const read = cluster.read('D');
    cluster.settle();
    expect([cluster.outcome(write), cluster.outcome(read), cluster.holds('D')]).toEqual([
      'ok 1',
      'ok 1',
      'nothing',
    ]);
  });

  it('a minority of silent replicas hinders nobody, a majority everybody', () => {
    const cluster = three();
    cluster.cut('C');
    const write = cluster.write('A', '1');
    cluster.settle();
    expect(cluster.outcome(write)).toBe('ok 1');
    cluster.cut('BC');
    const read = cluster.read('A');
    cluster.settle();
    expect(cluster.outcome(read)).toBe('under way');
    cluster.isLost = () => false;
    cluster.tick();
    cluster.tick();
    cluster.settle();
    expect(cluster.outcome(read)).toBe('ok 1');
  });

  it('a read writes back what only a minority holds, before it returns it', () => {
    const cluster = three();
    cluster.isLost = ({ type, from, to }) => type === 'registerStore' && from !== to;
    cluster.write('A', 'half');
    cluster.settle();
    expect([cluster.holds('A'), cluster.holds('B')]).toEqual(['half@1', 'nothing']);
    cluster.isLost = ({ from, to }) => [from, to].includes(id('C'));
    const read = cluster.read('B');
    cluster.deliver();
    for (const name of 'ABC') cluster.persist(name);
    cluster.deliver();
    expect(cluster.outcome(read)).toBe('under way');
    cluster.settle();
    expect(cluster.outcome(read)).toBe('ok half');
    expect(cluster.holds('B')).toBe('half@1');
  });

  it('a read of what a majority holds already writes nothing', () => {
    const cluster = three();
    cluster.write('A', '1');
    cluster.settle();
    const stores: string[] = [];
    cluster.isLost = ({ type }) => {
      if (type === 'registerStore') stores.push(type);
      return false;
    };
    const read = cluster.read('B');
    cluster.settle();
    expect([cluster.outcome(read), stores]).toEqual(['ok 1', []]);
  });

  it('replicas keep the later of two writes, in whatever order they come', () => {
    const cluster = three();
    cluster.isLost = ({ type }) => type === 'registerStore';
    const [first, second] = [cluster.write('A', 'a'), cluster.write('B', 'b')];
    cluster.settle();
    cluster.isLost = () => false;
    // Both chose the counter 1; the writer decides.
    cluster.tick('B');
    cluster.tick('B');
    cluster.settle();
    cluster.tick('A');
    cluster.tick('A');
    cluster.settle();
    expect([cluster.outcome(first), cluster.outcome(second)]).toEqual(['ok a', 'ok b']);
    expect(new Set(['A', 'B', 'C'].map((name) => cluster.holds(name)))).toEqual(new Set(['b@1']));
  });

  it('nobody acknowledges, or says that it holds, what is not durable', () => {
    const cluster = three();
    const write = cluster.write('A', '1');
    // Queries and their answers, then the stores; nothing is written to any disk.
    for (let round = 0; round < 6; round += 1) cluster.deliver();
    expect(cluster.outcome(write)).toBe('under way');
    const read = cluster.read('B');
    for (let round = 0; round < 6; round += 1) cluster.deliver();
    expect(cluster.outcome(read)).toBe('under way');
    cluster.settle();
    expect([cluster.outcome(write), cluster.outcome(read)]).toEqual(['ok 1', 'ok 1']);
  });

  it('an answer that comes twice counts once', () => {
    const cluster = three();
    cluster.cut('BC');
    const read = cluster.read('A');
    cluster.deliver();
    const answers = [...cluster.network];
    cluster.network.push(...answers, ...answers);
    cluster.deliver();
    expect(cluster.outcome(read)).toBe('under way');
  });

  it('a write that nobody was asked to store failed for certain; else nobody knows', () => {
    const cluster = three();
    cluster.cut('BC');
    const early = cluster.write('A', 'early');
    cluster.settle();
    cluster.input('A', { type: 'expire', request: early });
    cluster.isLost = ({ type, from, to }) => type === 'registerStore' && from !== to;
    const late = cluster.write('A', 'late');
    cluster.settle();
    cluster.input('A', { type: 'expire', request: late });
    cluster.cut('BC');
    const read = cluster.read('A');
    cluster.input('A', { type: 'expire', request: read });
    expect([early, late, read].map((request) => cluster.outcome(request))).toEqual([
      'failed timed-out',
      'unknown timed-out',
      'failed timed-out',
    ]);
  });

  it('operations under way are bounded, and forgotten when they end', () => {
    const cluster = new RegisterCluster('A', {}, 2);
    const requests = [cluster.read('A'), cluster.read('A'), cluster.read('A')];
    expect(cluster.outcome(requests[2] ?? 0)).toBe('failed overloaded');
    cluster.epoch(1, 'A');
    cluster.settle();
    expect(requests.slice(0, 2).map((request) => cluster.outcome(request))).toEqual(['ok null', 'ok null']);
    expect(cluster.member('A').registers.operationCount).toBe(0);
  });

  it('a writer that restarts never uses a tag again', () => {
    const tags = [1, 2].map((operation) => ({ counter: 1, writer: id('A'), operation }));
    expect(compareTags(tags[0] ?? never(), tags[1] ?? never())).toBeLessThan(0);
    const cluster = three();
    cluster.isLost = ({ type, from, to }) => type === 'registerStore' && from !== to;
    cluster.write('A', 'old');
    cluster.settle();
    cluster.start('A');
    cluster.epoch(1, 'ABC', null, ['A']);
    // A's own disk has it, a majority does not: the query finds nothing.
    cluster.isLost = ({ from, type }) => type === 'registerQueryResponse' && from === id('A');
    const write = cluster.write('A', 'new');
    cluster.settle();
    expect(cluster.outcome(write)).toBe('ok new');
    expect(['A', 'B', 'C'].map((name) => cluster.holds(name))).toEqual(['new@1', 'new@1', 'new@1']);
  });
});

function never(): never {
  throw new Error('two tags');
}

describe('epochs', () => {
  function moved(to: string, members = 'ABCDE'): RegisterCluster {
    const cluster = new RegisterCluster(members);
    cluster.epoch(1, 'ABC');
    cluster.settle();
    for (let key = 0; key < 20; key += 1) {
      cluster.write('A', `value ${key}`, `key ${key}`);
      cluster.settle();
    }
    cluster.epoch(2, to, 'ABC');
    cluster.settle();
    return cluster;
  }

  it('the first one needs nothing to be taken over', () => {
    expect(three().ready.sort()).toEqual(['A1', 'B1', 'C1']);
  });

  it('a new replica takes all keys over, in pages, before it is ready', () => {
    const cluster = moved('CDE');
    expect(cluster.ready.filter((who) => who.endsWith('2')).sort()).toEqual(['C2', 'D2', 'E2']);
    for (let key = 0; key < 20; key += 1) expect(cluster.holds('E', `key ${key}`)).toBe(`value ${key}@1`);
    const read = cluster.read('A', 'key 7');
    cluster.settle();
    expect(cluster.outcome(read)).toBe('ok value 7');
  });

  it('it is not ready with what less than a majority has handed over', () => {
    const cluster = new RegisterCluster('ABCD');
    cluster.epoch(1, 'ABC');
    cluster.settle();
    cluster.cut('BC');
    cluster.epoch(2, 'D', 'ABC');
    cluster.settle();
    expect(cluster.ready).not.toContain('D2');
    cluster.cut('C');
    cluster.tick();
    cluster.tick();
    cluster.settle();
    expect(cluster.ready).toContain('D2');
  });

  it('who has handed over stores nothing more in that epoch, not even after a restart', () => {
    const cluster = new RegisterCluster('ABCD');
    cluster.epoch(1, 'ABC');
    cluster.settle();
    cluster.epoch(2, 'D', 'ABC', ['D']);
    cluster.settle();
    for (const name of 'ABC') cluster.start(name);
    cluster.epoch(1, 'ABC', null, ['A', 'B', 'C']);
    const late = cluster.write('A', 'late');
    cluster.settle();
    expect(cluster.outcome(late)).toBe('under way');
    // It learns of the new epoch, and its write goes there.
    cluster.epoch(2, 'D', 'ABC', ['A', 'B', 'C']);
    cluster.settle();
    expect([cluster.outcome(late), cluster.holds('D'), cluster.holds('A')]).toEqual([
      'ok late',
      'late@1',
      'nothing',
    ]);
  });

  it('a write that goes on in the next epoch keeps its tag: it is one write', () => {
    const cluster = new RegisterCluster('ABCD');
    cluster.epoch(1, 'ABC');
    cluster.settle();
    cluster.isLost = ({ type, from, to }) => type === 'registerStore' && from !== to;
    const write = cluster.write('A', 'once');
    cluster.settle();
    cluster.isLost = () => false;
    cluster.epoch(2, 'BCD', 'ABC');
    cluster.settle();
    // Whoever was not ready when it was asked is asked again.
    cluster.tick();
    cluster.tick();
    cluster.settle();
    expect(cluster.outcome(write)).toBe('ok once');
    expect(['B', 'C', 'D'].map((name) => cluster.holds(name))).toEqual(['once@1', 'once@1', 'once@1']);
  });

  it('replicas answer in their own epoch only', () => {
    const cluster = moved('ABC', 'ABCD');
    // D has not heard of epoch 2.
    cluster.start('D');
    cluster.epoch(1, 'ABC', null, ['D']);
    const read = cluster.read('D', 'key 1');
    cluster.settle();
    expect(cluster.outcome(read)).toBe('under way');
    cluster.epoch(2, 'ABC', 'ABC', ['D']);
    cluster.settle();
    expect(cluster.outcome(read)).toBe('ok value 1');
  });

  it('a page that is lost, or comes twice, does no harm', () => {
    const cluster = new RegisterCluster('ABCD');
    cluster.epoch(1, 'ABC');
    cluster.settle();
    for (let key = 0; key < 20; key += 1) {
      cluster.write('A', `value ${key}`, `key ${key}`);
      cluster.settle();
    }
    let count = 0;
    cluster.isLost = ({ type }) => type === 'registerTransferResponse' && (count += 1) % 3 === 0;
    cluster.epoch(2, 'D', 'ABC');
    for (let round = 0; round < 40; round += 1) {
      cluster.network.push(...cluster.network);
      cluster.tick();
      cluster.settle();
    }
    expect(cluster.ready).toContain('D2');
    for (let key = 0; key < 20; key += 1) expect(cluster.holds('D', `key ${key}`)).toBe(`value ${key}@1`);
  });
});

describe('the replica set in the log', () => {
  const [A, B, C, D] = ['A', 'B', 'C', 'D'].map((name) => id(name));
  const all = (...members: (typeof A)[]): NonNullable<typeof A>[] =>
    members.flatMap((member) => member ?? []);
  const applied = (...commands: EpochCommand[]): EpochMachine => {
    const machine = new EpochMachine();
    for (const command of commands) machine.apply(encodeEpochCommand(command));
    return machine;
  };
  const propose = (number: number, ...replicas: (typeof A)[]): EpochCommand => ({
    kind: 'propose',
    number,
    replicas: all(...replicas),
  });
  const ready = (number: number, member: typeof A): EpochCommand => ({
    kind: 'ready',
    number,
    member: member ?? never(),
  });

  it('an epoch follows on one that a majority of its replicas is ready for', () => {
    const first = propose(1, A, B, C);
    expect(applied(first, propose(2, B, C, D)).epoch.number).toBe(1);
    expect(applied(first, ready(1, A), propose(2, B, C, D)).epoch.number).toBe(1);
    const second = applied(first, ready(1, A), ready(1, B), propose(2, B, C, D)).epoch;
    expect(second).toEqual({ number: 2, replicas: all(B, C, D), ready: [], previous: all(A, B, C) });
  });

  it('repeated and outdated commands change nothing', () => {
    const machine = applied(
      propose(1, A, B, C),
      ready(1, A),
      ready(1, A),
      ready(1, D),
      ready(2, B),
      propose(1, D),
    );
    expect(machine.epoch).toEqual({ number: 1, replicas: all(A, B, C), ready: all(A), previous: null });
  });

  it('a leader proposes the voters once the epoch before is open, and nothing where they are the same', () => {
    const open = applied(propose(1, A, B, C), ready(1, A), ready(1, B)).epoch;
    expect(nextEpoch(new EpochMachine().epoch, all(A))).toEqual(propose(1, A));
    expect(nextEpoch(open, all(C, B, A))).toBeNull();
    expect(nextEpoch(open, all(D, B, A))).toEqual(propose(2, A, B, D));
    expect(nextEpoch(applied(propose(1, A, B, C), ready(1, A)).epoch, all(D))).toBeNull();
  });

  it('is part of the snapshot', () => {
    for (const machine of [
      new EpochMachine(),
      applied(propose(1, A, B, C), ready(1, A)),
      applied(propose(1, A), ready(1, A), propose(2, B, C, D)),
    ]) {
      const writer = new Writer();
      machine.snapshot(writer);
      const restored = applied(propose(1, D));
      restored.restore(new Reader(writer.finish()));
      expect(restored.epoch).toEqual(machine.epoch);
    }
  });

  it('nonsense is refused, and changes nothing where it is in the log', () => {
    const commands = [
      new Uint8Array(),
      new Uint8Array([9, 1, 0]),
      encodeEpochCommand(propose(1)),
      encodeEpochCommand(propose(0, A)),
      encodeEpochCommand(propose(1, A, A)),
    ];
    const machine = new EpochMachine();
    for (const command of commands) {
      expect(() => decodeEpochCommand(command)).toThrow(DecodeError);
      machine.apply(command);
    }
    expect(machine.epoch.number).toBe(0);
  });
});
