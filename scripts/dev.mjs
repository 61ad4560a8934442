// npm run dev: like npm start, with Vite's hot reload instead of a build (see vite.config.ts).

import { ROOT, setUp } from './setup.mjs';

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
    await server.close();
    process.exit(0);
  });
}
