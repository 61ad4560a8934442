import type { FaultRule, LinkCounters, Status, Tabraft } from '../api.ts';
import type { ClusterPort, MemberAction } from '../client/cluster.ts';
import { timeoutOf, unanswered, unreached, type Method } from '../client/endpoint.ts';
import { CALL_METHODS, type CallAnswer, type CallMethod } from '../mesh/messages.ts';
import { strangerAmong } from '../proxy/rules.ts';
import type { CallOutcome, RemoteMember } from './remote-nodes.ts';

/** The other tab gives up by itself, a little after the time it is given. */
const GRACE_MS = 3000;
const OTHERWISE_MS = 10_000;

export interface PageClusterPorts {
  readonly api: Pick<Tabraft, 'raft' | 'abd' | 'ping' | 'node' | 'trace'>;
  status(): Promise<Status>;
  members(): readonly RemoteMember[];
  /** Of this tab's own. */
  ownName(): string | null;
  call(
    member: RemoteMember,
    method: CallMethod,
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<CallOutcome>;
  setRules(rules: readonly FaultRule[]): Promise<void>;
  clearRules(ids: readonly string[]): Promise<string[]>;
  links(): Promise<LinkCounters[]>;
}

/** Carries a call out at this tab's own `window.tabraft`. Rejects what that rejects. */
export async function invoke(
  api: PageClusterPorts['api'],
  method: CallMethod,
  args: readonly unknown[],
): Promise<CallAnswer> {
  if (method === 'ping') return api.ping(String(args[0]));
  const [group, name] = method.split('.') as ['raft' | 'abd' | 'trace' | 'node', string];
  // Of `CALL_METHODS`, which are all there; whoever is called looks at its arguments himself.
  const target = api[group] as unknown as Record<
    string,
    (...all: unknown[]) => Promise<CallAnswer | undefined>
  >;
  const called = group === 'node' ? target[name]?.() : target[name]?.(...args);
  return (await called) ?? null;
}

/** The cluster as seen from one of its tabs: other members are asked over the control channels. */
export function createClusterPort(ports: PageClusterPorts): ClusterPort {
  return {
    status: () => ports.status(),
    async call(member: string, method: Method, args: readonly unknown[]): Promise<unknown> {
      if (!CALL_METHODS.includes(method)) throw new TypeError(`There is no call ${method}.`);
      if (member === ports.ownName()) return invoke(ports.api, method, args);
      const found = ports.members().find(({ name }) => name === member);
      if (found === undefined) return unreached(`There is no member "${member}".`);
      return valueOf(await ports.call(found, method, args, timeoutOf(args, OTHERWISE_MS) + GRACE_MS));
    },
    setRules: (rules) => ports.setRules(rules),
    async clearRules(ids) {
      await ports.clearRules(ids);
    },
    links: () => ports.links(),
    async act(action: MemberAction, member: string): Promise<void> {
      if (!(action in ports.api.node)) throw new TypeError(`A tab cannot do this: ${action}.`);
      const stranger = strangerAmong(
        [member],
        ports.members().map(({ name }) => name),
      );
      if (stranger !== null) throw new TypeError(stranger);
      await ports.api.node[action as keyof Tabraft['node']](member);
    },
  };
}

function valueOf(outcome: CallOutcome): unknown {
  switch (outcome.kind) {
    case 'answered':
      return outcome.answer;
    case 'threw':
      throw new Error(outcome.reason);
    case 'unsent':
      return unreached(outcome.reason);
    case 'ended':
    case 'silent':
      return unanswered(outcome.reason);
  }
}
