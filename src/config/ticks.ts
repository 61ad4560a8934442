/** A time of `config.json` in the unit of the cores: at least one tick. */
export function ticksOf(ms: number, tickMs: number): number {
  return Math.max(1, Math.round(ms / tickMs));
}
