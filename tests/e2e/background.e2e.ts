import { agreedLeader, expect, openCluster, openTabs, test } from './support/fixtures.ts';

test('hidden, throttled tabs keep their leader for a minute, and writes commit', async ({
  realBrowser: browser,
  server,
}) => {
  const tabs = await openTabs(browser, server.url, 3);
  const leader = await agreedLeader(tabs);
  const { term } = await leader.status();
  const visibility = await Promise.all(tabs.map(({ page }) => page.evaluate(() => document.visibilityState)));
  expect(visibility).toEqual(['hidden', 'hidden', 'visible']);
  // The throttling is the browser's own: a page's 10 ms interval fires about once a second.
  const beats = await tabs[0]?.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let count = 0;
        const timer = setInterval(() => (count += 1), 10);
        const startedAt = performance.now();
        const end = (): void => {
          if (performance.now() - startedAt < 3000) return;
          clearInterval(timer);
          resolve(count);
        };
        setInterval(end, 10);
      }),
  );
  expect(beats).toBeLessThan(10);

  const startedAt = Date.now();
  let writes = 0;
  while (Date.now() - startedAt < 60_000) {
    const tab = tabs[writes % tabs.length];
    expect(await tab?.put(`key-${writes}`, 'written')).toMatchObject({ outcome: 'ok' });
    writes += 1;
    const statuses = await Promise.all(tabs.map((each) => each.status()));
    expect(statuses.map((status) => status.term)).toEqual([term, term, term]);
  }
  expect(writes).toBeGreaterThan(60);
  expect(await agreedLeader(tabs)).toBe(leader);
});

test('a leader whose page is blocked for three seconds goes on leading', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(tabs);
  const { term } = await leader.status();
  const follower = tabs.find((tab) => tab !== leader);
  const blocked = leader.page.evaluate(() => {
    const until = performance.now() + 3000;
    while (performance.now() < until);
    return true;
  });
  const blockade = { isOver: false };
  void blocked.then(() => (blockade.isOver = true));
  let writes = 0;
  while (!blockade.isOver) {
    expect(await follower?.put(`key-${writes}`, 'written')).toMatchObject({ outcome: 'ok' });
    writes += 1;
  }
  expect(writes).toBeGreaterThan(10);
  expect(await blocked).toBe(true);
  for (const tab of tabs) expect((await tab.status()).term).toBe(term);
  expect(await agreedLeader(tabs)).toBe(leader);
});
