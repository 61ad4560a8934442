import type { LinkCounters, LinkTraffic, NodeAction } from '../api.ts';
import { messageOf } from '../error-text.ts';
import {
  MAX_PROBLEM_LENGTH,
  type CallAnswer,
  type CallMethod,
  type ControlMessage,
} from '../mesh/messages.ts';
import { RollCall } from '../mesh/roll-call.ts';
import type { NodeSnapshot } from '../worker/contract.ts';
import { NO_TRAFFIC } from '../worker/traffic.ts';

/** How often the others are asked how their nodes are. */
const ASK_PERIOD_MS = 1000;
/** For how long whoever wants to know it now waits for those that may be frozen. */
const REPORT_TIMEOUT_MS = 1000;
/** A restart may have to wait for a worker that hangs. */
const ACT_TIMEOUT_MS = 10_000;

export type NodeReport = Extract<ControlMessage, { type: 'report' }>;

export interface RemoteNodesPorts {
  connectedPages(): readonly string[];
  pageOf(memberId: string): string | null;
  send(page: string, message: ControlMessage): boolean;
  /** Asks this page's own node how it stands, within bounds; what is news is told to all. */
  refresh(): Promise<void>;
  /** Of this page's own node. */
  report(): NodeReport;
  /** A call of this page's own `window.tabraft`. */
  invoke(method: CallMethod, args: readonly unknown[]): Promise<CallAnswer>;
  /** A page that ran a consistency test has gone before its end. */
  onTestAbandoned(): void;
}

/** A member, by what the person calls it. */
export interface RemoteMember {
  readonly id: string;
  readonly name: string;
}

/**
 * `unsent`: it never left this page. `threw`: it was refused. `ended`, `silent`: nobody knows what became of it, as the
 * connection ended, or no answer came in time.
 */
export type CallOutcome =
  | { readonly kind: 'answered'; readonly answer: CallAnswer }
  | { readonly kind: 'threw' | 'unsent' | 'ended' | 'silent'; readonly reason: string };

interface Calling {
  readonly page: string;
  readonly done: (outcome: CallOutcome) => void;
}

/**
 * What the pages tell each other about their nodes, and ask of each other, over the control channels: any node can
 * be paused or crashed from any tab, brought back, and used as a client would, whatever the fault rules are.
 */
export class RemoteNodes {
  readonly #reports = new Map<string, NodeReport>();
  readonly #calling = new Map<number, Calling>();
  readonly #awaiting = new Set<RollCall>();
  #asking: ReturnType<typeof setInterval> | null = null;
  /** What was told to all that were connected. */
  #told: NodeReport['state'] | null = null;
  #nextToken = 1;

  constructor(private readonly ports: RemoteNodesPorts) {}

  close(): void {
    this.setWatching(false);
    const reason = 'This tab has ended its own run meanwhile.';
    for (const { done } of this.#calling.values()) done({ kind: 'ended', reason });
  }

  /**
   * Whether this page looks. What only counts up is told to whoever asks: a cluster that nobody looks at is left in peace.
   */
  setWatching(isWatching: boolean): void {
    if (isWatching === (this.#asking !== null)) return;
    if (this.#asking !== null) clearInterval(this.#asking);
    this.#asking = isWatching ? setInterval(() => this.#ask(), ASK_PERIOD_MS) : null;
    if (isWatching) this.#ask();
  }

  /** The pages that were asked. */
  #ask(): string[] {
    return this.ports.connectedPages().filter((page) => this.ports.send(page, { type: 'ask' }));
  }

  /** Resolves once all the others have told how their nodes are now, but for those that do not answer. */
  async askNow(): Promise<void> {
    const reports = new RollCall(this.#ask(), REPORT_TIMEOUT_MS);
    this.#awaiting.add(reports);
    await reports.missing;
    this.#awaiting.delete(reports);
  }

  /** Another page wants to know how this node is. */
  async onAsk(page: string): Promise<void> {
    await this.ports.refresh();
    this.ports.send(page, this.ports.report());
  }

  /** Tells all others how this node is. */
  tell(): void {
    const report = this.ports.report();
    this.#told = report.state;
    for (const page of this.ports.connectedPages()) this.ports.send(page, report);
  }

  /** The same, if they do not know of this state yet. */
  tellNews(state: NodeReport['state']): void {
    if (state !== this.#told) this.tell();
  }

  /** Tells one that has just come, which knows nothing of this node. */
  greet(page: string): void {
    this.ports.send(page, this.ports.report());
  }

  /** The newest of a member whose page is connected; null: there is none. */
  reportOf(memberId: string): NodeReport | null {
    return this.#reports.get(memberId) ?? null;
  }

  /** The members whose tabs run a consistency test. */
  testers(): string[] {
    return [...this.#reports].filter(([, { test }]) => test !== null).map(([memberId]) => memberId);
  }

  onReport(page: string, memberId: string, report: NodeReport): void {
    this.#reports.set(memberId, report);
    for (const reports of this.#awaiting) reports.answered(page);
  }

  /** What another tab asks for. It is answered also where it fails. */
  async onCall(page: string, { token, method, args }: ControlMessage & { type: 'call' }): Promise<void> {
    const told = { type: 'answer', token } as const;
    try {
      const answer = await this.ports.invoke(method, args);
      this.ports.send(page, { ...told, answer, problem: null });
    } catch (error) {
      this.ports.send(page, {
        ...told,
        answer: null,
        problem: messageOf(error).slice(0, MAX_PROBLEM_LENGTH),
      });
    }
    if (method.startsWith('node.')) await this.ports.refresh();
  }

  onAnswer({ token, answer, problem }: ControlMessage & { type: 'answer' }): void {
    this.#calling
      .get(token)
      ?.done(problem === null ? { kind: 'answered', answer } : { kind: 'threw', reason: problem });
  }

  /** Some connection has come or gone. */
  onPages(): void {
    const connected = this.ports.connectedPages();
    for (const { page, done } of this.#calling.values()) {
      if (connected.includes(page)) continue;
      done({ kind: 'ended', reason: 'The connection to that tab was lost meanwhile. It may have done it.' });
    }
    // Who is gone tells nothing any more, and is not what it was.
    for (const [memberId, { test }] of this.#reports) {
      const page = this.ports.pageOf(memberId);
      if (page !== null && connected.includes(page)) continue;
      this.#reports.delete(memberId);
      if (test !== null) this.ports.onTestAbandoned();
    }
  }

  /** Has the member's tab do it; throws what went wrong. */
  async act(member: RemoteMember, action: NodeAction): Promise<void> {
    const outcome = await this.call(member, `node.${action}`, [], ACT_TIMEOUT_MS);
    // A restarted or wiped node comes back over a new connection: the end of the old one is the answer.
    const endsConnection = action === 'restart' || action === 'wipe';
    if (outcome.kind === 'answered' || (outcome.kind === 'ended' && endsConnection)) return;
    throw new Error(outcome.reason);
  }

  async call(
    { id, name }: RemoteMember,
    method: CallMethod,
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<CallOutcome> {
    const unsent = { kind: 'unsent', reason: `There is no connection to the tab of ${name}.` } as const;
    const page = this.ports.pageOf(id);
    if (page === null) return unsent;
    const token = this.#nextToken;
    this.#nextToken += 1;
    const outcome = await new Promise<CallOutcome>((resolve) => {
      const silence = `The tab of ${name} did not answer: it may be frozen, or busy. It may still do it.`;
      const timer = setTimeout(() => resolve({ kind: 'silent', reason: silence }), timeoutMs);
      const done = (answered: CallOutcome): void => {
        clearTimeout(timer);
        resolve(answered);
      };
      this.#calling.set(token, { page, done });
      if (!this.ports.send(page, { type: 'call', token, method, args: [...args] })) done(unsent);
    });
    this.#calling.delete(token);
    return outcome;
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
