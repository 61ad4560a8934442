import type { Span } from '../../api.ts';

/** The closest look: a real message takes some hundredths of a millisecond on one machine. */
const MIN_SPAN_MS = 0.5;
const STEPS = [1, 2, 5];

export function spanOf({ from, to }: Span): number {
  return to - from;
}

/** `factor` below 1 looks closer; the moment `at` stays where it is. Never wider than `whole`. */
export function zoom(shown: Span, factor: number, at: number, whole: Span): Span {
  const width = Math.min(Math.max(spanOf(shown) * factor, MIN_SPAN_MS), Math.max(spanOf(whole), MIN_SPAN_MS));
  const share = (at - shown.from) / spanOf(shown);
  const from = at - share * width;
  return within({ from, to: from + width }, whole);
}

/** Moved by so many milliseconds, as far as there is something. */
export function pan({ from, to }: Span, byMs: number, whole: Span): Span {
  return within({ from: from + byMs, to: to + byMs }, whole);
}

/** Around a moment, as wide as before. */
export function centred(shown: Span, at: number, whole: Span): Span {
  return pan(shown, at - (shown.from + shown.to) / 2, whole);
}

function within({ from, to }: Span, whole: Span): Span {
  const width = to - from;
  if (width >= spanOf(whole)) return { from: whole.from, to: whole.from + width };
  if (from < whole.from) return { from: whole.from, to: whole.from + width };
  if (to > whole.to) return { from: whole.to - width, to: whole.to };
  return { from, to };
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Round moments, at most `most` of them. */
export function ticks({ from, to }: Span, most: number): Tick[] {
  const step = roundStep((to - from) / Math.max(1, most));
  const found: Tick[] = [];
  // Counted from the beginning of the day, so that the steps meet full seconds and minutes.
  for (let at = Math.ceil(from / step) * step; at <= to; at += step)
    found.push({ at, label: timeLabel(at, step) });
  return found;
}

function roundStep(leastMs: number): number {
  if (leastMs > 30_000) return Math.ceil(leastMs / 60_000) * 60_000;
  if (leastMs > 1000) return [2000, 5000, 10_000, 15_000, 30_000].find((step) => step >= leastMs) ?? 60_000;
  let decade = 0.001;
  for (;;) {
    for (const step of STEPS) if (step * decade >= leastMs) return step * decade;
    decade *= 10;
  }
}

/** As exact as a step of so many milliseconds needs it. */
export function timeLabel(at: number, stepMs: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (stepMs >= 1000) return seconds;
  const micros = Math.round((((at % 1000) + 1000) % 1000) * 1000);
  const fraction = String(Math.min(micros, 999_999)).padStart(6, '0');
  return `${seconds}.${fraction.slice(0, stepMs >= 1 ? 3 : 6)}`;
}

/** How long a span is, in the unit that suits it. */
export function spanText(ms: number): string {
  if (ms >= 60_000) return `${(ms / 60_000).toFixed(1)} min`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms >= 10 ? 1 : 3)} ms`;
}
