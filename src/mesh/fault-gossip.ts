import type { FaultRule } from '../api.ts';
import { MAX_RULE_ENTRIES, type RuleEntry } from './messages.ts';
import { RollCall } from './roll-call.ts';

/** How long a tab may take to confirm that new rules are in force; a frozen one never does. */
const CONFIRM_TIMEOUT_MS = 3000;

export interface GossipPorts {
  readonly self: string;
  connectedPages(): readonly string[];
  send(page: string, entries: readonly RuleEntry[], token: number): void;
  confirm(page: string, token: number): void;
  /** Puts the rules in force in this tab. */
  apply(rules: readonly FaultRule[]): Promise<void>;
  onUnconfirmed(pages: readonly string[]): void;
}

/**
 * The set of fault rules, replicated to all tabs over the control channels: a map of last-writer-wins
 * registers by rule id, cleared rules kept as tombstones. Any order and any repetition of merges
 * ends in the same set, so late joiners and healed tabs just get everything; whoever hears news passes it
 * on, so tabs that cannot reach each other get it by others.
 */
export class FaultGossip {
  readonly #entries = new Map<string, RuleEntry>();
  readonly #unconfirmed = new Map<number, RollCall>();
  #nextToken = 1;
  #applied: Promise<void> = Promise.resolve();

  constructor(
    initial: readonly FaultRule[],
    private readonly ports: GossipPorts,
  ) {
    for (const rule of initial) {
      this.#entries.set(rule.id, { id: rule.id, version: 0, author: '0'.repeat(16), rule });
    }
  }

  rules(): FaultRule[] {
    return [...this.#entries.values()].flatMap(({ rule }) => (rule === null ? [] : [rule]));
  }

  /** Resolves once the rules are in force in every tab that is connected and answers. */
  async set(rules: readonly FaultRule[]): Promise<void> {
    await this.#write(rules.map((rule) => ({ id: rule.id, rule })));
  }

  /** Clears the rules named, or all. Returns the ids of those that were in force. */
  async clear(ids?: readonly string[]): Promise<string[]> {
    const cleared = this.rules().filter((rule) => ids?.includes(rule.id) ?? true);
    await this.#write(cleared.map(({ id }) => ({ id, rule: null })));
    return cleared.map(({ id }) => id);
  }

  greet(page: string): void {
    this.ports.send(page, [...this.#entries.values()], this.#takeToken());
  }

  async receive(page: string, entries: readonly RuleEntry[], token: number): Promise<void> {
    const news = this.#merge(entries);
    if (news.length > 0) {
      this.#apply();
      this.#passOn(page, news);
    }
    // What was known before may still be on its way to the node.
    await this.#applied;
    this.ports.confirm(page, token);
  }

  onConfirmed(page: string, token: number): void {
    this.#unconfirmed.get(token)?.answered(page);
  }

  async #write(changes: readonly { id: string; rule: FaultRule | null }[]): Promise<void> {
    if (changes.length === 0) return;
    const version = Math.max(0, ...[...this.#entries.values()].map((entry) => entry.version)) + 1;
    const entries = changes.map(({ id, rule }) => ({ id, version, author: this.ports.self, rule }));
    this.#merge(entries);
    this.#apply();
    await Promise.all([this.#applied, this.#spread(entries)]);
  }

  /** Returns those that were news. */
  #merge(entries: readonly RuleEntry[]): RuleEntry[] {
    return entries.filter((entry) => {
      const isNews = this.#isNewer(entry);
      if (isNews) this.#put(entry);
      return isNews;
    });
  }

  /** Nobody waits for it: whoever sets rules answers only for the tabs that it is connected to. */
  #passOn(from: string, news: readonly RuleEntry[]): void {
    for (const page of this.ports.connectedPages()) {
      if (page !== from) this.ports.send(page, news, this.#takeToken());
    }
  }

  #apply(): void {
    this.#applied = this.ports.apply(this.rules());
    this.#applied.catch(() => undefined); // whoever awaits it is told
  }

  async #spread(entries: readonly RuleEntry[]): Promise<void> {
    const pages = this.ports.connectedPages();
    const token = this.#takeToken();
    const confirmed = new RollCall(pages, CONFIRM_TIMEOUT_MS);
    this.#unconfirmed.set(token, confirmed);
    for (const page of pages) this.ports.send(page, entries, token);
    const missing = await confirmed.missing;
    this.#unconfirmed.delete(token);
    if (missing.length > 0) this.ports.onUnconfirmed(missing);
  }

  #isNewer(entry: RuleEntry): boolean {
    const known = this.#entries.get(entry.id);
    if (known === undefined) return true;
    if (entry.version !== known.version) return entry.version > known.version;
    if (entry.author !== known.author) return entry.author > known.author;
    // Two tabs with different configurations: any order will do, so long as it is the same everywhere.
    return JSON.stringify(entry.rule) > JSON.stringify(known.rule);
  }

  /** Bounded: of too many, the oldest tombstones go first. */
  #put(entry: RuleEntry): void {
    this.#entries.set(entry.id, entry);
    if (this.#entries.size <= MAX_RULE_ENTRIES) return;
    const tombstones = [...this.#entries.values()].filter(({ rule }) => rule === null);
    const [oldest] = tombstones.sort((a, b) => a.version - b.version);
    this.#entries.delete(oldest?.id ?? entry.id);
  }

  #takeToken(): number {
    this.#nextToken += 1;
    return this.#nextToken;
  }
}
