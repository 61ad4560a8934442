import type { SignalData } from 'simple-peer';
import * as v from 'valibot';
import { parseFaultRule } from '../config/schema.ts';
import type { FaultRule, LinkTraffic, NodeAction, Role } from '../api.ts';
import type { LogSummary, NodeDetail } from '../worker/contract.ts';

/**
 * What pages say to each other. All of it comes from tabs that know the cluster's secret, and is
 * parsed all the same: another tab may run another version, or be broken.
 */

const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,64}$/));
/** Also a count, or a token. */
const Version = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Payload = v.pipe(v.string(), v.maxLength(48 * 1024));
export const MAX_RULE_ENTRIES = 1024;

const Rule = v.custom<FaultRule>((input) => parseFaultRule(input).ok, 'expected a fault rule');

/** One rule in the replicated set; null: cleared. The higher version wins, then the higher author. */
const RuleEntrySchema = v.pipe(
  v.object({
    id: v.pipe(v.string(), v.maxLength(64)),
    version: Version,
    author: Id,
    rule: v.nullable(Rule),
  }),
  // Under another id than its own a rule could never be cleared.
  v.check(({ id, rule }) => rule === null || rule.id === id, 'expected the rule’s own id'),
);
export type RuleEntry = v.InferOutput<typeof RuleEntrySchema>;

const ROLES = [
  'follower',
  'candidate',
  'leader',
  'learner',
  'joining',
  'stopped',
] as const satisfies readonly Role[];

export const NODE_STATES = ['running', 'paused', 'stopped'] as const;
/** What one page may ask of another: calls of its `window.tabraft`. Those of `node` are for the node it runs. */
export const CALL_METHODS = [
  'raft.get',
  'raft.transact',
  'raft.openSession',
  'raft.removeMember',
  'abd.get',
  'abd.put',
  'ping',
  'trace.page',
  'node.pause',
  'node.resume',
  'node.restart',
  'node.crash',
  'node.campaign',
  'node.wipe',
] as const satisfies readonly (
  `${'raft' | 'abd'}.${string}` | 'ping' | 'trace.page' | `node.${NodeAction}`
)[];
export type CallMethod = (typeof CALL_METHODS)[number];
const MAX_ARGUMENTS = 4;
const MAX_LINKS = 128;
export const MAX_PROBLEM_LENGTH = 4096;
/** Of a trace, in characters. */
const MAX_PAGE_LENGTH = 256 * 1024;

const LinkTrafficSchema = v.object({
  peer: Id,
  sent: Version,
  received: Version,
  dropped: Version,
  delayed: Version,
  held: Version,
  duplicated: Version,
  reordered: Version,
  lost: Version,
}) satisfies v.GenericSchema<LinkTraffic>;

/** Short and plain: it stands in the row of a member, among what this page says itself. */
const Words = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,23}$/));
/** What a page says about where it runs. */
const DeviceSchema = v.object({ browser: Words, system: Words });
export type Device = v.InferOutput<typeof DeviceSchema>;

/** What the call resolved with. Null: nothing. */
const AnswerSchema = v.nullable(
  v.union([
    v.object({ outcome: v.literal('ok'), value: v.nullable(v.string()) }),
    v.object({ outcome: v.literal('ok'), index: Version, term: Version }),
    v.object({ outcome: v.literal('ok'), session: Version }),
    v.object({ outcome: v.picklist(['failed', 'unknown']), reason: v.string(), code: v.string() }),
    v.object({ ok: v.literal(true), rttMs: v.number() }),
    v.object({ ok: v.literal(false), reason: v.string() }),
    v.object({ lines: v.pipe(v.string(), v.maxLength(MAX_PAGE_LENGTH)), next: v.nullable(Version) }),
  ]),
);
export type CallAnswer = v.InferOutput<typeof AnswerSchema>;

const Name = v.pipe(v.string(), v.maxLength(64));
const Index = Version;
const MAX_TERM_RUNS = 64;
const MAX_LINES_LENGTH = 64 * 1024;

const LogSchema = v.object({
  first: Index,
  last: Index,
  snapshotIndex: Index,
  commitIndex: Index,
  appliedIndex: Index,
  durableIndex: Index,
  terms: v.pipe(v.array(v.tuple([Index, Index])), v.maxLength(MAX_TERM_RUNS)),
}) satisfies v.GenericSchema<LogSummary>;

const DetailSchema = v.object({
  votedFor: v.nullable(Name),
  timer: v.nullable(v.object({ elapsedMs: v.number(), timeoutMs: v.number() })),
  log: LogSchema,
  progress: v.pipe(
    v.array(
      v.object({
        name: Name,
        state: v.picklist(['probe', 'replicate', 'snapshot']),
        matchIndex: Index,
        nextIndex: Index,
      }),
    ),
    v.maxLength(MAX_LINKS),
  ),
}) satisfies v.GenericSchema<NodeDetail>;

const ControlSchema = v.variant('type', [
  /** First on every connection: which member this page runs. */
  v.object({ type: v.literal('hello'), memberId: Id }),
  /** Fault rules that the sender knows; `token` comes back once they are in force. */
  v.object({
    type: v.literal('rules'),
    token: Version,
    entries: v.pipe(v.array(RuleEntrySchema), v.maxLength(MAX_RULE_ENTRIES)),
  }),
  v.object({ type: v.literal('rules-ack'), token: Version }),
  /** The sender wants a report. */
  v.object({ type: v.literal('ask') }),
  /** How the sender's node is, and what became of its messages. */
  v.object({
    type: v.literal('report'),
    state: v.picklist(NODE_STATES),
    traffic: v.pipe(v.array(LinkTrafficSchema), v.maxLength(MAX_LINKS)),
    /** The consistency test that the sender runs. */
    test: v.nullable(v.pipe(v.string(), v.maxLength(64))),
    /** Null from a page that does not tell. */
    device: v.optional(v.nullable(DeviceSchema), null),
  }),
  /** For a while, the sender wants to see what the receiver's node does. */
  v.object({ type: v.literal('watch'), after: Version }),
  /** What it does: how it stands, and some of its newest events as JSON lines. */
  v.object({
    type: v.literal('live'),
    role: v.picklist(ROLES),
    term: Version,
    leader: v.nullable(Name),
    detail: DetailSchema,
    /** Of the events behind number `after`, up to `last`. */
    lines: v.pipe(v.string(), v.maxLength(MAX_LINES_LENGTH)),
    skipped: Version,
    after: Version,
    last: Version,
  }),
  /** `token` comes back with the answer. */
  v.object({
    type: v.literal('call'),
    token: Version,
    method: v.picklist(CALL_METHODS),
    args: v.pipe(v.array(v.unknown()), v.maxLength(MAX_ARGUMENTS)),
  }),
  v.object({
    type: v.literal('answer'),
    token: Version,
    answer: AnswerSchema,
    /** What the call threw, in place of an answer. */
    problem: v.nullable(v.pipe(v.string(), v.maxLength(MAX_PROBLEM_LENGTH))),
  }),
  /** Signaling by way of a third tab, where the server cannot be reached. `payload` is sealed. */
  v.object({ type: v.literal('relay'), from: Id, to: Id, payload: Payload }),
]);
export type ControlMessage = v.InferOutput<typeof ControlSchema>;

const SignalSchema = v.variant('type', [
  /** A piece of the WebRTC handshake number `attempt`, which the dialling side names. */
  v.object({
    type: v.literal('signal'),
    attempt: Id,
    data: v.custom<SignalData>(
      (input) => typeof input === 'object' && input !== null && 'type' in input,
      'expected a session description or a candidate',
    ),
  }),
  /** The side that does not dial has no connection and asks for one. */
  v.object({ type: v.literal('dial-me') }),
]);
export type SignalMessage = v.InferOutput<typeof SignalSchema>;

const LocalSchema = v.variant('type', [
  /** I am here; `to` null asks everyone to answer. */
  v.object({ type: v.literal('here'), from: Id, to: v.nullable(Id) }),
  /** WebRTC finds no path: let us talk within this browser, as link `link`. */
  v.object({ type: v.literal('open'), from: Id, to: Id, link: Id }),
  v.object({ type: v.literal('accept'), from: Id, to: Id, link: Id }),
  v.object({ type: v.literal('close'), from: Id, to: Id, link: Id }),
  v.object({ type: v.literal('control'), from: Id, to: Id, link: Id, text: v.string() }),
]);
export type LocalMessage = v.InferOutput<typeof LocalSchema>;

export function parseControl(text: string): ControlMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const result = v.safeParse(ControlSchema, json);
  return result.success ? result.output : null;
}

export function parseSignal(value: unknown): SignalMessage | null {
  const result = v.safeParse(SignalSchema, value);
  return result.success ? result.output : null;
}

export function parseLocal(value: unknown): LocalMessage | null {
  const result = v.safeParse(LocalSchema, value);
  return result.success ? result.output : null;
}
