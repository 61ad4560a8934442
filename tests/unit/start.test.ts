import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStartOptions } from '../../scripts/start-options.mjs';
import { reachOf, urlOf } from '../../signaling/addresses.ts';

const DEFAULTS = { help: false, https: false, host: null, port: 5173 };

describe('the options of npm start', () => {
  test.each([
    ['nothing', [], {}, {}],
    ['all', ['--https', '--host', '0.0.0.0', '--port', '0'], {}, { https: true, host: '0.0.0.0', port: 0 }],
    ['the environment', [], { HOST: '::', PORT: '80' }, { host: '::', port: 80 }],
    ['an empty environment', [], { HOST: '', PORT: '' }, {}],
    ['both', ['--host=a.local', '--port=1'], { HOST: 'b', PORT: '2' }, { host: 'a.local', port: 1 }],
    ['an address as in a URL', ['--host', '[::1]'], {}, { host: '::1' }],
    ['help', ['-h'], {}, { help: true }],
  ])('%s', (_name, args, env, expected) => {
    expect(readStartOptions(args, env)).toEqual({ ...DEFAULTS, ...expected });
  });

  test.each([
    [['--port', '65536'], {}, '--port is "65536": expected a number from 0 to 65535'],
    [['--port='], {}, '--port is "": expected a number from 0 to 65535'],
    [[], { PORT: '0x50' }, 'PORT is "0x50": expected a number from 0 to 65535'],
    [['--host', 'http://x/'], {}, '--host is "http://x/": expected an address or a name'],
    [['--host'], {}, "Option '--host <value>' argument missing"],
    [['--htps'], {}, "Unknown option '--htps'"],
    [['0.0.0.0'], {}, "Unexpected argument '0.0.0.0'"],
  ])('refuses %j %j', (args, env, problem) => {
    expect(() => readStartOptions(args, env)).toThrow(problem);
  });

  test('nonsense ends with exit code 2 and where to read more, before anything is done', () => {
    const script = join(import.meta.dirname, '../../scripts/start.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--port', 'x'], {
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe('--port is "x": expected a number from 0 to 65535\nSee npm start -- --help\n');
  });
});

describe('where a server is reached', () => {
  const address = (text: string, family: 'IPv4' | 'IPv6', internal = false) => {
    const common = { address: text, netmask: '', mac: '', internal, cidr: null };
    return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 };
  };
  const interfaces = {
    lo: [address('127.0.0.1', 'IPv4', true), address('::1', 'IPv6', true)],
    wlan0: [address('192.168.1.7', 'IPv4'), address('2001:db8::7', 'IPv6'), address('fe80::7', 'IPv6')],
  };

  test.each([
    [null, ['localhost'], []],
    ['127.0.0.1', ['127.0.0.1'], []],
    ['0.0.0.0', ['localhost'], ['192.168.1.7']],
    ['::', ['localhost'], ['192.168.1.7', '2001:db8::7']],
    ['192.168.1.7', [], ['192.168.1.7']],
    ['table.local', [], ['table.local']],
  ])('listening on %s', (host, here, elsewhere) => {
    expect(reachOf(host, interfaces)).toEqual({ here, elsewhere });
  });

  test('an address of IPv6 stands in brackets', () => {
    expect(urlOf('https', '2001:db8::7', 5173)).toBe('https://[2001:db8::7]:5173/');
    expect(urlOf('http', 'localhost', 80)).toBe('http://localhost:80/');
  });
});
