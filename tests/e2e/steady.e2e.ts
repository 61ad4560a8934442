import type { Page } from '@playwright/test';
import { expect, openTabs, test, type Tab } from './support/fixtures.ts';

const SECTIONS = [
  'cluster',
  'lessons',
  'join',
  'data',
  'faults',
  'tests',
  'timeline',
  'logs',
  'curves',
  'promises',
  'events',
];
/** Long enough for the live data of all tabs to have been shown several times. */
const WRITES = 60;

declare global {
  interface Window {
    shifts: string[];
    renewals: number[];
  }
}

/** Collects what moves though nobody asked for it: each entry names the elements, and from where to where they went. */
function watchShifts(): void {
  window.shifts = [];
  // The entry itself does not name what is in a shadow root.
  const nameOf = ({ x, y, width, height }: DOMRectReadOnly): string => {
    const names: string[] = [];
    for (let root: Document | ShadowRoot | null = document; root !== null;) {
      const element: Element | null = root.elementFromPoint(x + width / 2, y + height / 2);
      if (element === null || element.shadowRoot === root) break;
      names.push(`${element.localName}.${element.getAttribute('class') ?? ''}`);
      root = element.shadowRoot;
    }
    return names.join(' > ');
  };
  const placeOf = ({ x, y, width, height }: DOMRectReadOnly): string => `${x},${y} ${width}×${height}`;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { sources } = entry as unknown as {
        sources: { previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
      };
      window.shifts.push(
        ...sources.map(
          ({ previousRect, currentRect }) =>
            `${nameOf(currentRect)}: ${placeOf(previousRect)} → ${placeOf(currentRect)}`,
        ),
      );
    }
  }).observe({ type: 'layout-shift' });
}

/** From another tab: old keys and new ones, short values and long ones. */
async function write(tab: Tab, round: number): Promise<void> {
  await tab.page.evaluate(
    async ([writes, at]) => {
      for (let i = 0; i < writes; i += 1) {
        const key = i % 2 === 0 ? `key-${i}` : `key-${at}-${i}`;
        const result = await window.tabraft.raft.put(key, 'v'.repeat(1 + ((at * i) % 90)));
        if (result.outcome !== 'ok') throw new Error(result.reason);
      }
    },
    [WRITES, round] as const,
  );
}

/** Until the page shows what was written: then it has drawn all that came with it. */
async function untilShown(page: Page): Promise<void> {
  const written = await page.evaluate(async () => (await window.tabraft.status()).commitIndex);
  await expect
    .poll(async () =>
      page.evaluate(() => document.querySelector('tabraft-app')?.controller?.view.status.appliedIndex ?? 0),
    )
    .toBeGreaterThanOrEqual(written);
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

/** Of a time without an election: that changes words all over the page. */
async function shiftsWhile(page: Page, work: () => Promise<void>): Promise<string[]> {
  for (let left = 5; left > 0; left -= 1) {
    const term = await termIn(page);
    await page.evaluate(() => (window.shifts = []));
    await work();
    await untilShown(page);
    const shifts = await page.evaluate(() => window.shifts);
    if ((await termIn(page)) === term) return shifts;
  }
  throw new Error('There were elections all the time.');
}

async function termIn(page: Page): Promise<number> {
  return page.evaluate(async () => (await window.tabraft.status()).term);
}

/** When the page was renewed while that went on, in milliseconds. */
async function renewalsWhile(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    window.renewals = [];
    document
      .querySelector('tabraft-app')
      ?.controller?.subscribe(() => window.renewals.push(performance.now()));
  });
  await work();
  return page.evaluate(() => window.renewals);
}

test('however fast data flow, the page is renewed ten times a second at most', async ({
  realBrowser: browser,
  server,
}) => {
  const [writer, , shown] = await openTabs(browser, server.url, 3);
  if (writer === undefined || shown === undefined) throw new Error('three tabs');
  const renewals = await renewalsWhile(shown.page, async () => {
    for (let round = 0; round < 20; round += 1) await write(writer, round);
  });
  const [first = 0, last = 0] = [renewals[0], renewals.at(-1)];
  expect(last - first).toBeGreaterThan(1000);
  // The first may have come late, and the last in time.
  expect((renewals.length - 2) * 100).toBeLessThanOrEqual(last - first);
});

for (const width of [1280, 390]) {
  test(`while data flows nothing moves, at ${width} px, and neither focus nor scroll position are lost`, async ({
    realBrowser: browser,
    server,
  }) => {
    test.setTimeout(300_000);
    const [writer, , shown] = await openTabs(browser, server.url, 3);
    if (writer === undefined || shown === undefined) throw new Error('three tabs');
    const { page } = shown;
    await page.setViewportSize({ width, height: 900 });
    // Whatever is there only once there is something to show.
    await write(writer, 0);
    await untilShown(page);
    await expect(page.getByText('device unknown')).toHaveCount(0);
    await page.evaluate(watchShifts);
    for (const [at, section] of SECTIONS.entries()) {
      await page.getByRole('navigation', { name: 'Sections' }).getByRole('button').nth(at).click();
      await untilShown(page);
      const before = await page.evaluate(() => scrollY);
      expect(await shiftsWhile(page, () => write(writer, at + 1)), section).toEqual([]);
      expect(await page.evaluate(() => scrollY), section).toBe(before);
      const focused = await page.evaluate(
        () => document.querySelector('tabraft-app')?.shadowRoot?.activeElement?.id,
      );
      expect(focused).toBe(section);
    }
  });
}
