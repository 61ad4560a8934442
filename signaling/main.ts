import { join } from 'node:path';
import { type RunningServer, startServer, StartProblem } from './http.ts';

// `npm start` (scripts/start.mjs) builds the page first and then runs this.

const ROOT = join(import.meta.dirname, '..');

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const host = env['HOST'] === undefined || env['HOST'] === '' ? null : env['HOST'];
  const server = await startServer({
    port: readPort(env['PORT']),
    host,
    distDir: join(ROOT, 'dist'),
    configFile: join(ROOT, 'config.json'),
  });
  console.log(`tabraft: http://${urlHost(host)}:${server.port}/`);
  console.log('Open it in three tabs: they form a cluster. Ctrl-C stops the server.');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(server));
}

async function stop(server: RunningServer): Promise<void> {
  console.log('Stopping.');
  await server.close();
  process.exit(0);
}

function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return 5173;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new StartProblem(`PORT is "${text}": expected a number from 0 to 65535`);
}

function urlHost(host: string | null): string {
  if (host === null) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

try {
  await main(process.env);
} catch (error) {
  console.error(error instanceof StartProblem ? error.message : error);
  process.exitCode = 1;
}
