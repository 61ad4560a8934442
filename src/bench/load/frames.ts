import { resultOf, type LoadResult } from '../samples.ts';

/** How long each frame of this page took, from the one before, for so long. The page has to be in front. */
export async function frameTimes(durationMs: number): Promise<LoadResult> {
  const begun = await nextFrame();
  const times: number[] = [];
  for (let last = begun; last - begun < durationMs;) {
    const now = await nextFrame();
    times.push(now - last);
    last = now;
  }
  return resultOf(
    times,
    times.reduce((sum, time) => sum + time, 0),
  );
}

async function nextFrame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
