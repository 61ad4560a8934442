import { join } from 'node:path';
import type { StartOptions } from '../scripts/start-options.mjs';
import { OWN_NAMES, type Reach, reachOf, urlOf } from './addresses.ts';
import { type Certificate, certificateFor } from './certificate.ts';
import { type RunningServer, startServer, StartProblem } from './http.ts';

// `npm start` (scripts/start.mjs) builds the page first and then calls this.

const ROOT = join(import.meta.dirname, '..');
const CERTIFICATES = '.certificates';

/** Serves until a signal ends it; says why where it cannot start, with exit code 1. */
export async function run(options: StartOptions): Promise<void> {
  try {
    await serve(options);
  } catch (error) {
    console.error(error instanceof StartProblem ? error.message : error);
    process.exitCode = 1;
  }
}

async function serve({ https, host, port }: StartOptions): Promise<void> {
  const reach = reachOf(host);
  const certificate = https ? await findCertificate(reach) : null;
  const server = await startServer({
    port,
    host,
    tls: certificate,
    distDir: join(ROOT, 'dist'),
    configFile: join(ROOT, 'config.json'),
  });
  for (const line of greeting(reach, server.port, certificate)) console.log(line);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(server));
}

async function stop(server: RunningServer): Promise<void> {
  console.log('Stopping.');
  await server.close();
  process.exit(0);
}

async function findCertificate({ here, elsewhere }: Reach): Promise<Certificate> {
  const names = [...new Set([...OWN_NAMES, ...here, ...elsewhere])];
  try {
    return await certificateFor(names, { directory: join(ROOT, CERTIFICATES), nowMs: Date.now() });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartProblem(`There is no certificate, as ${CERTIFICATES}/ cannot be used: ${reason}`);
  }
}

/** Where the page is, and what whoever opens it should know. */
function greeting({ here, elsewhere }: Reach, port: number, certificate: Certificate | null): string[] {
  const scheme = certificate === null ? 'http' : 'https';
  const urls = (hosts: readonly string[]) => hosts.map((host) => urlOf(scheme, host, port));
  return [
    ...urls(here).map((url) => `tabraft: ${url}`),
    ...urls(elsewhere).map((url) => `tabraft: ${url} from any device in this network`),
    ...(certificate === null ? [] : aboutCertificate(certificate)),
    ...(elsewhere.length === 0 ? [] : aboutNetwork(certificate)),
    'Open it in three tabs: they form a cluster. Ctrl-C stops the server.',
  ];
}

function aboutCertificate({ madeBecause, fingerprint }: Certificate): string[] {
  return [
    ...(madeBecause === null ? [] : [`A new certificate was made, as ${madeBecause}.`]),
    'The certificate is this machine’s own, so each browser warns about it once. Its SHA-256 fingerprint:',
    `  ${fingerprint}`,
  ];
}

function aboutNetwork(certificate: Certificate | null): string[] {
  if (certificate === null) {
    return ['Other devices will refuse to run the page: away from localhost browsers want --https.'];
  }
  return [
    'Open the page at an address of this network, not at localhost, for a join link that other devices can use.',
    'Everyone in this network who has the join link can read, write and remove everything in the cluster.',
    'Tabs talk to this server and to each other; to servers elsewhere only if config.json names them.',
  ];
}
