import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import {
  applyChanges,
  electorates,
  isQuorum,
  leaveJoint,
  quorumIndex,
  voters,
} from '../../src/core/raft/configuration.ts';
import { crc32 } from '../../src/core/raft/checksum.ts';
import type { Configuration, Entry, Member } from '../../src/core/raft/log-entry.ts';
import { RaftLog } from '../../src/core/raft/log.ts';
import { CHANGE_KINDS } from '../../src/core/raft/message.ts';
import * as progressOf from '../../src/core/raft/progress.ts';
import { id } from '../support/core-cluster.ts';

/** Quorums, the log and the replication window beside models so dumb that they must be right. */

const NAMES = ['A', 'B', 'C', 'D', 'E', 'F'];
const IDS = NAMES.map(id);

const members: fc.Arbitrary<Member[]> = fc
  .uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 })
  .chain((names) =>
    fc
      .tuple(...names.map(() => fc.constantFrom<Member['kind']>('voter', 'voter', 'learner')))
      .map((kinds) =>
        names.map((name, position) => ({ id: id(name), name, kind: kinds[position] ?? 'voter' })),
      ),
  )
  .filter((list) => list.some(({ kind }) => kind === 'voter'));
const simple: fc.Arbitrary<Configuration> = members.map((list) => ({
  members: list,
  outgoing: null,
  namesAssigned: 6,
}));
const anyConfiguration: fc.Arbitrary<Configuration> = fc
  .tuple(members, fc.option(members))
  .map(([list, outgoing]) => ({ members: list, outgoing, namesAssigned: 6 }));

const votersIn = (list: readonly Member[]): MemberId[] =>
  list.filter(({ kind }) => kind === 'voter').map((member) => member.id);
/** By counting, one list after the other. */
const hasMajority = (list: readonly Member[], agreed: ReadonlySet<MemberId>): boolean =>
  votersIn(list).filter((voter) => agreed.has(voter)).length * 2 > votersIn(list).length;
const dumbQuorum = ({ members: list, outgoing }: Configuration, agreed: ReadonlySet<MemberId>): boolean =>
  hasMajority(list, agreed) && (outgoing === null || hasMajority(outgoing, agreed));
const everySubset = (): Set<MemberId>[] =>
  Array.from(
    { length: 2 ** IDS.length },
    (_, bits) => new Set(IDS.filter((__, at) => ((bits >> at) & 1) === 1)),
  );

describe('quorums', () => {
  it('are majorities of each electorate, whoever agrees', () => {
    fc.assert(
      fc.property(anyConfiguration, (configuration) => {
        for (const agreed of everySubset()) {
          const found = isQuorum(electorates(configuration), (member) => agreed.has(member));
          expect(found).toBe(dumbQuorum(configuration, agreed));
        }
      }),
    );
  });

  it('have reached the highest index that some quorum has', () => {
    const indexes = fc.array(fc.nat(9), { minLength: IDS.length, maxLength: IDS.length });
    fc.assert(
      fc.property(anyConfiguration, indexes, (configuration, matched) => {
        const matchOf = (member: MemberId): number => matched[IDS.indexOf(member)] ?? 0;
        let highest = 0;
        for (let index = 0; index <= 9; index += 1) {
          if (dumbQuorum(configuration, new Set(IDS.filter((member) => matchOf(member) >= index))))
            highest = index;
        }
        expect(quorumIndex(electorates(configuration), matchOf)).toBe(highest);
      }),
    );
  });

  it('of two configurations that follow on each other always overlap', () => {
    const change = fc.record({ kind: fc.constantFrom(...CHANGE_KINDS), id: fc.constantFrom(...IDS) });
    fc.assert(
      fc.property(simple, fc.array(change, { minLength: 1, maxLength: 4 }), (before, changes) => {
        const changed = applyChanges(before, changes, []);
        if (!changed.ok) return;
        const steps = [before, changed.configuration];
        if (changed.configuration.outgoing !== null) steps.push(leaveJoint(changed.configuration));
        for (const [position, next] of steps.entries()) {
          const previous = steps[position - 1];
          if (previous === undefined) continue;
          for (const agreed of everySubset()) {
            const others = new Set(IDS.filter((member) => !agreed.has(member)));
            expect(dumbQuorum(previous, agreed) && dumbQuorum(next, others)).toBe(false);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a change is what a set of members makes of it, and joint only if more than one voter moves', () => {
    const change = fc.record({ kind: fc.constantFrom(...CHANGE_KINDS), id: fc.constantFrom(...IDS) });
    fc.assert(
      fc.property(simple, fc.array(change, { maxLength: 4 }), (before, changes) => {
        const model = new Map(before.members.map((member) => [member.id, member.kind]));
        let isRefused = changes.length === 0;
        for (const { kind, id: member } of changes) {
          const present = model.get(member);
          isRefused ||= kind === 'add-learner' ? present !== undefined : present === undefined;
          isRefused ||=
            (kind === 'promote' && present === 'voter') || (kind === 'demote' && present === 'learner');
          if (kind === 'remove') model.delete(member);
          else model.set(member, kind === 'promote' ? 'voter' : 'learner');
        }
        isRefused ||= ![...model.values()].includes('voter');
        const changed = applyChanges(before, changes, []);
        expect(changed.ok).toBe(!isRefused);
        if (!changed.ok) return;
        expect(new Map(changed.configuration.members.map((member) => [member.id, member.kind]))).toEqual(
          model,
        );
        const [was, is] = [new Set(voters(before)), new Set(voters(changed.configuration))];
        const moved = IDS.filter((member) => was.has(member) !== is.has(member)).length;
        expect(changed.configuration.outgoing !== null).toBe(moved > 1);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the log', () => {
  type Step =
    | { readonly do: 'append'; readonly count: number; readonly newer: number }
    | { readonly do: 'truncate' | 'compact'; readonly at: number }
    | { readonly do: 'reset'; readonly ahead: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant('append' as const), count: fc.nat(5), newer: fc.nat(2) }),
    fc.record({ do: fc.constantFrom('truncate' as const, 'compact' as const), at: fc.nat(20) }),
    fc.record({ do: fc.constant('reset' as const), ahead: fc.nat(5) }),
  );
  const command = (length: number): Entry['payload'] => ({
    kind: 'command',
    command: new Uint8Array(length),
    timeMs: 0,
  });

  it('is what a list with a beginning is', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const log = new RaftLog([]);
        let base = { index: 0, term: 0 };
        let model: Entry[] = [];
        let term = 1;
        const lastIndex = (): number => base.index + model.length;
        for (const one of steps) {
          if (one.do === 'append') {
            term += one.newer;
            for (let count = 0; count < one.count; count += 1) {
              const entry = { index: lastIndex() + 1, term, payload: command(count) };
              log.append(entry);
              model = [...model, entry];
            }
          } else if (one.do === 'reset') {
            base = { index: lastIndex() + one.ahead, term };
            model = [];
            log.reset(base);
          } else if (one.at > base.index && one.at <= lastIndex()) {
            if (one.do === 'truncate') {
              log.truncateFrom(one.at);
              model = model.filter(({ index }) => index < one.at);
            } else {
              log.compactTo(one.at);
              base = { index: one.at, term: model.find(({ index }) => index === one.at)?.term ?? 0 };
              model = model.filter(({ index }) => index > one.at);
            }
          }
          expect([log.firstIndex, log.lastIndex]).toEqual([base.index + 1, lastIndex()]);
          expect(log.lastTerm).toBe(model.at(-1)?.term ?? base.term);
          expect(log.range(0, 100)).toEqual(model);
          for (let index = 0; index <= lastIndex() + 1; index += 1) {
            const expected =
              index === base.index ? base.term : model.find((entry) => entry.index === index)?.term;
            expect(log.termAt(index)).toBe(expected ?? null);
            const agreed = [...model]
              .reverse()
              .find((entry) => entry.index <= index && entry.term <= term - 1);
            if (index > base.index)
              expect(log.lastPossibleAgreement(index, term - 1)).toBe(agreed?.index ?? base.index);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('hands out as much as fits, and one entry at least', () => {
    const sizes = fc.array(fc.nat(100), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.nat(500), fc.nat(11), (lengths, maxBytes, skip) => {
        const entries = lengths.map((length, position) => ({
          index: position + 1,
          term: 1,
          payload: command(length),
        }));
        const from = Math.min(skip, lengths.length - 1) + 1;
        const batch = new RaftLog(entries).batch(from, maxBytes);
        const bytes = (list: readonly Entry[]): number =>
          list.reduce(
            (sum, { payload }) => sum + 24 + (payload.kind === 'command' ? payload.command.length : 0),
            0,
          );
        expect(batch).toEqual(entries.slice(from - 1, from - 1 + batch.length));
        expect(batch.length).toBeGreaterThan(0);
        if (batch.length > 1) expect(bytes(batch)).toBeLessThanOrEqual(maxBytes);
        const next = entries[from - 1 + batch.length];
        if (next !== undefined) expect(bytes([...batch, next])).toBeGreaterThan(maxBytes);
      }),
    );
  });
});

describe('the replication window', () => {
  it('keeps next above match, counts its bytes, and never overfills', () => {
    const window = { maxInflightAppends: 4, maxInflightBytes: 300 };
    const step = fc.oneof(
      fc.record({
        do: fc.constant('send' as const),
        entries: fc.integer({ min: 1, max: 5 }),
        bytes: fc.integer({ min: 1, max: 200 }),
      }),
      fc.record({
        do: fc.constantFrom('accept' as const, 'reject' as const, 'forget' as const),
        at: fc.nat(40),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const progress = progressOf.createProgress(1, 0);
        let highest = 0;
        for (const one of steps) {
          if (one.do === 'send') {
            if (progressOf.isPaused(progress, window)) continue;
            const last = progress.nextIndex - 1 + one.entries;
            highest = Math.max(highest, last);
            progressOf.recordSent(progress, last, one.bytes);
          } else if (one.do === 'accept') progressOf.recordAccepted(progress, Math.min(one.at, highest));
          else if (one.do === 'forget') progressOf.forgetOldestInflight(progress);
          else if (!progressOf.isStaleRejection(progress, one.at))
            progressOf.backToProbe(progress, Math.max(progress.matchIndex + 1, one.at));
          const { inflight, inflightBytes, matchIndex, nextIndex, state } = progress;
          expect(nextIndex).toBeGreaterThan(matchIndex);
          expect(inflightBytes).toBe(inflight.reduce((sum, { bytes }) => sum + bytes, 0));
          expect(inflight.length).toBeLessThanOrEqual(4);
          expect(inflightBytes).toBeLessThan(300 + 200);
          if (state !== 'replicate') expect(inflight).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

it('the checksum is the CRC-32 that everybody knows', () => {
  const of = (text: string): string => crc32(new TextEncoder().encode(text)).toString(16);
  expect([of(''), of('123456789'), of('The quick brown fox jumps over the lazy dog')]).toEqual([
    '0',
    'cbf43926',
    '414fa339',
  ]);
  /** Its definition, bit by bit. */
  const defined = (bytes: Uint8Array): number => {
    let value = 0xffffffff;
    for (const byte of bytes) {
      value ^= byte;
      for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    }
    return ~value >>> 0;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(crc32(bytes)).toBe(defined(bytes));
    }),
  );
});
