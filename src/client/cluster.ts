import type { FaultRule, LinkCounters, NodeAction, Status } from '../api.ts';
import { endpointOf, type Endpoint, type Method } from './endpoint.ts';

/** What can be done to a member: to its node and, where the browser is in our hands, to its tab. */
export type MemberAction =
  | NodeAction
  | 'reload'
  /** Stopped dead, page and worker, until `thaw`. */
  | 'freeze'
  | 'thaw'
  /** The tab's process dies, until `open-tab`. */
  | 'kill-tab'
  | 'open-tab'
  /** All tabs at once, which are opened again. */
  | 'kill-browser';

/** The way to a cluster of tabs: from within one of them, or from outside, through the browser. */
export interface ClusterPort {
  /** As some member sees it whose tab is there. Rejects where there is none. */
  status(): Promise<Status>;
  /** Has the member's tab do it. Rejects only for misuse. */
  call(member: string, method: Method, args: readonly unknown[]): Promise<unknown>;
  /** Adds or replaces rules, in all tabs. */
  setRules(rules: readonly FaultRule[]): Promise<void>;
  /** Those of them that are there. */
  clearRules(ids: readonly string[]): Promise<void>;
  /** As the tabs know them; a link may be there more than once. */
  links(): Promise<LinkCounters[]>;
  /** Rejects where it cannot be done. */
  act(action: MemberAction, member: string): Promise<void>;
}

/** The same, with an endpoint for each member. */
export class Cluster {
  constructor(readonly port: ClusterPort) {}

  member(name: string): Endpoint {
    return endpointOf((method, args) => this.port.call(name, method, args));
  }
}

/**
 * Null once all is well: every voter within reach, a leader known, and the registers where the voters are. Else
 * what is still missing.
 */
export function unsettled({ members, leader, registers }: Status, voters: number): string | null {
  const wanted = members.filter(({ kind }) => kind === 'voter');
  const away = wanted.filter(({ reachable }) => !reachable).map(({ name }) => name);
  if (wanted.length < voters) return `${wanted.length} of ${voters} voters are there`;
  if (away.length > 0) return `${away.join(', ')} cannot be reached`;
  if (leader === null) return 'no leader is known';
  const isSame =
    wanted.length === registers.replicas.length && wanted.every(({ name }) => registers.ready.includes(name));
  return isSame ? null : `the registers are still moving (epoch ${registers.epoch})`;
}
