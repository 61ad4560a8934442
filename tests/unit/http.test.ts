import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { certificateFor } from '../../signaling/certificate.ts';
import { type RunningServer, type ServerOptions, startServer, StartProblem } from '../../signaling/http.ts';

let folder: string;
let options: ServerOptions;
const running: RunningServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tabraft-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>tabraft</title>');
  await writeFile(join(folder, 'config.json'), '{}');
  options = { port: 0, host: '127.0.0.1', distDir: folder, configFile: join(folder, 'config.json') };
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  await rm(folder, { recursive: true });
  vi.restoreAllMocks();
});

async function start(changes: Partial<ServerOptions> = {}): Promise<string> {
  const server = await startServer({ ...options, ...changes });
  running.push(server);
  return `127.0.0.1:${server.port}`;
}

function open(url: string, options: { ca?: string } = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

describe('the server of npm start', () => {
  test('serves the page, with headers that let only its own code run', async () => {
    const response = await fetch(`http://${await start()}/`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<title>tabraft</title>');
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  test('serves signaling on the same port, and says in /healthz what it holds', async () => {
    const address = await start();
    const socket = await open(`ws://${address}/signaling`);
    const answer = new Promise((resolve) =>
      socket.once('message', (data: Buffer) => resolve(data.toString())),
    );
    socket.send(JSON.stringify({ type: 'join', room: 'r'.repeat(16), peer: 'p'.repeat(16) }));
    expect(await answer).toBe('{"type":"joined","peers":[]}');
    const response = await fetch(`http://${address}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: 'ok',
      uptimeSeconds: expect.any(Number) as number,
      signaling: { connections: 1, rooms: 1, peers: 1, refused: {} },
    });
  });

  test('refuses sockets to other paths, methods that write, and what is not there', async () => {
    const address = await start();
    await expect(open(`ws://${address}/other`)).rejects.toThrow('404');
    expect((await fetch(`http://${address}/`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`http://${address}/missing`)).status).toBe(404);
    expect((await fetch(`http://${address}/%2e%2e%2fpackage.json`)).status).toBe(404);
  });

  test('survives a range that makes no sense', async () => {
    const address = await start();
    const response = await fetch(`http://${address}/index.html`, { headers: { range: 'bytes=5-2' } });
    expect(response.status).toBe(200);
  });

  test('listens on both loopback addresses unless told otherwise', async () => {
    const address = await start({ host: null });
    const port = address.split(':')[1] ?? '';
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    const v6 = await new Promise<number | string | undefined>((resolve) => {
      request({ host: '::1', port, path: '/healthz' }, (response) => resolve(response.resume().statusCode))
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        .end();
    });
    expect([200, 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH']).toContain(v6);
  });

  test('closes cleanly under open connections, and the port is free again', async () => {
    const server = await startServer(options);
    const socket = await open(`ws://127.0.0.1:${server.port}/signaling`);
    await fetch(`http://127.0.0.1:${server.port}/`); // leaves a kept-alive connection
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await server.close();
    expect(await closed).toBe(1001);
    running.push(await startServer({ ...options, port: server.port }));
  });
});

describe('over HTTPS', () => {
  async function startSecurely(): Promise<{ address: string; ca: string }> {
    const store = { directory: join(folder, 'certificates'), nowMs: Date.now() };
    const tls = await certificateFor(['localhost', '127.0.0.1'], store);
    return { address: await start({ tls }), ca: tls.cert };
  }

  /** As a browser that trusts the certificate, and nothing else. */
  function get(url: string, ca: string): Promise<{ status: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      secureRequest(url, { ca }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  test('serves page and signaling on one port, to whoever trusts the certificate', async () => {
    const { address, ca } = await startSecurely();
    expect(await get(`https://${address}/`, ca)).toEqual({
      status: 200,
      body: expect.stringContaining('<title>tabraft</title>') as string,
    });
    const socket = await open(`wss://${address}/signaling`, { ca });
    const answer = new Promise((resolve) =>
      socket.once('message', (data: Buffer) => resolve(data.toString())),
    );
    socket.send(JSON.stringify({ type: 'join', room: 'r'.repeat(16), peer: 'p'.repeat(16) }));
    expect(await answer).toBe('{"type":"joined","peers":[]}');
    await expect(open(`wss://${address}/signaling`)).rejects.toThrow('self-signed certificate');
  });

  test('survives plain HTTP and nonsense on its port', async () => {
    const { address, ca } = await startSecurely();
    await expect(fetch(`http://${address}/`)).rejects.toThrow();
    await new Promise<void>((resolve) => {
      const socket = connect(Number(address.split(':')[1]), '127.0.0.1', () =>
        socket.end('nonsense\r\n\r\n'),
      );
      socket.on('error', () => undefined).on('close', () => resolve());
    });
    expect((await get(`https://${address}/healthz`, ca)).status).toBe(200);
  });
});

describe('config.json', () => {
  test('is served with its defaults, and read anew after an edit', async () => {
    const address = await start();
    const read = async () => (await fetch(`http://${address}/config.json`)).json() as Promise<object>;
    expect(await read()).toMatchObject({ timing: { heartbeatMs: 100 }, servers: [{ name: 'A' }, {}, {}] });
    await writeFile(options.configFile, '{"timing":{"heartbeatMs":50}}');
    expect(await read()).toMatchObject({ timing: { heartbeatMs: 50 } });
  });

  test.each([
    ['a wrong value', '{"timing":{"heartbeatMs":"fast"}}', /^timing\.heartbeatMs: expected an integer/],
    ['what is not JSON', '{', /^config\.json: not JSON: /],
  ])('edited to %s: HTTP 500 with the problems, and a line on stderr', async (_name, text, problem) => {
    const address = await start();
    const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await writeFile(options.configFile, text);
    const response = await fetch(`http://${address}/config.json`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ problems: [expect.stringMatching(problem)] });
    expect(stderr).toHaveBeenCalledOnce();
  });

  test('wrong at the start: the server does not start', async () => {
    await writeFile(options.configFile, '{"storage":{"kind":"disk"}}');
    await expect(startServer(options)).rejects.toThrow(
      'config.json is wrong:\n  storage.kind: expected one of indexeddb, opfs, memory, received "disk"',
    );
    await rm(options.configFile);
    await expect(startServer(options)).rejects.toThrow('config.json: cannot be read');
  });
});

describe('what keeps it from starting is said in a line', () => {
  test('a taken port', async () => {
    const first = await startServer(options);
    running.push(first);
    const problem = startServer({ ...options, port: first.port });
    await expect(problem).rejects.toThrow(StartProblem);
    await expect(problem).rejects.toThrow(`Port ${first.port} is taken`);
  });

  test('an address that is not of this machine', async () => {
    await expect(startServer({ ...options, host: '192.0.2.1' })).rejects.toThrow(
      '"192.0.2.1" is no address of this machine',
    );
  });

  test('a page that was not built', async () => {
    await rm(join(folder, 'index.html'));
    await expect(startServer(options)).rejects.toThrow('npm run build');
  });
});
