import type { FaultRule } from '../api.ts';
import type { MessageType } from '../core/message.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';

/** What becomes of one message. `rule` is the one that decided. */
export type Verdict =
  | { readonly action: 'pass' }
  | { readonly action: 'drop'; readonly rule: string }
  | { readonly action: 'delay'; readonly rule: string; readonly delayMs: number };

/** Who talks to whom, by display name; null for a member that has none yet. */
export interface Route {
  readonly from: string | null;
  readonly to: string | null;
  readonly type: MessageType;
}

/**
 * The rules in their order: the first `drop` that fits wins over everything, delays add up. Chance is
 * drawn only for rules that fit otherwise, so that a rule elsewhere does not change a run.
 */
export function judge(rules: readonly FaultRule[], route: Route, random: Random): Verdict {
  const struck = rules.filter(
    (rule) =>
      matches(rule, route) && (rule.probability === undefined || nextFraction(random) < rule.probability),
  );
  const drop = struck.find((rule) => rule.kind === 'drop');
  if (drop !== undefined) return { action: 'drop', rule: drop.id };
  let delayMs = 0;
  for (const { delayMs: bounds } of struck) {
    if (bounds !== undefined) delayMs += nextInteger(random, bounds[0], bounds[1]);
  }
  const [first] = struck;
  return first === undefined ? { action: 'pass' } : { action: 'delay', rule: first.id, delayMs };
}

function matches(rule: FaultRule, { from, to, type }: Route): boolean {
  return names(rule.from, from) && names(rule.to, to) && (rule.messages?.includes(type) ?? true);
}

function names(wanted: FaultRule['from'], name: string | null): boolean {
  if (wanted === undefined) return true;
  return name !== null && (typeof wanted === 'string' ? wanted === name : wanted.includes(name));
}

/** Cuts the members named off from everyone else, in both directions, each by two plain rules. */
function isolate(isolated: readonly string[]): FaultRule[] {
  return isolated.flatMap((name): FaultRule[] => [
    { id: `isolate:${name}:out`, kind: 'drop', from: name },
    { id: `isolate:${name}:in`, kind: 'drop', to: name },
  ]);
}

/** Presets by name, each a function from member names to plain rules. */
export const PRESETS: ReadonlyMap<string, (names: readonly string[]) => FaultRule[]> = new Map([
  ['isolate', isolate],
]);
