import { expect, openCluster, Tab, test } from './support/fixtures.ts';

test('three tabs opened together form one cluster over WebRTC', async ({ context, server }) => {
  const started = Date.now();
  const tabs = await Promise.all([1, 2, 3].map(() => Tab.open(context, server.url)));
  const statuses = await Promise.all(tabs.map((tab) => tab.ready(60_000)));
  console.log('formed in', Date.now() - started, JSON.stringify(statuses, null, 1));
});
