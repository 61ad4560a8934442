import type { ReadResult, WriteResult } from '../api.ts';

/** How lessons say things to people. */

/** As a person would tell a time. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.max(1, Math.round(ms))} ms`;
}

export function shownOutcome(result: WriteResult): string {
  return `“${result.outcome}”`;
}

/** What a read said. */
export function shownRead(result: ReadResult): string {
  if (result.outcome !== 'ok') return `“${result.outcome}”`;
  return result.value === null ? 'nothing' : `“${result.value}”`;
}
