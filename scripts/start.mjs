// npm start: set-up if needed, build, and the server, all in this one process.

import { build, setUp } from './setup.mjs';

const HELP = `Usage: npm start

Installs what is missing, builds the page, and serves it with the signaling server on one port.

  PORT      the port, 5173 unless set (0: any free one)
  HOST      the address to listen on; unless set, this machine only

Pages need a secure context: http://localhost, or HTTPS in front of any other address.
The cluster's options are in config.json (docs/configuration.md); an edit needs no restart.
SIGINT (Ctrl-C) and SIGTERM stop the server with exit code 0; 1 means that it could not start.`;

const [argument] = process.argv.slice(2);
if (argument === '--help' || argument === '-h') {
  console.log(HELP);
} else if (argument !== undefined) {
  console.error(`Unknown argument ${argument}: see npm start -- --help`);
  process.exitCode = 1;
} else {
  setUp();
  await build();
  const { register } = await import('tsx/esm/api');
  register();
  await import('../signaling/main.ts');
}
