import type { FaultRule, LinkCounters, Role, Status, Tabraft, TestReport } from '../api.ts';
import type { CheckResult } from '../check/linearizability.ts';
import type { TraceVerdict } from '../check/trace-invariants.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { NodeDetail, StatesExcerpt } from '../worker/contract.ts';

/**
 * What the whole page says about this node, worst first:
 * `removed` the cluster goes on without it; `stopped` it cannot go on; `crashed` the same, and on purpose; `starting` its database is being opened; `joining` it looks for the
 * cluster or waits to be added; `no-quorum` a member, but no leader can commit; `alone` a cluster of
 * one; `ready` a leader is known.
 */
export type Phase =
  'starting' | 'joining' | 'alone' | 'ready' | 'no-quorum' | 'stopped' | 'crashed' | 'removed';

/** It does nothing any more. */
export function hasEnded(phase: Phase): boolean {
  return phase === 'stopped' || phase === 'crashed' || phase === 'removed';
}

/**
 * It follows nobody, though it reaches a majority: an election is under way, or what a leader says is lost on its way
 * here. Then the others may well have a quorum.
 */
export function hearsNoLeader({ phase, status: { role, members, memberId } }: PageView): boolean {
  const voters = members.filter(({ kind }) => kind === 'voter');
  const { length: reached } = voters.filter(({ id, reachable }) => reachable || id === memberId);
  return phase === 'no-quorum' && role !== 'leader' && 2 * reached > voters.length;
}

export interface SignalingView {
  state: 'connecting' | 'connected' | 'lost';
  url: string;
  /** A sentence, where there is something to say (why it was lost, what was refused). */
  detail: string | null;
}

/** One line for the person at the page: an election, a member that came or went, an error. */
export interface Notice {
  id: number;
  /** Milliseconds since the epoch. */
  time: number;
  level: 'info' | 'warning' | 'error';
  text: string;
}

/** A consistency test of this page, running while `report` is null. */
export interface TestView {
  name: string;
  algorithm: 'raft' | 'abd';
  seed: number;
  steps: readonly string[];
  /** `fraction` from 0 to 1. */
  progress: { readonly fraction: number; readonly text: string };
  isCancelling: boolean;
  report: TestReport | null;
  /** The checker's findings, for the picture. */
  check: CheckResult | null;
}

/** One step of a lesson: what was told of it and, once it was, what was seen. */
export interface LessonStepView {
  readonly tell: string;
  readonly seen: string | null;
}

/** What a lesson waits for now. */
export type LessonMoment =
  /** For the reader, to let the newest step happen. */
  | { readonly kind: 'ready'; readonly button: string }
  | { readonly kind: 'busy'; readonly text: string }
  /** For the reader's answer. `wrong`: what was answered last, and why that was not it. */
  | {
      readonly kind: 'asking';
      readonly options: readonly string[];
      readonly wrong: { readonly option: number; readonly text: string } | null;
    }
  /** `missed`: what it is about was not seen. */
  | { readonly kind: 'over'; readonly end: 'done' | 'missed' | 'left'; readonly text: string };

/** A lesson of this page, under way or over. */
export interface LessonView {
  readonly name: string;
  readonly steps: readonly LessonStepView[];
  readonly now: LessonMoment;
  /** The reader has given the right answer. */
  readonly isAnswered: boolean;
}

/** What the reader of a lesson does. */
export type LessonAct =
  | { readonly do: 'begin'; readonly name: string }
  | { readonly do: 'go-on' | 'leave' }
  | { readonly do: 'answer'; readonly option: number };

/** How a node stood when it last told. */
export interface LiveNode {
  readonly memberId: string;
  readonly role: Role;
  readonly term: number;
  readonly leader: string | null;
  readonly detail: NodeDetail;
  /** When that came, milliseconds since the epoch. */
  readonly at: number;
}

/** `gone`: no tab of it tells. */
export type NodeState = 'running' | 'paused' | 'stopped' | 'gone';

export function stateOf(nodes: PageView['nodes'], name: string): NodeState {
  return nodes.find((node) => node.name === name)?.state ?? 'gone';
}

/** Nobody is in. */
export function isAway(state: NodeState): boolean {
  return state === 'stopped' || state === 'gone';
}

/** What all nodes do, while this page looks. */
export interface LiveView {
  readonly nodes: readonly LiveNode[];
  /** By time; the oldest are given up for the newest. */
  readonly events: readonly TraceEvent[];
  /** How many were not told, since there were too many. */
  readonly skipped: number;
  /** What these events say of Raft's promises. */
  readonly verdicts: readonly TraceVerdict[];
}

/** The page is a function of this. A new object whenever anything has changed. */
export interface PageView {
  phase: Phase;
  /** Why the phase is what it is, in a sentence for people; null where the phase says it all. */
  phaseDetail: string | null;
  paused: boolean;
  /** A learner that this page has seen as a voter: while it was away, another member has taken its vote. */
  isReplaced: boolean;
  status: Status;
  signaling: SignalingView;
  rules: FaultRule[];
  /** Every directed link between members. */
  links: LinkCounters[];
  /** How each member's node is. */
  nodes: { name: string; state: NodeState }[];
  /** Where each member's page runs; `text` is what it says itself, null: it has not told. */
  devices: { memberId: string; text: string | null; isThisBrowser: boolean }[];
  /** The page's address with the cluster's secret in its fragment. */
  joinLink: string;
  /** Newest last, at most 200. */
  notices: Notice[];
  /** How many voters the cluster wants. */
  targetVoters: number;
  /** The last test of this page; null: there was none. */
  test: TestView | null;
  /** The last lesson of this page; null: there was none. */
  lesson: LessonView | null;
  live: LiveView;
}

/** What components may ask for. The controller behind it is the only one that talks to the worker. */
export interface PageController {
  readonly view: PageView;
  /** Calls back after changes of `view`, some ten times a second; returns the unsubscriber. */
  subscribe(listener: () => void): () => void;
  readonly api: Tabraft;
  /**
   * Of what this tab's node holds, the first `limit` keys that contain `filter`, each with at most `valueLength`
   * characters of its value. Rejects where it cannot be read.
   */
  excerpt(filter: string, limit: number, valueLength: number): Promise<StatesExcerpt>;
  /** Leaves this member and creates a cluster of its own. */
  newCluster(): Promise<void>;
  /** What comes of it is part of the view. */
  lesson(act: LessonAct): void;
}
