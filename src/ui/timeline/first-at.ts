/** The place of the first element whose time is `time` or later. */
export function firstAt<T>(elements: readonly T[], timeOf: (element: T) => number, time: number): number {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const element = elements[middle];
    if (element !== undefined && timeOf(element) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
