/** The place of the first element whose key is `key` or one behind it, among elements that are in order by their keys. */
export function firstAt<T, K extends string | number>(
  elements: readonly T[],
  keyOf: (element: T) => K,
  key: K,
): number {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const element = elements[middle];
    if (element !== undefined && keyOf(element) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
