import { firstAt } from '../trace/first-at.ts';
import type { StatesExcerpt, StatesRow } from './contract.ts';

/**
 * Of all keys that contain `filter`, the first `limit` in their order, each with at most `valueLength` characters of its
 * value. A map of a hundred thousand keys is walked once, and nothing is made of those that are left out.
 */
export function excerptOf(
  values: Iterable<readonly [string, string]>,
  filter: string,
  limit: number,
  valueLength: number,
): StatesExcerpt {
  const rows: StatesRow[] = [];
  let [matching, total] = [0, 0];
  for (const [key, value] of values) {
    total += 1;
    if (!key.includes(filter)) continue;
    matching += 1;
    const last = rows.at(-1);
    if (rows.length === limit && last !== undefined && key > last.key) continue;
    const place = firstAt(rows, (row) => row.key, key);
    rows.splice(place, 0, { key, begin: value.slice(0, valueLength), length: value.length });
    if (rows.length > limit) rows.pop();
  }
  return { rows, matching, total };
}
