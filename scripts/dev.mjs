// npm run dev: like npm start, with Vite's hot reload instead of a build (see vite.config.ts).

import { ROOT, setUp } from './setup.mjs';

const HELP = `Usage: npm run dev

Serves the page from its sources, with hot reload, and the signaling server, on one port.

  PORT      the port, 5173 unless set

SIGINT (Ctrl-C) and SIGTERM stop the server with exit code 0; 1 means that it could not start.`;

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  const isHelp = argument === '--help' || argument === '-h';
  console[isHelp ? 'log' : 'error'](
    isHelp ? HELP : `Unknown argument ${argument}: see npm run dev -- --help`,
  );
  process.exit(isHelp ? 0 : 1);
}

setUp();
const { createServer } = await import('vite');
const server = await createServer({ root: ROOT, clearScreen: false });
try {
  await server.listen();
  server.printUrls();
  console.log('Open it in three tabs: they form a cluster. Ctrl-C stops the server.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1); // what watches files and has timers would keep the process
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    // Vite ends the process on SIGTERM by itself, with this.
    process.exitCode = 0;
    await server.close();
    process.exit(0);
  });
}
