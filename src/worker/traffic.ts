import type { MemberId } from '../core/ids.ts';
import type { FaultCount } from '../proxy/proxy.ts';
import type { LinkTraffic } from '../api.ts';
import type { ProxyAct } from '../trace/event.ts';

type Counters = Record<Exclude<keyof LinkTraffic, 'peer'>, number>;

export const NO_TRAFFIC: Readonly<Counters> = {
  sent: 0,
  received: 0,
  dropped: 0,
  delayed: 0,
  held: 0,
  duplicated: 0,
  reordered: 0,
  lost: 0,
};

/** What is told of each count. */
export const ACT_OF = {
  dropped: 'dropped',
  delayed: 'delayed',
  held: 'held',
  duplicated: 'duplicated',
  reordered: 'reordered',
  'delay-overflow': 'lost',
  'hold-overflow': 'lost',
  unsent: 'lost',
} as const satisfies Record<FaultCount, keyof Counters & ProxyAct>;

/** What this node sent to each member and received from it, and what its proxy did to it. */
export class Traffic {
  readonly #links = new Map<MemberId, Counters>();

  onSent(to: MemberId): void {
    this.#link(to).sent += 1;
  }

  onReceived(from: MemberId): void {
    this.#link(from).received += 1;
  }

  onFault(what: FaultCount, to: MemberId): void {
    this.#link(to)[ACT_OF[what]] += 1;
  }

  /** Of the members given; those that are gone are forgotten. */
  views(members: ReadonlySet<MemberId>): LinkTraffic[] {
    for (const peer of this.#links.keys()) if (!members.has(peer)) this.#links.delete(peer);
    return [...this.#links].map(([peer, counters]) => ({ peer, ...counters }));
  }

  #link(peer: MemberId): Counters {
    let link = this.#links.get(peer);
    if (link === undefined) {
      link = { ...NO_TRAFFIC };
      this.#links.set(peer, link);
    }
    return link;
  }
}
