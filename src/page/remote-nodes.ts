import type { LinkCounters, LinkTraffic, NodeAction } from '../api.ts';
import type { ControlMessage } from '../mesh/messages.ts';
import type { NodeSnapshot } from '../worker/contract.ts';
import { NO_TRAFFIC } from '../worker/traffic.ts';

/** How often each page tells the others about its node. */
const REPORT_PERIOD_MS = 1000;
/** A restart may have to wait for a worker that hangs. */
const ACT_TIMEOUT_MS = 10_000;

export type NodeReport = Extract<ControlMessage, { type: 'report' }>;

export interface RemoteNodesPorts {
  connectedPages(): readonly string[];
  pageOf(memberId: string): string | null;
  send(page: string, message: ControlMessage): boolean;
  /** Of this page's own node. */
  report(): NodeReport;
  act(action: NodeAction): Promise<void>;
}

interface Acting {
  readonly page: string;
  readonly endsConnection: boolean;
  readonly done: (problem: string | null) => void;
}

/**
 * What the pages tell each other about their nodes, and do for each other to them, over the control channels: any
 * node can be paused or crashed from any tab, and brought back, whatever the fault rules are.
 */
export class RemoteNodes {
  readonly #reports = new Map<string, NodeReport>();
  readonly #acting = new Map<number, Acting>();
  readonly #timer: ReturnType<typeof setInterval>;
  #nextToken = 1;

  constructor(private readonly ports: RemoteNodesPorts) {
    this.#timer = setInterval(() => this.tell(), REPORT_PERIOD_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { done } of this.#acting.values()) done('This tab has ended its own run meanwhile.');
  }

  /** Tells all others how this node is. */
  tell(): void {
    const report = this.ports.report();
    for (const page of this.ports.connectedPages()) this.ports.send(page, report);
  }

  /** The newest of a member whose page is connected; null: there is none. */
  reportOf(memberId: string): NodeReport | null {
    return this.#reports.get(memberId) ?? null;
  }

  onReport(memberId: string, report: NodeReport): void {
    this.#reports.set(memberId, report);
  }

  /** What another tab asks for. It is answered also where it fails. */
  async onAct(page: string, token: number, action: NodeAction): Promise<void> {
    let problem: string | null = null;
    try {
      await this.ports.act(action);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.ports.send(page, { type: 'acted', token, problem });
    this.tell();
  }

  onActed(token: number, problem: string | null): void {
    this.#acting.get(token)?.done(problem);
  }

  /** Some connection has come or gone. */
  onPages(): void {
    const connected = this.ports.connectedPages();
    for (const { page, endsConnection, done } of this.#acting.values()) {
      if (connected.includes(page)) continue;
      done(endsConnection ? null : 'The connection to that tab was lost meanwhile. It may have done it.');
    }
    // Who is gone tells nothing any more, and is not what it was.
    for (const memberId of this.#reports.keys()) {
      const page = this.ports.pageOf(memberId);
      if (page === null || !connected.includes(page)) this.#reports.delete(memberId);
    }
  }

  /**
   * Has the member's tab do it; throws what went wrong. A restarted or wiped node comes back over a new connection:
   * the end of the old one is the answer.
   */
  async act(memberId: string, name: string, action: NodeAction): Promise<void> {
    const token = this.#nextToken;
    this.#nextToken += 1;
    const page = this.ports.pageOf(memberId);
    if (page === null) throw new Error(`There is no connection to the tab of ${name}.`);
    const problem = await new Promise<string | null>((resolve) => {
      const silence = `The tab of ${name} did not answer: it may be frozen, or busy. It may still do it.`;
      const timer = setTimeout(() => resolve(silence), ACT_TIMEOUT_MS);
      const done = (answer: string | null): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#acting.set(token, { page, endsConnection: action === 'restart' || action === 'wipe', done });
      if (!this.ports.send(page, { type: 'act', token, action }))
        done(`There is no connection to the tab of ${name}.`);
    });
    this.#acting.delete(token);
    if (problem !== null) throw new Error(problem);
  }
}

/** Each directed link between members, from what its two ends have reported. */
export function linkCounters(
  members: NodeSnapshot['members'],
  traffic: (memberId: string) => readonly LinkTraffic[],
): LinkCounters[] {
  const between = (one: string, other: string): LinkTraffic | undefined =>
    traffic(one).find(({ peer }) => peer === other);
  return members.flatMap((from) =>
    members
      .filter((to) => to.id !== from.id)
      .map((to) => {
        const { sent, dropped, delayed, held, duplicated, reordered, lost } =
          between(from.id, to.id) ?? NO_TRAFFIC;
        const delivered = between(to.id, from.id)?.received ?? 0;
        const route = { from: from.name, to: to.name };
        return { ...route, sent, delivered, dropped, delayed, held, duplicated, reordered, lost };
      }),
  );
}
