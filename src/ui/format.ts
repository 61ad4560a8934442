const INTEGER = new Intl.NumberFormat('en');
export const SHOWN_CHARACTERS = 160;

export function formatCount(count: number): string {
  return INTEGER.format(count);
}

export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

/** The time of day, on a clock of 24 hours. */
export function formatTime(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString('en-GB');
}

/** A value in quotes, cut visibly where it is long; `absent` for none. `length`: of all of it, where it is a begin. */
export function formatValue(value: string | null, length = value?.length ?? 0): string {
  if (value === null) return 'absent';
  if (length <= SHOWN_CHARACTERS) return `"${value}"`;
  return `"${value.slice(0, SHOWN_CHARACTERS)}…" (${formatCount(length)} characters)`;
}

/** `3 voters`, `1 voter`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Closes a sentence that came without its full stop. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
