import type { StatesExcerpt } from './contract.ts';

/**
 * Of all keys that contain `filter`, the first `limit` in their order. A map of a hundred thousand keys is walked once,
 * and nothing is made of those that are left out.
 */
export function excerptOf(
  values: Iterable<readonly [string, string]>,
  filter: string,
  limit: number,
): StatesExcerpt {
  const rows: (readonly [string, string])[] = [];
  let [matching, total] = [0, 0];
  for (const entry of values) {
    total += 1;
    const [key] = entry;
    if (!key.includes(filter)) continue;
    matching += 1;
    const last = rows.at(-1);
    if (rows.length === limit && last !== undefined && key > last[0]) continue;
    rows.splice(placeOf(rows, key), 0, entry);
    if (rows.length > limit) rows.pop();
  }
  return { rows, matching, total };
}

/** How many of the keys in `rows` come before this one. */
function placeOf(rows: readonly (readonly [string, string])[], key: string): number {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((rows[middle]?.[0] ?? '') < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
