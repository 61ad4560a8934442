import type { Failure, Tabraft } from '../api.ts';

export type Algorithm = 'raft' | 'abd';

/** What a client uses of a member's `window.tabraft`, wherever its tab is. */
export interface Endpoint {
  readonly raft: Pick<Tabraft['raft'], 'get' | 'transact' | 'openSession' | 'removeMember'>;
  readonly abd: Tabraft['abd'];
  readonly ping: Tabraft['ping'];
}

export type Method =
  'raft.get' | 'raft.transact' | 'raft.openSession' | 'raft.removeMember' | 'abd.get' | 'abd.put' | 'ping';

/** Carries a call to a member's tab, and its answer back. What is to be expected comes as a value. */
export type Carrier = (method: Method, args: readonly unknown[]) => Promise<unknown>;

/** An endpoint whose calls all go the same way. */
export function endpointOf(carry: Carrier): Endpoint {
  const method =
    <F extends (...args: never[]) => Promise<unknown>>(name: Method) =>
    async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> =>
      (await carry(name, args)) as Awaited<ReturnType<F>>;
  return {
    raft: {
      get: method<Tabraft['raft']['get']>('raft.get'),
      transact: method<Tabraft['raft']['transact']>('raft.transact'),
      openSession: method<Tabraft['raft']['openSession']>('raft.openSession'),
      removeMember: method<Tabraft['raft']['removeMember']>('raft.removeMember'),
    },
    abd: {
      get: method<Tabraft['abd']['get']>('abd.get'),
      put: method<Tabraft['abd']['put']>('abd.put'),
    },
    ping: method<Tabraft['ping']>('ping'),
  };
}

/** How long the one who asked for this waits for it: what the call's options say. */
export function timeoutOf(args: readonly unknown[], otherwise: number): number {
  for (const argument of args) {
    const { timeoutMs } = (argument ?? {}) as { timeoutMs?: unknown };
    if (typeof timeoutMs === 'number') return timeoutMs;
  }
  return otherwise;
}

/** The call never reached a node. */
export function unreached(reason: string): Failure & { ok: false } {
  return { ok: false, outcome: 'failed', code: 'unreachable', reason };
}

/** It may have reached the node, and nobody knows what became of it. */
export function unanswered(reason: string): Failure & { ok: false } {
  return { ok: false, outcome: 'unknown', code: 'timed-out', reason };
}
