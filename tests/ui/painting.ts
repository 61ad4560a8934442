/** The second frame begins when the first was painted. */
export async function untilPainted(): Promise<void> {
  for (let frames = 2; frames > 0; frames -= 1) await new Promise(requestAnimationFrame);
}

/** How often the browser saw something move that nobody asked for, while that went on. */
export async function countShifts(work: () => Promise<void>): Promise<number> {
  await untilPainted();
  let shifts = 0;
  const observer = new PerformanceObserver((list) => (shifts += list.getEntries().length));
  observer.observe({ type: 'layout-shift' });
  await work();
  await untilPainted();
  shifts += observer.takeRecords().length;
  observer.disconnect();
  return shifts;
}
