import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { certificateFor } from '../../signaling/certificate.ts';
import { startServer } from '../../signaling/http.ts';
import { agreedLeader, expect, openCluster, ROOT, test } from './support/fixtures.ts';
import { LAUNCH } from './support/launch.ts';

/** This machine by a name for which browsers make no exception, as they do for localhost. */
const NAME = 'table.test';

interface Site {
  readonly context: BrowserContext;
  readonly url: string;
}

/** A server and a browser of its own, which takes any certificate. */
async function withSite(
  profile: string,
  isSecure: boolean,
  use: (site: Site) => Promise<void>,
): Promise<void> {
  const store = { directory: join(profile, 'certificates'), nowMs: Date.now() };
  const tls = isSecure ? await certificateFor([NAME], store) : null;
  const files = { distDir: join(ROOT, 'dist'), configFile: join(ROOT, 'config.json') };
  const server = await startServer({ port: 0, host: '127.0.0.1', tls, ...files });
  const context = await chromium.launchPersistentContext(join(profile, 'browser'), {
    ...LAUNCH,
    args: [...LAUNCH.args, `--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
    ignoreHTTPSErrors: true,
  });
  try {
    await use({ context, url: `${isSecure ? 'https' : 'http'}://${NAME}:${server.port}/` });
  } finally {
    await context.close();
    await server.close();
  }
}

test('over HTTPS two tabs form a cluster at an address that is not localhost', async ({ profile }) => {
  await withSite(profile, true, async ({ context, url }) => {
    const tabs = await openCluster(context, url, 2);
    const leader = await agreedLeader(tabs);
    expect(await leader.put('key', 'value')).toMatchObject({ outcome: 'ok' });
    for (const { page } of tabs) {
      await expect(page.getByText(/wss:\/\/table\.test:\d+\/signaling/)).toBeVisible();
      await expect(page.getByText('Another device cannot open this link')).toHaveCount(0);
      const rows = page.getByRole('group', { name: /^Member / });
      await expect(rows.filter({ hasText: 'this tab' })).toHaveText(/Chrom\w+ on /);
      await expect(rows.filter({ hasText: 'this browser' })).toHaveText(/Chrom\w+ on /);
    }
  });
});

test('over plain HTTP at an address that is not localhost, the page says what it needs', async ({
  profile,
}) => {
  await withSite(profile, false, async ({ context, url }) => {
    const page = await context.newPage();
    await page.goto(url);
    const alert = page.getByRole('alert');
    await expect(alert).toContainText('This address is not secure');
    await expect(alert).toContainText('over https: or at localhost only');
    await expect(alert).toContainText('npm start -- --https --host 0.0.0.0');
    expect(await page.evaluate(() => 'tabraft' in window)).toBe(false);
  });
});

test('what draws the QR code is loaded when it is first shown', async ({ context, server }) => {
  const [tab] = await openCluster(context, server.url, 1);
  if (tab === undefined) throw new Error('one tab');
  const { page } = tab;
  const scripts: string[] = [];
  page.on('request', (request) => {
    if (request.resourceType() === 'script') scripts.push(request.url());
  });
  await expect(page.getByText('Another device cannot open this link')).toBeVisible();
  await page.getByRole('button', { name: 'QR code' }).click();
  await expect(page.getByRole('img', { name: /^QR code of the join link http:.*#c=/ })).toBeVisible();
  expect(scripts.length).toBeGreaterThan(0);
});

test('members in another browser say what it is, and are not taken for this one', async ({
  context,
  server,
  otherBrowser,
}) => {
  const [home] = await openCluster(context, server.url, 1);
  if (home === undefined) throw new Error('one tab');
  const [guest] = await openCluster(await otherBrowser(), home.page.url(), 1);
  if (guest === undefined) throw new Error('one tab');
  for (const { page } of [home, guest]) {
    const other = page.getByRole('group', { name: /^Member / }).filter({ hasNotText: 'this tab' });
    await expect(other).toHaveText(/Chrom\w+ on /);
    await expect(other).not.toContainText('this browser');
  }
});
