import type { TraceEvent } from '../../trace/event.ts';
import { groupOf, type Group } from './groups.ts';
import type { Span } from '../../api.ts';

type Node = TraceEvent['node'];
type RoleChange = Extract<TraceEvent, { readonly kind: 'role' }>;

export type LaneRole = RoleChange['role'] | 'learner' | 'stopped' | 'unknown';

/** For so long a node was the same. */
export interface RoleSpan extends Span {
  readonly role: LaneRole;
}

/** For so long something was wrong with a node, or with what it sent. */
export interface FaultSpan extends Span {
  readonly kind: 'rules' | 'paused' | 'asleep';
  readonly label: string;
}

/** One node's line. */
export interface Lane {
  readonly node: Node;
  readonly name: string;
  /** By time. */
  readonly events: readonly TraceEvent[];
  readonly roles: readonly RoleSpan[];
  readonly faults: readonly FaultSpan[];
}

/** A message from lane to lane; one that was dropped or held has no arrival. */
export interface Arrow {
  readonly event: TraceEvent;
  readonly group: Group;
  readonly from: number;
  readonly to: number;
  readonly sentAt: number;
  /** Null: it did not arrive. */
  readonly arrivedAt: number | null;
  readonly isHeld: boolean;
}

export interface TimelineModel {
  readonly lanes: readonly Lane[];
  /** By the time of their newest end. */
  readonly arrows: readonly Arrow[];
  readonly whole: Span;
}

/** What each node was before the first of its events. */
export type FirstRoles = ReadonlyMap<string, LaneRole>;

/** Names by node, of those that have a lane also before they have told anything. */
export type Members = ReadonlyMap<string, string>;

/** `events` by time. `until`: how far the picture reaches, at least. */
export function timelineModel(
  events: readonly TraceEvent[],
  firstRoles: FirstRoles,
  until = Number.NEGATIVE_INFINITY,
  members: Members = new Map(),
): TimelineModel {
  const from = events[0]?.time ?? (Number.isFinite(until) ? until - 1000 : 0);
  const whole = { from, to: Math.max(until, events.at(-1)?.time ?? 0, from + 1) };
  const byNode = new Map<Node, TraceEvent[]>([...members.keys()].map((node) => [node as Node, []]));
  const names = new Map<string, string>(members);
  for (const event of events) {
    const own = byNode.get(event.node);
    if (own === undefined) byNode.set(event.node, [event]);
    else own.push(event);
    if (event.name !== null) names.set(event.node, event.name);
  }
  const lanes = [...byNode]
    .map(([node, own]) => laneOf(node, names.get(node) ?? node.slice(0, 6), own, firstRoles, whole))
    .sort((a, b) => a.name.localeCompare(b.name));
  const at = new Map(lanes.map(({ node }, index) => [node, index]));
  const arrows = events.flatMap((event) => arrowOf(event, at) ?? []);
  return { lanes, arrows, whole };
}

function laneOf(
  node: Node,
  name: string,
  events: readonly TraceEvent[],
  firstRoles: FirstRoles,
  whole: Span,
): Lane {
  const roles: RoleSpan[] = [];
  const faults: FaultSpan[] = [];
  let since = whole.from;
  let role: LaneRole = firstRoles.get(node) ?? 'unknown';
  const become = (next: LaneRole, at: number): void => {
    if (next === role) return;
    if (at > since) roles.push({ from: since, to: at, role });
    [since, role] = [at, next];
  };
  const open = new Map<FaultSpan['kind'], { readonly from: number; readonly label: string }>();
  const close = (kind: FaultSpan['kind'], to: number): void => {
    const begun = open.get(kind);
    open.delete(kind);
    if (begun !== undefined) faults.push({ kind, ...begun, to });
  };
  for (const event of events) {
    const { time } = event;
    if (event.kind === 'role') become(event.role, time);
    if (event.kind === 'start') become('follower', time);
    if (event.kind === 'stop' || event.kind === 'removed') become('stopped', time);
    if (event.kind === 'paused') open.set('paused', { from: time, label: 'paused' });
    if (event.kind === 'resumed') close('paused', time);
    if (event.kind === 'gap')
      faults.push({ kind: 'asleep', from: time - event.ms, to: time, label: 'asleep' });
    if (event.kind === 'faults') {
      close('rules', time);
      if (event.own.length > 0) open.set('rules', { from: time, label: rulesText(event.own) });
    }
  }
  for (const kind of [...open.keys()]) close(kind, whole.to);
  // Of who has told nothing, nobody knows what it was since.
  if (events.length > 0) roles.push({ from: since, to: whole.to, role });
  return { node, name, events, roles, faults };
}

/** Both directions of what a preset has made are one. */
function rulesText(ids: readonly string[]): string {
  return [...new Set(ids.map((id) => id.replace(/:(in|out)$/, '')))].join(', ');
}

function arrowOf(event: TraceEvent, lanes: ReadonlyMap<Node, number>): Arrow | null {
  if (event.kind === 'receive') {
    const [from, to] = [lanes.get(event.from), lanes.get(event.node)];
    if (from === undefined || to === undefined || event.sentAt === null) return null;
    const { sentAt, time } = event;
    return { event, group: groupOf(event), from, to, sentAt, arrivedAt: time, isHeld: false };
  }
  if (event.kind !== 'proxy' || (event.act !== 'dropped' && event.act !== 'held' && event.act !== 'lost'))
    return null;
  const [from, to] = [lanes.get(event.node), lanes.get(event.to)];
  if (from === undefined || to === undefined) return null;
  const isHeld = event.act === 'held';
  return { event, group: groupOf(event), from, to, sentAt: event.time, arrivedAt: null, isHeld };
}
