import { RULES, type Rules, type Vote } from '../core/raft/rules.ts';
import { hearsQuorum } from '../core/raft/replication.ts';
import type { Raft } from '../core/raft/state.ts';
import type { Reader, Writer } from '../core/bytes.ts';
import { SessionMachine, type InnerMachine } from '../core/session/machine.ts';
import type { Entry } from '../core/raft/log-entry.ts';
import type { StoredRegisters } from '../core/abd/register.ts';
import { REGISTER_RULES, type RegisterRules } from '../core/abd/rules.ts';
import type { Disk } from '../runtime/disk.ts';
import type { Storage } from '../storage/storage.ts';
import type { Algorithm } from './schedule.ts';

/**
 * Known bugs of real implementations, each the smallest change that brings it back. Only the simulator
 * and the tests put them in; nothing in the product knows of them.
 */
export interface Mutant {
  readonly name: string;
  /** What is wrong, and where it was seen. */
  readonly bug: string;
  readonly rules?: (raft: () => Raft) => Partial<Rules>;
  readonly prepare?: (raft: Raft) => void;
  readonly storage?: (storage: Storage) => Storage;
  readonly disk?: (disk: Disk) => void;
  readonly machine?: (inner: InnerMachine) => SessionMachine;
  /** Of the registers: such a mutant is looked for in runs that use them. */
  readonly registerRules?: Partial<RegisterRules>;
  /** What a restarted replica finds in its storage. */
  readonly storedRegisters?: (stored: StoredRegisters) => StoredRegisters;
}

const isGranted = ({ granted }: Vote): boolean => granted;

/** The tail behind a conflict comes back as soon as the conflicting entry is overwritten. */
function keepTail(raft: Raft): void {
  const { log } = raft;
  const truncateFrom = log.truncateFrom.bind(log);
  const append = log.append.bind(log);
  let tail: Entry[] = [];
  log.truncateFrom = (index) => {
    tail = log.range(index + 1, log.lastIndex);
    truncateFrom(index);
  };
  log.append = (entry) => {
    append(entry);
    for (const old of tail.splice(0))
      if (old.index === log.lastIndex + 1) append({ ...old, term: entry.term });
  };
}

/** Reports a write as durable when the term is, and writes the vote afterwards. */
function splitVote(storage: Storage): Storage {
  return {
    load: () => storage.load(),
    loadRegisters: () => storage.loadRegisters(),
    close: () => storage.close(),
    write: async (batch) => {
      const { hardState } = batch;
      if (hardState === null) return storage.write(batch);
      await storage.write({ ...batch, hardState: { ...hardState, votedFor: null } });
      const nothing = { snapshot: null, compactTo: null, truncateFrom: null, entries: [] };
      // The next batch waits for it, as batches do; nobody else does.
      void storage.write({ ...nothing, hardState }).catch(() => undefined);
    },
  };
}

/** Group commit gone wrong: with each write, whatever came meanwhile is reported as well. */
function reportWaiting(disk: Disk): void {
  const write = disk.write.bind(disk);
  let waiting: (() => void)[] = [];
  disk.write = (batch, onDurable) => {
    waiting.push(onDurable);
    write(batch, () => {
      const told = waiting;
      waiting = [];
      for (const tell of told) tell();
    });
  };
}

class ForgetfulSessions extends SessionMachine {
  protected override recall(): undefined {
    return undefined;
  }
}

class SessionsWithoutSnapshot extends SessionMachine {
  protected override writeSessions(writer: Writer): void {
    writer.integer(0);
  }

  protected override readSessions(reader: Reader): void {
    reader.integer();
  }
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'commit-older-term',
    bug: 'commits an entry of an older term by counting replicas (Figure 8; PySyncObj#169)',
    rules: () => ({ mayCommit: (reached, _term, commitIndex) => reached > commitIndex }),
  },
  {
    name: 'vote-before-durable',
    bug: 'answers a vote before it is durable (raft.tla PR#5)',
    rules: () => ({
      durableBefore: (message) =>
        message.type === 'voteResponse' ? 'nothing' : RULES.durableBefore(message),
    }),
  },
  {
    name: 'term-and-vote-apart',
    bug: 'persists term and vote in two separate writes (hashicorp/raft#661)',
    storage: splitVote,
  },
  {
    name: 'forgets-vote',
    bug: 'forgets an earlier vote of the same term (akka-raft#56)',
    rules: (raft) => ({ hasVoteToGive: (votedFor) => votedFor !== raft().id }),
  },
  {
    name: 'counts-stale-vote',
    bug: 'counts a vote reply of a stale term (little-raft#44)',
    rules: () => ({ countsVote: () => true }),
  },
  {
    name: 'counts-vote-twice',
    bug: 'counts a duplicated vote twice',
    rules: (raft) => ({
      recordVote: (votes, vote) => [...votes, vote],
      isElected: (configuration, votes) =>
        RULES.electorates(configuration).every(
          (ids) =>
            votes.filter((vote) => isGranted(vote) && ids.includes(vote.voter)).length > ids.length / 2,
        ) && raft().role !== 'leader',
    }),
  },
  {
    name: 'leader-votes-again',
    bug: 'a leader grants a vote in its own term (daos-stack/raft#70)',
    rules: (raft) => ({
      hasVoteToGive: (votedFor, candidate) =>
        raft().role === 'leader' || RULES.hasVoteToGive(votedFor, candidate),
      isUpToDate: (candidate, own) => raft().role === 'leader' || RULES.isUpToDate(candidate, own),
    }),
  },
  {
    name: 'length-before-term',
    bug: 'compares log length before last term in the up-to-date check (openraft)',
    rules: () => ({
      isUpToDate: (candidate, own) =>
        candidate.lastIndex > own.lastIndex ||
        (candidate.lastIndex === own.lastIndex && candidate.lastTerm >= own.lastTerm),
    }),
  },
  {
    name: 'keeps-tail',
    bug: 'overwrites a conflicting entry but keeps the tail behind it (mofa#1151)',
    prepare: keepTail,
  },
  {
    name: 'commit-index-assigned',
    bug: 'assigns the commit index instead of taking the maximum (PySyncObj#166)',
    rules: () => ({ commitIndexAfterAppend: (_own, leader, matched) => Math.min(leader, matched) }),
  },
  {
    name: 'next-below-match',
    bug: 'lets next index fall to or below match index (PySyncObj#167)',
    rules: () => ({
      nextIndexAfterRejection: (_match, rejected, agreement) =>
        Math.max(1, Math.min(rejected, agreement + 1)),
    }),
  },
  {
    name: 'ack-before-durable',
    bug: 'a follower acknowledges entries before they are durable (yugabyte#32875)',
    rules: () => ({ durableBefore: () => 'term' }),
  },
  {
    name: 'own-write-not-awaited',
    bug: 'a leader counts itself before its own write is durable (etcd#14370)',
    rules: () => ({ ownMatchIndex: (_durable, last) => last }),
  },
  {
    name: 'reports-waiting-writes',
    bug: 'group commit: what waits for the write under way is reported as durable with it',
    disk: reportWaiting,
  },
  {
    name: 'early-read-index',
    bug: 'serves ReadIndex before an entry of the current term is committed (etcd#7331)',
    rules: () => ({ mayServeReads: () => true }),
  },
  {
    name: 'read-without-quorum',
    bug: 'serves a linearizable read without a quorum round (d-engine#381)',
    rules: () => ({ isReadConfirmed: () => true }),
  },
  {
    name: 'lease-read',
    bug: 'serves a lease read after a pause (etcd#6005)',
    rules: (raft) => ({
      isReadConfirmed: () => {
        const { leadership } = raft();
        return leadership !== null && hearsQuorum(raft(), leadership);
      },
    }),
  },
  {
    name: 'change-before-own-commit',
    bug: 'starts a configuration change before an entry of its term is committed (erratum of 2015)',
    rules: () => ({
      mayChangeConfiguration: (_committed, _term, index, commitIndex) => index <= commitIndex,
    }),
  },
  {
    name: 'half-a-joint-quorum',
    bug: 'counts only one half of a joint quorum (openraft)',
    rules: () => ({ electorates: (configuration) => RULES.electorates(configuration).slice(0, 1) }),
  },
  {
    name: 'pre-vote-deadlock',
    bug: 'pre-vote and check-quorum deadlock: an older leader is never told of the newer term (etcd#8243)',
    rules: () => ({ tellsOlderLeader: () => false }),
  },
  {
    name: 'raises-terms',
    bug: 'a removed or one-way-cut node raises terms for ever (hashicorp#524)',
    rules: () => ({ asksBeforeCampaign: () => false, isLoyal: () => false }),
  },
  {
    name: 'removed-leader-leads',
    bug: 'a removed leader keeps sending heartbeats (etcd#11038)',
    rules: () => ({ leavesWhenRemoved: () => false }),
  },
  {
    name: 'applies-twice',
    bug: 'a retried request is applied twice (dissertation §6.3)',
    machine: (inner) => new ForgetfulSessions(inner),
  },
  {
    name: 'sessions-not-in-snapshot',
    bug: 'sessions are missing from the snapshot (dissertation §6.3)',
    machine: (inner) => new SessionsWithoutSnapshot(inner),
  },
  {
    name: 'timeout-is-failure',
    bug: 'a timeout is reported as a definite failure (hashicorp#561)',
    rules: () => ({ isCertainlyUndone: () => true }),
  },
  {
    name: 'refused-is-failed',
    bug: 'a command that a leader refuses is reported as failed, and a copy of it is done later',
    rules: () => ({ staysPossible: () => false }),
  },
  {
    name: 'two-changes-at-once',
    bug: 'a configuration follows on one that is not committed yet (dissertation §4.1)',
    rules: () => ({ mayChangeConfiguration: (termAtCommitIndex, term) => termAtCommitIndex === term }),
  },
  {
    name: 'read-joins-round',
    bug: 'a read is confirmed by answers from before it came (dissertation §6.4)',
    rules: () => ({
      readsThatWait: ({ confirmedRound, readRound, roundReads, waitingReads }) =>
        confirmedRound < readRound ? roundReads : waitingReads,
    }),
  },
  {
    name: 'question-confirms-all',
    bug: 'a server that asks for a read confirms reads of others, which came after it had asked',
    rules: () => ({
      readsConfirmedByQuestion: ({ waitingReads, roundReads }) => [
        ...waitingReads.keys(),
        ...roundReads.keys(),
      ],
    }),
  },
  {
    name: 'read-counts-learners',
    bug: 'learners confirm that a leader still leads',
    rules: () => ({
      isReadConfirmed: ({ members }, has) =>
        members.filter(({ id }) => has(id)).length * 2 >
        members.filter(({ kind }) => kind === 'voter').length,
    }),
  },
  {
    name: 'abd-no-write-back',
    bug: 'a read does not write back what a minority holds',
    registerRules: { writesBack: () => false },
  },
  {
    name: 'abd-volatile-replica',
    bug: 'a replica acknowledges before it is durable',
    registerRules: { awaits: () => 0 },
  },
  {
    name: 'abd-no-query-phase',
    bug: 'a write picks its tag without asking (the Python system: a counter of its own)',
    registerRules: {
      nextTag: (_, writer, operation) => ({ counter: operation % 1000, writer, operation }),
    },
  },
  {
    name: 'abd-no-tie-break',
    bug: 'two writers that pick the same counter are not told apart (the Python system)',
    registerRules: { supersedes: (stored, held) => stored.counter > held.counter },
  },
  {
    name: 'abd-one-reply',
    bug: 'the first reply is enough',
    registerRules: { quorum: () => 1 },
  },
  {
    name: 'abd-counts-copies',
    bug: 'a reply that comes twice counts as two',
    registerRules: { nameOfAnswer: (from, answers) => `${from} ${answers}` },
  },
  {
    name: 'abd-overwrites',
    bug: 'a replica takes whatever it is sent, later or earlier',
    registerRules: { supersedes: () => true },
  },
  {
    name: 'abd-any-epoch',
    bug: 'a replica answers in epochs that have ended, or for which it is not ready',
    registerRules: { serves: () => true },
  },
  {
    name: 'abd-unsealed-transfer',
    bug: 'a replica goes on storing in an epoch that it has handed over',
    registerRules: { sealedOnTransfer: (sealed) => sealed },
  },
  {
    name: 'abd-transfer-from-one',
    bug: 'a new replica takes over from one of the old ones, not from a majority',
    registerRules: { transferQuorum: () => 1 },
  },
  {
    name: 'abd-no-transfer',
    bug: 'a new replica takes over nothing',
    registerRules: { transferQuorum: () => 0 },
  },
  {
    name: 'abd-new-tag',
    bug: 'a write that goes on in a new epoch gets another tag, and is seen twice',
    registerRules: { carriedOver: () => null },
  },
  {
    name: 'abd-timeout-is-failure',
    bug: 'a write that may have been stored is reported as failed',
    registerRules: { isUncertain: () => false },
  },
  {
    name: 'abd-amnesia',
    bug: 'a replica that restarts goes on as if it had never held anything',
    storedRegisters: ({ state }) => ({ state, registers: [] }),
  },
  {
    name: 'abd-reused-tags',
    bug: 'a writer that restarts uses a tag again: neither operation nor incarnation is part of it',
    registerRules: {
      nextTag: (known, writer) => ({ ...REGISTER_RULES.nextTag(known, writer, 0), operation: 0 }),
    },
  },
];

/** In whose runs it shows. */
export function algorithmOfMutant({ registerRules, storedRegisters }: Mutant): Algorithm {
  return registerRules === undefined && storedRegisters === undefined ? 'raft' : 'abd';
}

export function findMutant(name: string): Mutant | null {
  return MUTANTS.find((mutant) => mutant.name === name) ?? null;
}
