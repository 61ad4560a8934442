import { applyUrlOverrides, parseConfig, type PageConfig } from './config/schema.ts';
import { SIGNALING_PATH } from '../signaling/protocol.ts';
import { messageOf } from './error-text.ts';
import { ClusterController } from './page/controller.ts';
import { prepareWorker } from './page/node-worker.ts';
import './ui/app.ts';
import type { Tabraft } from './api.ts';
import type { Fatal } from './ui/fatal-error.ts';

declare global {
  interface Window {
    tabraft: Tabraft;
  }
}

/** A page that cannot start at all: a title, and what is wrong, line by line. */
class StartError extends Error {
  constructor(
    readonly title: string,
    readonly problems: string[],
    readonly advice?: string,
  ) {
    super(problems.join('\n'));
  }
}

/** Elsewhere browsers withhold what a node needs: cryptography, locks, lasting storage. */
function requireSecureContext(): void {
  if (isSecureContext) return;
  const { origin } = location;
  throw new StartError(
    'This address is not secure',
    [`${origin}: browsers run this page over https: or at localhost only, and this is neither.`],
    'On the machine of the server, open it at localhost. For other devices, start the server with npm start -- --https --host 0.0.0.0 and open an https: address that it prints.',
  );
}

async function loadConfig(): Promise<PageConfig> {
  const response = await fetch('/config.json', { cache: 'no-store' });
  const json = (await response.json()) as unknown;
  const fromServer = problemsIn(json);
  if (!response.ok) throw new StartError('config.json is not valid', fromServer);
  const config = parseConfig(json);
  if (!config.ok) throw new StartError('config.json is not valid', config.problems);
  const overridden = applyUrlOverrides(config.config, new URLSearchParams(location.search));
  if (!overridden.ok) throw new StartError('The page’s address is not valid', overridden.problems);
  return overridden.config;
}

/** The server answers an invalid configuration with the list of its problems. */
function problemsIn(json: unknown): string[] {
  const { problems } = (json ?? {}) as { problems?: unknown };
  if (Array.isArray(problems)) return problems.map(String);
  return ['The server did not say why.'];
}

function signalingUrl(config: PageConfig): string {
  if (config.signaling.url !== null) return config.signaling.url;
  const url = new URL(SIGNALING_PATH, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

async function start(): Promise<void> {
  const app = document.querySelector('tabraft-app');
  if (app === null) throw new Error('index.html has no <tabraft-app>');
  try {
    requireSecureContext();
    prepareWorker();
    const config = await loadConfig();
    await ClusterController.open(config, signalingUrl(config), (controller) => {
      window.tabraft = controller.api;
      app.controller = controller;
    });
  } catch (error) {
    app.fatal = fatalOf(error);
  }
}

function fatalOf(error: unknown): Fatal {
  if (!(error instanceof StartError)) return { title: 'This tab cannot start', problems: [messageOf(error)] };
  const { title, problems, advice } = error;
  return { title, problems, ...(advice === undefined ? {} : { advice }) };
}

// Back from the back/forward cache, connections are closed and the lock may be somebody else's.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
// Another link pasted into the same tab is another cluster.
addEventListener('hashchange', () => location.reload());

void start();
