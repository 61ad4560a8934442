import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { basename, join } from 'node:path';
import sirv from 'sirv';
import { type Checked, type Config, parseConfig } from '../src/config/schema.ts';
import { createSignalingServer, type SignalingLimits, type SignalingServer } from './server.ts';

export interface ServerOptions {
  /** 0: any free one. */
  port: number;
  /** Null: this machine only, as 127.0.0.1 and, where there is one, ::1. */
  host: string | null;
  /** In PEM. Without it: plain HTTP, over which browsers run the page at localhost only. */
  tls?: { readonly cert: string; readonly key: string } | null;
  /** What `vite build` made. */
  distDir: string;
  configFile: string;
  limits?: Partial<SignalingLimits>;
}

export interface RunningServer {
  port: number;
  close(): Promise<void>;
}

/** Why the server cannot start, in words for whoever started it. */
export class StartProblem extends Error {}

const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // Peers and the signaling server may be anywhere; all that runs comes from here.
  'Content-Security-Policy': [
    "default-src 'self'",
    "worker-src 'self' blob:",
    "connect-src 'self' ws: wss:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

/** Page, configuration, health and signaling on one port. Throws a `StartProblem`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { distDir, configFile, host, tls = null } = options;
  const config = await readConfig(configFile);
  if (!config.ok)
    throw new StartProblem(`${basename(configFile)} is wrong:\n  ${config.problems.join('\n  ')}`);
  if (!existsSync(join(distDir, 'index.html'))) {
    throw new StartProblem(`${distDir} holds no built page: run npm run build`);
  }

  const signaling = createSignalingServer(options.limits);
  const answerData = createDataHandler(configFile, signaling);
  // `dev` reads from disk at each request, so that a build under a running server is harmless.
  const answerFile = sirv(distDir, { dev: true, etag: true });
  const makeServer = () => {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      // sirv throws at ranges that make no sense, and the files here are too small to need ranges.
      delete request.headers.range;
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'Only GET and HEAD\n');
      else answerData(request, response, () => answerFile(request, response));
    };
    const server: Server = tls === null ? createServer(onRequest) : createSecureServer(tls, onRequest);
    server.on('upgrade', (request, socket, head) => {
      if (signaling.handleUpgrade(request, socket, head)) return;
      socket.on('error', () => socket.destroy());
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    });
    return server;
  };

  const servers = await listenOnAll(makeServer, options.port, host).catch(async (error: unknown) => {
    await signaling.close();
    throw toStartProblem(error, options);
  });
  return {
    port: boundPort(servers[0]),
    close: async () => {
      // New connections are refused first; those that wait for nothing are not waited for.
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      await signaling.close();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

/** Answers `/config.json` and `/healthz`, and leaves the rest to `next`. The dev server uses it, too. */
export function createDataHandler(configFile: string, signaling: SignalingServer) {
  const startedAtMs = performance.now();
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const path = request.url?.split('?')[0];
    if (path === '/config.json') {
      void answerConfig(configFile, response);
    } else if (path === '/healthz') {
      const uptimeSeconds = Math.floor((performance.now() - startedAtMs) / 1000);
      answer(response, 200, { status: 'ok', uptimeSeconds, signaling: signaling.health() });
    } else {
      next();
    }
  };
}

/** Read anew at each request: an edit needs no restart. */
async function answerConfig(configFile: string, response: ServerResponse): Promise<void> {
  const checked = await readConfig(configFile);
  if (checked.ok) {
    answer(response, 200, checked.config);
    return;
  }
  console.error(`${basename(configFile)} is wrong: ${checked.problems.join('; ')}`);
  answer(response, 500, { problems: checked.problems });
}

export async function readConfig(file: string): Promise<Checked<Config>> {
  try {
    return parseConfig(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'not JSON' : 'cannot be read';
    return { ok: false, problems: [`${basename(file)}: ${reason}: ${messageOf(error)}`] };
  }
}

function answer(response: ServerResponse, status: number, body: string | object): void {
  const isText = typeof body === 'string';
  response.writeHead(status, {
    'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    'Cache-Control': 'no-cache',
  });
  response.end(isText ? body : JSON.stringify(body));
}

/** `localhost` is 127.0.0.1 or ::1, as the browser likes: unless told otherwise, listen on both. */
async function listenOnAll(
  makeServer: () => Server,
  port: number,
  host: string | null,
): Promise<[Server, ...Server[]]> {
  const first = await listen(makeServer(), port, host ?? '127.0.0.1');
  if (host !== null) return [first];
  try {
    return [first, await listen(makeServer(), boundPort(first), '::1')];
  } catch (error) {
    if (isCode(error, 'EADDRNOTAVAIL') || isCode(error, 'EAFNOSUPPORT')) return [first]; // no IPv6 here
    first.close();
    throw error;
  }
}

function listen(server: Server, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function toStartProblem(error: unknown, { port, host }: ServerOptions): unknown {
  if (isCode(error, 'EADDRINUSE')) {
    return new StartProblem(
      `Port ${port} is taken: stop what uses it, or choose another, as in npm start -- --port 5174`,
    );
  }
  if (isCode(error, 'EACCES'))
    return new StartProblem(`Port ${port} needs more rights: choose one above 1023`);
  if (isCode(error, 'EADDRNOTAVAIL') || isCode(error, 'ENOTFOUND')) {
    return new StartProblem(`"${host ?? ''}" is no address of this machine: name one of its own, or 0.0.0.0`);
  }
  return error;
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
