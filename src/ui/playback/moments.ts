import type { FaultRule, MemberStatus, Role } from '../../api.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { firstAt } from '../../trace/first-at.ts';
import type { FirstRoles, LaneRole } from '../timeline/model.ts';
import type { LiveNode, PageView } from '../view.ts';

/** How the cluster stood, as this page knew it. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly members: readonly MemberStatus[];
  readonly rules: readonly FaultRule[];
  readonly states: PageView['nodes'];
  readonly nodes: readonly LiveNode[];
  readonly leader: string | null;
}

/** Moments closer together than this are one. */
const LEAST_MS = 100;
/** Five minutes and more. */
const MAX_MOMENTS = 4000;

const ROLES: Readonly<Partial<Record<string, Role>>> = {
  follower: 'follower',
  preCandidate: 'candidate',
  candidate: 'candidate',
  leader: 'leader',
};

export function momentOf({ status, rules, nodes, live }: PageView, at: number): Moment {
  return { at, members: status.members, rules, states: nodes, nodes: live.nodes, leader: status.leader };
}

/** What the page has shown, for whoever looks back. The newest is always the state as it is. */
export class Moments {
  readonly #moments: Moment[] = [];
  readonly #firstRoles = new Map<string, LaneRole>();

  add(moment: Moment): void {
    for (const { memberId, role } of moment.nodes)
      if (!this.#firstRoles.has(memberId)) this.#firstRoles.set(memberId, laneRole(role));
    const before = this.#moments.at(-2);
    if (before !== undefined && moment.at - before.at < LEAST_MS) this.#moments.pop();
    this.#moments.push(moment);
    if (this.#moments.length > MAX_MOMENTS) this.#moments.shift();
  }

  get first(): number | null {
    return this.#moments[0]?.at ?? null;
  }

  get firstRoles(): FirstRoles {
    return this.#firstRoles;
  }

  get last(): Moment | null {
    return this.#moments.at(-1) ?? null;
  }

  /** The newest that was no later than `at`, or the oldest there is. */
  before(at: number): Moment | null {
    const place = firstAt(this.#moments, (moment) => moment.at, at + 1e-6);
    return this.#moments[Math.max(0, place - 1)] ?? null;
  }

  /** As it stood at `at`: between two moments, the events say who became what. */
  at(at: number, events: readonly TraceEvent[]): Moment | null {
    const moment = this.before(at);
    if (moment === null) return null;
    const changed = new Map<string, LiveNode>();
    for (let place = firstAt(events, ({ time }) => time, moment.at); place < events.length; place += 1) {
      const event = events[place];
      if (event === undefined || event.time > at) break;
      const node = changed.get(event.node) ?? moment.nodes.find(({ memberId }) => memberId === event.node);
      const next = node === undefined ? null : after(node, event);
      if (next !== null) changed.set(event.node, next);
    }
    if (changed.size === 0) return moment;
    return { ...moment, nodes: moment.nodes.map((node) => changed.get(node.memberId) ?? node) };
  }
}

/** What an event changes of what is shown of its node; null: nothing. */
function after(node: LiveNode, event: TraceEvent): LiveNode | null {
  const { log } = node.detail;
  switch (event.kind) {
    case 'role':
      return { ...node, role: ROLES[event.role] ?? node.role, term: event.term };
    case 'commit':
      return withLog(node, { commitIndex: Math.max(log.commitIndex, event.to) });
    case 'apply':
      return withLog(node, { appliedIndex: Math.max(log.appliedIndex, event.to) });
    default:
      return null;
  }
}

function withLog(node: LiveNode, log: Partial<LiveNode['detail']['log']>): LiveNode {
  return { ...node, detail: { ...node.detail, log: { ...node.detail.log, ...log } } };
}

function laneRole(role: Role): LaneRole {
  if (role === 'joining') return 'unknown';
  return role;
}
