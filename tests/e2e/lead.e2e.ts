import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agreedLeader, expect, openCluster, ROOT, Tab, test, TestServer } from './support/fixtures.ts';
import { missingWrites, Writer } from './support/writer.ts';

async function nameOf(tab: Tab): Promise<string> {
  const { name } = await tab.status();
  if (name === null) throw new Error('the tab has no name yet');
  return name;
}

async function kindsIn(tab: Tab): Promise<Record<string, string>> {
  const { members } = await tab.status();
  return Object.fromEntries(members.map(({ name, kind }) => [name, kind]));
}

test('leadership is handed over by the page’s button, and writes go on', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const first = await agreedLeader(tabs);
  const [second, bystander] = tabs.filter((tab) => tab !== first);
  if (second === undefined || bystander === undefined) throw new Error('three tabs');
  const writer = new Writer('transfer', () => tabs);
  await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(20);

  // By a tab that neither leads nor is to lead, and back by the leader itself.
  for (const [from, to] of [
    [bystander, second],
    [second, first],
  ] as const) {
    const before = await from.status();
    const name = await nameOf(to);
    await from.page.getByRole('button', { name: `Lead ${name}`, exact: true }).click();
    await expect(from.page.getByText(`${name} leads now.`)).toBeVisible();
    expect(await agreedLeader(tabs)).toBe(to);
    expect((await to.status()).term).toBeGreaterThan(before.term);
    await expect(from.page.getByRole('button', { name: `Lead ${name}`, exact: true })).toBeDisabled();
    const atTransfer = writer.acknowledged.size;
    await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(atTransfer + 20);
  }

  await writer.stop();
  for (const tab of tabs) expect(await missingWrites(tab, writer.acknowledged)).toEqual([]);
});

test('a snapshot is taken by the page’s button, and is there after a reload', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const [tab, other] = tabs;
  if (tab === undefined || other === undefined) throw new Error('three tabs');
  for (const value of ['1', '2', '3']) expect(await tab.put('key', value)).toMatchObject({ outcome: 'ok' });
  const before = await tab.status();
  expect(before.snapshotIndex).toBe(0);
  await tab.page.getByRole('button', { name: 'Snapshot', exact: true }).click();
  await expect(tab.page.getByText(/^The snapshot reaches entry \d+ now\.$/)).toBeVisible();
  const { snapshotIndex } = await tab.status();
  expect(snapshotIndex).toBeGreaterThanOrEqual(before.appliedIndex);
  expect((await other.status()).snapshotIndex).toBe(0);

  expect(await tab.put('key', '4')).toMatchObject({ outcome: 'ok' });
  await tab.reload();
  await tab.ready();
  expect((await tab.status()).snapshotIndex).toBe(snapshotIndex);
  expect(await tab.get('key')).toEqual({ outcome: 'ok', value: '4' });
});

for (const role of ['a follower', 'the leader']) {
  test(`a learner takes the place of ${role} that is lost, which comes back as a learner`, async ({
    context,
    profile,
  }) => {
    const config = JSON.parse(await readFile(join(ROOT, 'config.json'), 'utf8')) as {
      timing: Record<string, unknown>;
    };
    const configFile = join(profile, 'config.json');
    const timing = { ...config.timing, replaceVoterMs: 5000 };
    await writeFile(configFile, JSON.stringify({ ...config, timing }));
    const server = new TestServer(configFile);
    await server.start();
    try {
      const tabs = await openCluster(context, server.url, 4);
      const [founder, , , fourth] = tabs;
      if (founder === undefined || fourth === undefined) throw new Error('four tabs');
      expect(await kindsIn(fourth)).toEqual({ A: 'voter', B: 'voter', C: 'voter', D: 'learner' });
      const leader = await agreedLeader(tabs);
      const lost = role === 'the leader' ? leader : tabs.find((tab) => tab !== leader && tab !== fourth);
      if (lost === undefined) throw new Error('three voters');
      const { memberId } = await lost.status();
      const name = await nameOf(lost);
      expect(await lost.put('before', '1')).toMatchObject({ outcome: 'ok' });
      await lost.page.close();

      const rest = tabs.filter((tab) => tab !== lost);
      const expected = { A: 'voter', B: 'voter', C: 'voter', D: 'voter', [name]: 'learner' };
      for (const tab of rest) await expect.poll(() => kindsIn(tab)).toEqual(expected);
      await agreedLeader(rest);
      expect(await fourth.put('after', '2')).toMatchObject({ outcome: 'ok' });

      const reopened = await Tab.open(context, server.url);
      expect(await reopened.ready()).toMatchObject({ memberId, name });
      // What it has stored says otherwise, until it hears what came after.
      await expect.poll(async () => (await reopened.status()).role).toBe('learner');
      expect(await reopened.get('before')).toEqual({ outcome: 'ok', value: '1' });
      expect(await reopened.get('after')).toEqual({ outcome: 'ok', value: '2' });
      expect(await reopened.put('back', '3')).toMatchObject({ outcome: 'ok' });
      expect(await fourth.get('back')).toEqual({ outcome: 'ok', value: '3' });
      expect(await kindsIn(fourth)).toEqual(expected);
      await expect(reopened.page.getByText('Replaced as a voter')).toBeVisible();
    } finally {
      await server.stop();
    }
  });
}

test('a removed member says so, and comes back as a new one', async ({ context, server }) => {
  const cluster = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(cluster);
  const removed = cluster.find((tab) => tab !== leader);
  if (removed === undefined) throw new Error('three tabs');
  const { memberId } = await removed.status();
  const name = await nameOf(removed);
  expect(await leader.put('key', '1')).toMatchObject({ outcome: 'ok' });
  const answer = await leader.page.evaluate((who) => window.tabraft.raft.removeMember(who), name);
  expect(answer).toMatchObject({ outcome: 'ok' });
  const { page } = removed;
  await expect(page.getByText('Removed from the cluster', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Join as a new member' }).click();
  await expect(page.getByText('Removed from the cluster', { exact: true })).toBeHidden();
  const status = await removed.ready();
  expect(status.memberId).not.toBe(memberId);
  expect(status.role).toBe('follower');
  expect(await removed.get('key')).toEqual({ outcome: 'ok', value: '1' });
});

test('a learner that is removed while it is cut off hears of it, and one whose tab was closed joins as a new one', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 4);
  const [first, , , fourth] = tabs;
  if (first === undefined || fourth === undefined) throw new Error('four tabs');
  const { name, memberId } = await fourth.status();
  await first.page.evaluate((learner) => window.tabraft.faults.preset('isolate', learner), name ?? '');
  await expect.poll(async () => (await fourth.status()).leader).toBeNull();
  expect(await first.page.evaluate((n) => window.tabraft.raft.removeMember(n), name ?? '')).toMatchObject({
    outcome: 'ok',
  });
  await first.page.evaluate(() => window.tabraft.faults.clear());
  await expect.poll(async () => (await fourth.status()).stoppedReason).toContain('removed from the cluster');
  expect((await first.status()).members.map((m) => m.id)).not.toContain(memberId);
  await fourth.reload();
  const again = await fourth.ready();
  expect(again.memberId).not.toBe(memberId);
  const second = again.name ?? '';
  await fourth.page.close();
  expect(await first.page.evaluate((n) => window.tabraft.raft.removeMember(n), second)).toMatchObject({
    outcome: 'ok',
  });
  const opened = await Tab.open(context, server.url);
  const last = await opened.ready();
  expect(last.memberId).not.toBe(again.memberId);
  expect((await first.status()).members).toHaveLength(4);
});
