import type { FaultRule } from '../api.ts';
import type { MessageType } from '../core/message.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';

/** What becomes of one message. `rule` is the one that decided. */
export type Verdict =
  { readonly action: 'pass' } | { readonly action: 'drop' | 'hold'; readonly rule: string } | Disturbance;

/** It is delivered, but not as it was sent. */
export interface Disturbance {
  readonly action: 'disturb';
  /** Null: no delay; it stays in its place among the messages of its link. */
  readonly delayMs: number | null;
  /** It leaves its place in the order of its link, by coming so much later. Null: it keeps its place. */
  readonly reorderMs: number | null;
  /** So long after it a copy follows; null: none. */
  readonly copyAfterMs: number | null;
}

/** Who talks to whom, by display name; null for a member that has none yet. */
export interface Route {
  readonly from: string | null;
  readonly to: string | null;
  readonly type: MessageType;
}

/** How much later where a rule does not say: what is reordered, and a copy. */
const REORDER_MS: readonly [number, number] = [10, 200];
const COPY_MS: readonly [number, number] = [0, 100];

/**
 * All rules together: a `drop` that strikes wins over everything, then a `hold`; delays add up, and so do the ways
 * of the others. Chance is drawn only for rules that fit otherwise, so that a rule elsewhere does not change a run.
 */
export function judge(rules: readonly FaultRule[], route: Route, random: Random): Verdict {
  const struck = rules.filter(
    (rule) =>
      matches(rule, route) && (rule.probability === undefined || nextFraction(random) < rule.probability),
  );
  if (struck.length === 0) return { action: 'pass' };
  for (const action of ['drop', 'hold'] as const) {
    const rule = struck.find(({ kind }) => kind === action);
    if (rule !== undefined) return { action, rule: rule.id };
  }
  const drawn = (kind: FaultRule['kind'], otherwise: readonly [number, number]): number | null => {
    const bounds = struck.filter((rule) => rule.kind === kind).map(({ delayMs }) => delayMs ?? otherwise);
    if (bounds.length === 0) return null;
    return bounds.reduce((sum, [min, max]) => sum + nextInteger(random, min, max), 0);
  };
  return {
    action: 'disturb',
    delayMs: drawn('delay', [0, 0]),
    reorderMs: drawn('reorder', REORDER_MS),
    copyAfterMs: drawn('duplicate', COPY_MS),
  };
}

function matches(rule: FaultRule, { from, to, type }: Route): boolean {
  return names(rule.from, from) && names(rule.to, to) && (rule.messages?.includes(type) ?? true);
}

/** Whether a rule is about this member: it names it, or no member at all. */
export function concerns({ from, to }: FaultRule, member: string | null): boolean {
  if (from === undefined && to === undefined) return true;
  return [from, to].some((wanted) => wanted !== undefined && names(wanted, member));
}

function names(wanted: FaultRule['from'], name: string | null): boolean {
  if (wanted === undefined) return true;
  return name !== null && (typeof wanted === 'string' ? wanted === name : wanted.includes(name));
}

/** What to say of the first name that no member has; null: all are known. */
export function strangerAmong(names: readonly string[], members: readonly string[]): string | null {
  const stranger = names.find((name) => !members.includes(name));
  return stranger === undefined ? null : `There is no member "${stranger}", only ${members.join(', ')}.`;
}

export type LinkState = 'open' | 'cut' | 'holding' | 'lossy' | 'slow' | 'shuffled';

/** The worst that the rules do to the messages of one directed link, and which rules do anything to it. */
export function linkState(
  rules: readonly FaultRule[],
  from: string,
  to: string,
): { readonly state: LinkState; readonly rules: readonly FaultRule[] } {
  const own = rules.filter((rule) => names(rule.from, from) && names(rule.to, to) && rule.probability !== 0);
  const isWhole = ({ messages, probability = 1 }: FaultRule): boolean =>
    messages === undefined && probability === 1;
  const has = (kind: FaultRule['kind'], whole = false): boolean =>
    own.some((rule) => rule.kind === kind && (!whole || isWhole(rule)));
  const worstFirst: readonly (readonly [LinkState, boolean])[] = [
    ['cut', has('drop', true)],
    ['holding', has('hold')],
    ['lossy', has('drop')],
    ['slow', has('delay')],
    ['shuffled', own.length > 0],
  ];
  const [state] = worstFirst.find(([, isSo]) => isSo) ?? ['open' as const];
  return { state, rules: own };
}
