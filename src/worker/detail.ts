import type { MemberId } from '../core/ids.ts';
import { findMember } from '../core/raft/configuration.ts';
import type { RaftLog } from '../core/raft/log.ts';
import { configurationInForce, snapshotIndex, type Raft } from '../core/raft/state.ts';
import type { LogSummary, NodeDetail } from './contract.ts';

/** Of a log, in a summary; what is older has the term of nobody's concern. */
const MAX_TERM_RUNS = 64;

type NameOf = (id: MemberId) => string | null;

/**
 * What a reader of the paper asks of a server: Figure 2, as far as it is worth a look. `untoldTicks`: those that have
 * passed without the core having been told.
 */
export function detailOf(raft: Raft, untoldTicks: number, nameOf: NameOf): NodeDetail {
  const { votedFor, leadership } = raft;
  const named = (id: MemberId): string => nameOf(id) ?? id;
  return {
    votedFor: votedFor === null ? null : named(votedFor),
    timer: timerOf(raft, untoldTicks),
    log: summaryOf(raft),
    progress: [...(leadership?.progress ?? [])].map(([id, { state, matchIndex, nextIndex }]) => ({
      name: named(id),
      state,
      matchIndex,
      nextIndex,
    })),
  };
}

/** Only who may be elected has one, and who leads has no use for it. */
function timerOf(raft: Raft, untoldTicks: number): NodeDetail['timer'] {
  const isVoter = findMember(configurationInForce(raft).configuration, raft.id)?.kind === 'voter';
  if (!isVoter || raft.leadership !== null) return null;
  const { electionElapsedTicks, electionTimeoutTicks, options } = raft;
  return {
    elapsedMs: (electionElapsedTicks + untoldTicks) * options.tickMs,
    timeoutMs: electionTimeoutTicks * options.tickMs,
  };
}

function summaryOf(raft: Raft): LogSummary {
  const { log, commitIndex, appliedIndex, durableIndex } = raft;
  return {
    first: log.firstIndex,
    last: log.lastIndex,
    snapshotIndex: snapshotIndex(raft),
    commitIndex,
    appliedIndex,
    durableIndex,
    terms: termRuns(log),
  };
}

/** Terms never fall along a log, so that each run's begin is found by halving. */
function termRuns(log: RaftLog): [number, number][] {
  const runs: [number, number][] = [];
  let last = log.lastIndex;
  while (last >= log.firstIndex && runs.length < MAX_TERM_RUNS) {
    const term = log.termAt(last) ?? 0;
    let [low, high] = [log.firstIndex, last];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((log.termAt(middle) ?? 0) < term) low = middle + 1;
      else high = middle;
    }
    runs.unshift([low, term]);
    last = low - 1;
  }
  return runs;
}
