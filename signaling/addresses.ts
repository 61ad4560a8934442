import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** The names that this machine has for itself. */
export const OWN_NAMES = ['localhost', '127.0.0.1', '::1'] as const;
const ANY_IPV4 = '0.0.0.0';
const ANY_IPV6 = '::';

/** Where a server that listens on `host` can be reached: from this machine, and from others. */
export interface Reach {
  readonly here: readonly string[];
  readonly elsewhere: readonly string[];
}

export function reachOf(host: string | null, interfaces: Interfaces = networkInterfaces()): Reach {
  if (host === null || isLoopback(host)) return { here: [host ?? 'localhost'], elsewhere: [] };
  if (host !== ANY_IPV4 && host !== ANY_IPV6) return { here: [], elsewhere: [host] };
  const elsewhere = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    // A link-local address of IPv6 means nothing without the name of an interface.
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .filter(({ family }) => family === 'IPv4' || host === ANY_IPV6)
    .map(({ address }) => address);
  return { here: ['localhost'], elsewhere };
}

export function urlOf(scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}/`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}
