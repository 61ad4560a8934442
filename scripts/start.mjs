// npm start: set-up if needed, build, and the server, all in this one process.

import { build, setUp } from './setup.mjs';
import { readStartOptions, UsageProblem } from './start-options.mjs';

const HELP = `Usage: npm start -- [--https] [--host ADDRESS] [--port N]

Installs what is missing, builds the page, and serves it with the signaling server on one port.

  --https         over HTTPS, with a certificate of this machine's own, kept in .certificates/
  --host ADDRESS  listen on this address; 0.0.0.0 for the whole network (unless set, this machine only)
  --port N        the port, 5173 unless set (0: any free one)
  --help          this text

HOST and PORT in the environment do the same as --host and --port, which come first.
Browsers run the page at http://localhost, or over HTTPS: for other devices take both,
npm start -- --https --host 0.0.0.0 (docs/joining.md).
The cluster's options are in config.json (docs/configuration.md); an edit needs no restart.
SIGINT (Ctrl-C) and SIGTERM stop the server with exit code 0; 1 means that it could not start, 2 that
an argument makes no sense.`;

try {
  const options = readStartOptions(process.argv.slice(2), process.env);
  if (options.help) console.log(HELP);
  else await start(options);
} catch (error) {
  if (!(error instanceof UsageProblem)) throw error;
  console.error(`${error.message}\nSee npm start -- --help`);
  process.exitCode = 2;
}

async function start(options) {
  setUp();
  await build();
  const { register } = await import('tsx/esm/api');
  register();
  const { run } = await import('../signaling/main.ts');
  await run(options);
}
