import type { MemberId } from '../ids.ts';
import { isVoter } from './configuration.ts';
import { forceCampaign } from './election.ts';
import type { OperationResult, TimeoutNow } from './message.ts';
import {
  answer,
  configurationInForce,
  send,
  trace,
  type Leadership,
  type Origin,
  type Raft,
} from './state.ts';

/**
 * Leadership transfer (dissertation §3.10): the leader takes no more operations, brings the target up
 * to its own log, and tells it to campaign. If nothing came of it after an election timeout, the leader
 * goes on.
 */
export function beginTransfer(raft: Raft, origin: Origin, to: MemberId): void {
  const refusal = refuseTransfer(raft, to);
  if (refusal !== null) {
    answer(raft, origin, {
      outcome: 'failed',
      code: 'transfer-failed',
      reason: `Nothing was done: ${refusal}.`,
    });
  } else if (to === raft.id) {
    answer(raft, origin, transferred(raft));
  } else {
    const deadlineTick = raft.ticks + raft.options.electionTimeoutTicks[0];
    raft.transfer = { to, origin, term: raft.term, deadlineTick, isSent: false };
    trace(raft, { kind: 'transfer', to, outcome: 'begun' });
  }
}

function refuseTransfer(raft: Raft, to: MemberId): string | null {
  if (raft.transfer !== null) return 'another transfer is under way';
  const { configuration } = configurationInForce(raft);
  return isVoter(configuration, to) ? null : 'only a voter can lead';
}

function transferred(raft: Raft): OperationResult {
  return { outcome: 'ok', index: raft.log.lastIndex, term: raft.term, value: new Uint8Array() };
}

/** The end of each leader's turn: once the target has the whole log, it is told. */
export function advanceTransfer(raft: Raft, leadership: Leadership): void {
  const { transfer } = raft;
  if (transfer === null || transfer.isSent || transfer.term !== raft.term) return;
  if (leadership.progress.get(transfer.to)?.matchIndex !== raft.log.lastIndex) return;
  transfer.isSent = true;
  send(raft, { type: 'timeoutNow', from: raft.id, to: transfer.to, term: raft.term });
}

/** Called when somebody is found to lead a later term than the transfer's. */
export function settleTransfer(raft: Raft): void {
  const { transfer } = raft;
  if (transfer === null || raft.leader === null || raft.term <= transfer.term) return;
  raft.transfer = null;
  if (raft.leader === transfer.to) {
    trace(raft, { kind: 'transfer', to: transfer.to, outcome: 'done' });
    answer(raft, transfer.origin, transferred(raft));
  } else {
    giveUp(raft, transfer, 'Another member was elected meanwhile.');
  }
}

export function expireTransfer(raft: Raft): void {
  const { transfer } = raft;
  if (transfer === null || raft.ticks < transfer.deadlineTick) return;
  raft.transfer = null;
  giveUp(raft, transfer, 'It did not take over in time.');
}

function giveUp(raft: Raft, transfer: NonNullable<Raft['transfer']>, reason: string): void {
  trace(raft, { kind: 'transfer', to: transfer.to, outcome: 'given-up' });
  const outcome = transfer.isSent ? 'unknown' : 'failed';
  answer(raft, transfer.origin, { outcome, code: 'transfer-failed', reason });
}

/** Only from the leader of this very term: a late one must not depose a later leader. */
export function handleTimeoutNow(raft: Raft, message: TimeoutNow): void {
  if (raft.leader === message.from) forceCampaign(raft);
}
