import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
const root = process.argv[2];
const opts = JSON.parse(process.argv[3] ?? '{}');
const { findOrInstallBrowser } = await import(join(root, 'scripts/browser.mjs'));
const { startServer } = await import(join(root, 'signaling/http.ts'));
const { RealBrowser } = await import(join(root, 'src/drive/browser.ts'));
const server = await startServer({ port: 0, host: null, distDir: join(root, 'dist'), configFile: opts.config ?? join(root, 'config.json') });
const profile = await mkdtemp('/tmp/perf-profile-');
const browser = await RealBrowser.launch(findOrInstallBrowser(), profile);
try {
  const url = `http://localhost:${server.port}/${opts.query ?? ''}`;
  const pages: any[] = [];
  for (let i = 0; i < (opts.tabs ?? 3); i++) {
    const page = await browser.openTab(url);
    await page.evaluate((ms: number) => (window as any).tabraft.ready(ms), 60000);
    pages.push(page);
  }
  const st = await Promise.all(pages.map((p) => p.evaluate(() => (window as any).tabraft.status())));
  const leader = pages[st.findIndex((s: any) => s.role === 'leader')];
  const follower = pages[st.findIndex((s: any) => s.role !== 'leader')];
  const run = async (page: any, what: string, inFlight: number, ms: number, bytes = 100) => {
    const r = await page.evaluate(async ([what, inFlight, ms, bytes]: any) => {
      const t = (window as any).tabraft; const v = 'x'.repeat(bytes);
      const begun = performance.now(); const lat: number[] = [];
      await Promise.all(Array.from({ length: inFlight }, async (_, w) => {
        while (performance.now() - begun < ms) {
          const t0 = performance.now();
          const o = what === 'put' ? await t.raft.put('k' + w, v) : what === 'get' ? await t.raft.get('k' + w) : what === 'local' ? await t.raft.get('k' + w, {consistency: 'local'}) : what === 'abdput' ? await t.abd.put('k' + w, v) : await t.abd.get('k' + w);
          if (o.outcome !== 'ok') throw new Error(o.reason);
          lat.push(performance.now() - t0);
        }
      }));
      const s = (performance.now() - begun) / 1000; lat.sort((a, b) => a - b);
      return { n: lat.length, perS: Math.round(lat.length / s), p50: lat[lat.length >> 1], p99: lat[Math.floor(lat.length * 0.99)] };
    }, [what, inFlight, ms, bytes]);
    console.log(`${what}@${page === leader ? 'leader' : 'follower'} x${inFlight}: ${r.perS}/s p50 ${r.p50.toFixed(2)} p99 ${r.p99.toFixed(2)}`);
  };
  if (opts.hidden) { const [c] = (browser as any).browser.contexts(); const o = c.waitForEvent('page'); await (browser as any).session.send('Target.createTarget', { url: 'about:blank' }); await o; }
  console.log('visible:', await Promise.all(pages.map((p) => p.evaluate(() => document.visibilityState))), 'leader', pages.indexOf(leader));
  await run(leader, 'put', 1, 1000);
  for (const [w, who, n, ms] of opts.runs ?? [['put', 'l', 1, 3000], ['put', 'f', 1, 2000], ['put', 'l', 16, 2000], ['put', 'l', 256, 3000], ['put','l',2048,3000], ['get','l',1,1500], ['get','f',1,1500], ['get','l',256,1500], ['local','l',1,1000], ['abdput','l',1,1500], ['abdget','l',1,1500]]) {
    if (opts.profile && w === opts.profile[0] && n === opts.profile[1]) {
      // CPU profile of the leader's worker and page
      const session = await leader.context().newCDPSession(leader);
      const sessions: any[] = [];
      await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
      (globalThis as any).__p = 1;
    }
    await run(who === 'l' ? leader : follower, w, n, ms);
  }
} finally { await browser.kill(); await server.close(); await rm(profile, { recursive: true, force: true, maxRetries: 5 }); }
