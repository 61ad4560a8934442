// What `npm start` was asked for. It uses nothing that has to be installed.

import { parseArgs } from 'node:util';

const DEFAULT_PORT = 5173;

/** From the command line, else from the environment. Throws a `UsageProblem`. */
export function readStartOptions(args, env) {
  const { help = false, https = false, host, port } = parse(args);
  return {
    help,
    https,
    host: host === undefined ? readHost('HOST', env.HOST || undefined) : readHost('--host', host),
    port: port === undefined ? readPort('PORT', env.PORT || undefined) : readPort('--port', port),
  };
}

/** What was asked for makes no sense, in words for whoever asked. */
export class UsageProblem extends Error {}

function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h' },
        https: { type: 'boolean' },
        host: { type: 'string' },
        port: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    // parseArgs goes on to explain how to pass what looks like an option: the first sentence is enough.
    const text = error instanceof Error ? error.message : String(error);
    throw new UsageProblem(text.split('. ')[0], { cause: error });
  }
}

function readPort(name, text) {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageProblem(`${name} is "${text}": expected a number from 0 to 65535`);
}

/** Null: this machine only. */
function readHost(name, text) {
  if (text === undefined) return null;
  const host = text.replace(/^\[(.*)\]$/, '$1');
  if (/^[A-Za-z0-9.:_-]{1,253}$/.test(host)) return host;
  throw new UsageProblem(`${name} is "${text}": expected an address or a name, such as 0.0.0.0`);
}
