import type { MemberId } from '../core/ids.ts';
import { encodeTransaction } from '../core/kv/transaction.ts';
import { configurationInForce } from '../core/raft/state.ts';
import { electorates, isQuorum } from '../core/raft/configuration.ts';
import type { Configuration } from '../core/raft/log-entry.ts';
import type { ConfigurationChange, Operation, OperationResult } from '../core/raft/message.ts';
import { encodeEnvelope } from '../core/session/envelope.ts';
import type { FaultRule } from '../api.ts';
import type { CrashOutcome } from './disk.ts';
import type { SimNetwork } from './network.ts';
import type { SimNode } from './node.ts';
import type { Scheduler } from './scheduler.ts';
import type { Fault, FaultKind } from './schedule.ts';

/** What the nemesis may do to the world. */
export interface NemesisPorts {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  /** Members that are there, dead ones included; not those whose disk was wiped. */
  members(): readonly SimNode[];
  /** A new member takes the place of `node`, whose disk is gone. */
  wipe(node: SimNode): void;
  onResult(operation: Operation, result: OperationResult): void;
  /** Has other members hold the registers, which the number chooses. */
  moveRegisters(pick: number): void;
  /** Whether what the members hold besides the log survives the loss of these. */
  canLoseReplica(gone: ReadonlySet<MemberId>): boolean;
  onFault(kind: FaultKind | CrashOutcome): void;
}

type Cut = (from: MemberId, to: MemberId) => boolean;

/** A leader that is cut off steps down by itself before. */
const QUESTION_MS = 2500;

/** Carries out a schedule of faults. Whatever it begins it also ends, unless it is told to stop before. */
export class Nemesis {
  /** Those that were wiped or are to be removed, and so will be. */
  readonly #doomed = new Set<MemberId>();
  #commands = 0;
  readonly #cuts = new Set<Cut>();
  readonly #undo = new Set<() => void>();
  #isOver = false;

  constructor(
    private readonly ports: NemesisPorts,
    faults: readonly Fault[],
  ) {
    const { scheduler, network } = ports;
    network.isCut = (from, to) => {
      for (const cut of this.#cuts) if (cut(from, to)) return true;
      return false;
    };
    for (const fault of faults) scheduler.at(fault.atMs, () => this.#strike(fault));
  }

  /** Ends all that is under way: the network is fair again, and everyone runs. */
  healAll(): void {
    this.#isOver = true;
    for (const undo of [...this.#undo]) undo();
    for (const node of this.ports.members()) {
      node.process.thaw();
      if (!node.isUp) node.restart();
      node.disk.slowMs = 0;
      node.disk.failNext = false;
    }
    this.ports.network.releaseHeld();
  }

  cut(cut: Cut): void {
    this.#cuts.add(cut);
  }

  #strike(fault: Fault): void {
    if (this.#begin(fault)) this.ports.onFault(fault.kind);
  }

  /** False: it makes no sense now, or would end the cluster for good. */
  #begin(fault: Fault): boolean {
    const members = this.ports.members();
    const node = members[fault.pick % Math.max(1, members.length)];
    if (node === undefined) return false;
    switch (fault.kind) {
      case 'isolate':
      case 'split':
      case 'bridge':
      case 'ring':
      case 'one-way':
        return this.#partition(fault, fault.kind, members, node);
      case 'busy-leader':
        return this.#isolateBusyLeader(fault, members);
      case 'loss':
      case 'delay':
      case 'duplicate':
      case 'reorder':
      case 'hold':
        return this.#worsenWeather(fault);
      case 'proxy':
        return this.#setRules(fault, node);
      case 'crash':
        return this.#crash(fault, node);
      case 'flicker':
        return this.#flicker(fault, node);
      case 'pause':
        return this.#pause(fault, node);
      case 'doze':
        return this.#freezeReadingLeader(fault);
      case 'late-question':
        return this.#delayQuestions(fault, members);
      case 'disk-slow':
        return this.#slowDisk(fault, node);
      case 'disk-error':
        return this.#breakDisk(fault, node);
      default:
        return this.#command(fault, members, node);
    }
  }

  #during(fault: Fault, undo: () => void): boolean {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.ports.scheduler.at(this.ports.scheduler.now + fault.forMs, once);
    return true;
  }

  // ── The network ───────────────────────────────────────────────────────────────────────────────

  #partition(fault: Fault, shape: PartitionKind, members: readonly SimNode[], node: SimNode): boolean {
    const ids = members.map(({ id }) => id);
    const cut = SHAPES[shape](ids, ids.indexOf(node.id), fault.pick);
    this.#cuts.add(cut);
    if (shape === 'isolate' && fault.strength < 0.6) this.#stirUp(fault, node);
    return this.#during(fault, () => this.#cuts.delete(cut));
  }

  /** A leader goes on taking writes while it is cut off, and campaigns with them when it is back. */
  #isolateBusyLeader(fault: Fault, members: readonly SimNode[]): boolean {
    const leader = leaderAmong(members);
    if (leader === undefined) return false;
    const cut = cutAround(leader.id);
    this.#cuts.add(cut);
    const forMs = Math.min(fault.forMs, 4000);
    for (let count = 0; count < 12 * fault.strength; count += 1) {
      this.#commands += 1;
      const set = { op: 'SET', key: 'busy', val: `${this.#commands}` } as const;
      const command = encodeEnvelope({ kind: 'plain', command: encodeTransaction([set]) });
      const operation = { kind: 'command', command, repeatable: false } as const;
      leader.driver.request(operation, forMs, (result) => this.ports.onResult(operation, result));
    }
    this.#stirUp({ ...fault, forMs, strength: 1 }, leader);
    return this.#during({ ...fault, forMs }, () => this.#cuts.delete(cut));
  }

  /**
   * Who is cut off campaigns all the same, and comes back with a later term than everybody else's; or
   * it campaigns when it is back, with whatever its log has gathered alone.
   */
  #stirUp(fault: Fault, node: SimNode): void {
    const { scheduler } = this.ports;
    const delayMs = fault.strength < 0.2 ? fault.forMs / 2 : fault.forMs + 1;
    scheduler.at(scheduler.now + delayMs, () => {
      node.process.run(() => {
        if (!this.#isOver) node.driver.campaign();
      });
    });
  }

  #worsenWeather(fault: Fault): boolean {
    const { network } = this.ports;
    const { kind, strength } = fault;
    if (kind === 'loss') network.weather.lossProbability = 0.05 + 0.4 * strength;
    if (kind === 'duplicate') network.weather.duplicateProbability = 0.05 + 0.4 * strength;
    if (kind === 'hold') network.weather.holdProbability = 0.02 + 0.1 * strength;
    if (kind === 'reorder' || kind === 'delay') {
      network.weather.reorderProbability = kind === 'delay' ? 0.9 : 0.3;
      network.weather.reorderMs = kind === 'delay' ? 20 + 300 * strength : 20 + 3000 * strength;
    }
    return this.#during(fault, () => {
      if (kind === 'loss') network.weather.lossProbability = 0;
      if (kind === 'duplicate') network.weather.duplicateProbability = 0;
      if (kind === 'reorder' || kind === 'delay') network.weather.reorderProbability = 0;
      if (kind !== 'hold') return;
      network.weather.holdProbability = 0;
      network.releaseHeld();
    });
  }

  /** Through the production proxy of one node: some of what it sends is dropped or delayed. */
  #setRules(fault: Fault, node: SimNode): boolean {
    const rules: FaultRule[] = [
      { id: 'drop', kind: 'drop', probability: fault.strength / 2 },
      { id: 'delay', kind: 'delay', delayMs: [0, Math.round(200 * fault.strength)] },
    ];
    node.proxy.setRules(rules);
    return this.#during(fault, () => node.proxy.setRules([]));
  }

  // ── One node ──────────────────────────────────────────────────────────────────────────────────

  #crash(fault: Fault, node: SimNode): boolean {
    if (!node.isUp) return false;
    const outcome = node.crash();
    if (outcome !== 'no-write') this.ports.onFault(outcome);
    return this.#during(fault, () => {
      if (!node.isUp && this.#isThere(node)) node.restart();
    });
  }

  /** Dies in the middle of its next write, and is back at once. */
  #flicker(fault: Fault, node: SimNode): boolean {
    const { scheduler } = this.ports;
    const endsAt = scheduler.now + fault.forMs;
    const downMs = 1 + Math.round(40 * fault.strength);
    const watch = (): void => {
      if (this.#isOver || !node.isUp || !this.#isThere(node) || scheduler.now > endsAt) return;
      if (!node.disk.isWriting) {
        scheduler.at(scheduler.now + 1, watch);
        return;
      }
      // In this write, or in one that follows on it.
      scheduler.at(scheduler.now + (fault.pick % 16), () => {
        if (!this.#isOver && node.isUp && this.#isThere(node)) this.#blink(node, downMs);
      });
    };
    watch();
    return true;
  }

  #blink(node: SimNode, downMs: number): void {
    const { scheduler } = this.ports;
    this.ports.onFault(node.crash());
    scheduler.at(scheduler.now + downMs, () => {
      if (!node.isUp && this.#isThere(node)) node.restart();
    });
  }

  #isThere(node: SimNode): boolean {
    return this.ports.members().includes(node);
  }

  #pause(fault: Fault, node: SimNode): boolean {
    if (!node.isUp || node.process.isFrozen) return false;
    const { process } = node;
    process.freeze();
    return this.#during(fault, () => process.thaw());
  }

  /** A leader falls asleep in the middle of confirming reads, for long enough to be replaced, and more reads come. */
  #freezeReadingLeader(fault: Fault): boolean {
    const { scheduler } = this.ports;
    const leader = leaderAmong(this.ports.members());
    if (leader === undefined) return false;
    const { process } = leader;
    const deadline = scheduler.now + 2000;
    const wait = (): void => {
      const { leadership } = leader.raft;
      if (this.#isOver || leadership === null || process.isFrozen || scheduler.now > deadline) return;
      if (leadership.confirmedRound === leadership.readRound) {
        scheduler.at(scheduler.now + 1, wait);
        return;
      }
      process.freeze();
      this.#during({ ...fault, forMs: 2000 + Math.round(4000 * fault.strength) }, () => process.thaw());
    };
    wait();
    return true;
  }

  /** Questions for reads are on their way for so long that their leader, cut off, has been replaced meanwhile. */
  #delayQuestions(fault: Fault, members: readonly SimNode[]): boolean {
    const { scheduler, network } = this.ports;
    const leader = leaderAmong(members);
    const others = members.filter((other) => other !== leader && other.isUp && !other.process.isFrozen);
    const successor = others[fault.pick % Math.max(1, others.length)];
    if (leader === undefined || successor === undefined) return false;
    const cut = cutAround(leader.id);
    const after = (ms: number, act: () => void): void =>
      scheduler.at(scheduler.now + ms, () => {
        if (!this.#isOver) act();
      });
    network.isHeld = ({ type, to }) => type === 'readIndexRequest' && to === leader.id;
    after(300, () => {
      this.#cuts.add(cut);
      successor.process.run(() => successor.driver.campaign());
    });
    for (let ms = 500; ms < QUESTION_MS; ms += 100) after(ms, () => network.releaseHeld());
    return this.#during({ ...fault, forMs: QUESTION_MS }, () => {
      this.#cuts.delete(cut);
      network.isHeld = () => false;
      network.releaseHeld();
    });
  }

  #slowDisk(fault: Fault, node: SimNode): boolean {
    node.disk.slowMs = Math.round(20 + 1500 * fault.strength);
    return this.#during(fault, () => {
      node.disk.slowMs = 0;
    });
  }

  /** The node stops itself; its page is reloaded a little later. */
  #breakDisk(fault: Fault, node: SimNode): boolean {
    if (!node.isUp) return false;
    node.disk.failNext = true;
    return this.#during(fault, () => {
      node.disk.failNext = false;
      if (!node.isUp && this.#isThere(node)) node.restart();
    });
  }

  // ── What people ask for ───────────────────────────────────────────────────────────────────────

  #command(fault: Fault, members: readonly SimNode[], node: SimNode): boolean {
    const asked = members.filter(({ isUp, process }) => isUp && !process.isFrozen);
    const contact = asked[(fault.pick >> 4) % Math.max(1, asked.length)];
    if (contact === undefined) return false;
    const request = (operation: Parameters<SimNode['driver']['request']>[0]): boolean => {
      contact.driver.request(operation, 2000, (result) => this.ports.onResult(operation, result));
      return true;
    };
    switch (fault.kind) {
      case 'transfer':
        return request({ kind: 'transfer', to: node.id });
      case 'campaign':
        this.#rival(fault, asked);
        return true;
      case 'move-registers':
        this.ports.moveRegisters(fault.pick);
        return true;
      case 'snapshot':
        contact.driver.compact();
        return true;
      case 'wipe':
        if (!this.#lose(members, node)) return false;
        this.ports.wipe(node);
        return true;
      case 'remove':
      case 'replace': {
        const changes = changesFor(fault.kind, node, configurationInForce(contact.raft).configuration);
        if (changes === null || !this.#lose(members, node)) return false;
        return request({ kind: 'change', changes });
      }
      default:
        return false;
    }
  }

  /** Some campaign at the same moment, and again shortly after. */
  #rival({ pick, strength }: Fault, asked: readonly SimNode[]): void {
    const { scheduler } = this.ports;
    for (let round = 0; round <= 3 * strength; round += 1) {
      const chosen = pick >> (4 + round);
      scheduler.at(scheduler.now + round * (10 + 300 * strength), () => {
        for (const [position, { isUp, process, driver }] of asked.entries()) {
          if (!this.#isOver && isUp && !process.isFrozen && ((chosen >> position) & 1) === 1)
            driver.campaign();
        }
      });
    }
  }

  /** Whether every configuration that may be in force keeps a quorum of members that are there: then it is lost. */
  #lose(members: readonly SimNode[], lost: SimNode): boolean {
    const there = new Set(members.filter((node) => node !== lost).map(({ id }) => id));
    const canLose =
      this.ports.canLoseReplica(new Set([...this.#doomed, lost.id])) &&
      members.every(({ raft }) =>
        raft.configurations.every(({ configuration }) =>
          isQuorum(electorates(configuration), (id) => there.has(id)),
        ),
      );
    if (canLose) this.#doomed.add(lost.id);
    return canLose;
  }
}

function changesFor(
  kind: 'remove' | 'replace',
  { id }: SimNode,
  { members }: Configuration,
): ConfigurationChange[] | null {
  const isVoter = members.some((member) => member.id === id && member.kind === 'voter');
  if (kind === 'remove') return members.length > 2 ? [{ kind: 'remove', id }] : null;
  const learner = members.find((member) => member.kind === 'learner' && member.id !== id);
  if (learner === undefined || !isVoter) return null;
  return [
    { kind: 'demote', id },
    { kind: 'promote', id: learner.id },
  ];
}

type PartitionKind = 'isolate' | 'split' | 'bridge' | 'ring' | 'one-way';

function leaderAmong(members: readonly SimNode[]): SimNode | undefined {
  return members.find(({ isUp, raft }) => isUp && raft.role === 'leader');
}

/** Between one member and all others. */
function cutAround(id: MemberId | undefined): Cut {
  return (from, to) => (from === id) !== (to === id);
}

/** Which directed links are cut, by the positions of the members. */
const SHAPES: Record<PartitionKind, (ids: readonly MemberId[], position: number, pick: number) => Cut> = {
  isolate: (ids, position) => cutAround(ids[position]),
  split: (ids, position) => {
    const half = Math.floor(ids.length / 2);
    const side = new Set(ids.map((_, offset) => ids[(position + offset) % ids.length]).slice(0, half));
    return (from, to) => side.has(from) !== side.has(to);
  },
  bridge: (ids, position) => {
    const others = ids.filter((_, other) => other !== position);
    const left = new Set(others.slice(0, Math.ceil(others.length / 2)));
    const isBridge = (id: MemberId): boolean => id === ids[position];
    return (from, to) => !isBridge(from) && !isBridge(to) && left.has(from) !== left.has(to);
  },
  /** Everyone sees a majority, and no two the same one. */
  ring: (ids, position) => (from, to) => {
    const distance = Math.abs(ids.indexOf(from) - ids.indexOf(to));
    const around = Math.min(distance, ids.length - distance);
    if (ids.length > 3) return around > Math.floor(ids.length / 4) + 1;
    const ends = [ids[position], ids[(position + 1) % ids.length]];
    return ends.includes(from) && ends.includes(to);
  },
  /** One member sends and does not hear, or hears and cannot send. */
  'one-way': (ids, position, pick) =>
    pick % 2 === 0 ? (_, to) => to === ids[position] : (from) => from === ids[position],
};
