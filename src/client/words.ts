/** How tests say things to people. */

export function shown(value: string | null): string {
  return value === null ? 'nothing' : `"${value}"`;
}

export function reasonOf(result: { outcome: string; reason?: string }): string {
  return result.reason === undefined ? result.outcome : `${result.outcome}, ${result.reason}`;
}
