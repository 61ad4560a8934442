import { mkdtemp, rm, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import WebSocket from 'ws';
const root = process.cwd();
const opts = JSON.parse(process.argv[2] ?? '{}');
const { findOrInstallBrowser } = await import(join(root, 'scripts/browser.mjs'));
const { startServer } = await import(join(root, 'signaling/http.ts'));
const { RealBrowser } = await import(join(root, 'src/drive/browser.ts'));
const server = await startServer({ port: 0, host: null, distDir: '/tmp/perf/dist-plain', configFile: join(root, 'config.json') });
const profile = await mkdtemp('/tmp/perf-profile-');
const browser = await RealBrowser.launch(findOrInstallBrowser(), profile);
try {
  const url = `http://localhost:${server.port}/${opts.query ?? ''}`;
  const pages: any[] = [];
  for (let i = 0; i < 3; i++) { const p = await browser.openTab(url); await p.evaluate((ms: number) => (window as any).tabraft.ready(ms), 60000); pages.push(p); }
  if (opts.hidden) { const [c] = (browser as any).browser.contexts(); const o = c.waitForEvent('page'); await (browser as any).session.send('Target.createTarget', { url: 'about:blank' }); await o; }
  const st = await Promise.all(pages.map((p) => p.evaluate(() => (window as any).tabraft.status())));
  const li = st.findIndex((s: any) => s.role === 'leader');
  const [port, path] = (await readFile(join(profile, 'DevToolsActivePort'), 'utf8')).split('\n');
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { maxPayload: 1 << 29 });
  await new Promise((r) => ws.once('open', r));
  let id = 0; const waiting = new Map<number, any>(); const workers = new Map<string, string[]>();
  ws.on('message', (d) => { const m = JSON.parse(String(d)); if (m.id) { waiting.get(m.id)?.(m); waiting.delete(m.id); } else if (m.method === 'Target.attachedToTarget' && m.params.targetInfo.type === 'worker') { const a = workers.get(m.sessionId) ?? []; a.push(m.params.sessionId); workers.set(m.sessionId, a); } });
  const send = (method: string, params: any = {}, sessionId?: string) => new Promise<any>((r) => { id++; waiting.set(id, r); ws.send(JSON.stringify({ id, method, params, sessionId })); });
  const targets = (await send('Target.getTargets')).result.targetInfos.filter((t: any) => t.type === 'page' && t.url.startsWith('http://localhost'));
  const sess: any[] = [];
  for (const t of targets) { const s = (await send('Target.attachToTarget', { targetId: t.targetId, flatten: true })).result.sessionId; await send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true }, s); const name = (await send('Runtime.evaluate', { expression: 'tabraft.status().then(s=>s.name+" "+s.role)', awaitPromise: true, returnByValue: true }, s)).result.result.value; sess.push({ name, page: s, worker: workers.get(s)?.[0] }); }
  const all = sess.flatMap((s) => [[`${s.name} page`, s.page], [`${s.name} worker`, s.worker]]).filter(([n]) => opts.all || n.includes('leader') || n.includes('C') );
  for (const [, s] of all) { await send('Profiler.enable', {}, s); await send('Profiler.setSamplingInterval', { interval: 200 }, s); await send('Profiler.start', {}, s); }
  const [what, inFlight, ms] = opts.run ?? ['put', 256, 3000];
  const r = await pages[opts.follower ? (li + 1) % 3 : li].evaluate(async ([what, inFlight, ms]: any) => {
    const t = (window as any).tabraft; const v = 'x'.repeat(100); const begun = performance.now(); let n = 0;
    await Promise.all(Array.from({ length: inFlight }, async (_, w) => { while (performance.now() - begun < ms) { const o = what === 'put' ? await t.raft.put('k' + w, v) : await t.raft.get('k' + w); if (o.outcome !== 'ok') throw new Error(o.reason); n++; } }));
    return n / ((performance.now() - begun) / 1000);
  }, [what, inFlight, ms]);
  console.log(`${what} x${inFlight}: ${Math.round(r)}/s`);
  for (const [name, s] of all) {
    const { profile: p } = (await send('Profiler.stop', {}, s)).result;
    const self = new Map<string, number>(); const byId = new Map<number, any>(p.nodes.map((n: any) => [n.id, n]));
    let total = 0;
    p.samples.forEach((sid: number, i: number) => { const n = byId.get(sid); const f = n.callFrame; const k = `${f.functionName || '(anon)'} ${f.url.split('/').pop()}:${f.lineNumber + 1}`; const dt = p.timeDeltas[i]; self.set(k, (self.get(k) ?? 0) + dt); total += dt; });
    // inclusive
    const parent = new Map<number, number>(); for (const n of p.nodes) for (const c of n.children ?? []) parent.set(c, n.id);
    const incl = new Map<string, number>();
    p.samples.forEach((sid: number, i: number) => { const seen = new Set<string>(); for (let c: number | undefined = sid; c !== undefined; c = parent.get(c)) { const f = byId.get(c).callFrame; const k = `${f.functionName || '(anon)'} :${f.lineNumber + 1}`; if (!seen.has(k)) { seen.add(k); incl.set(k, (incl.get(k) ?? 0) + p.timeDeltas[i]); } } });
    const top = (m: Map<string, number>, n: number) => [...m].sort((a, b) => b[1] - a[1]).slice(0, n).map(([k, v]) => `  ${(100 * v / total).toFixed(1).padStart(5)}% ${k}`).join('\n');
    console.log(`== ${name} (${(total / 1e6).toFixed(1)} s)\nself:\n${top(self, opts.top ?? 22)}\nincl:\n${top(incl, opts.top ?? 30)}`);
  }
  ws.close();
} finally { await browser.kill(); await server.close(); await rm(profile, { recursive: true, force: true, maxRetries: 5 }); }
