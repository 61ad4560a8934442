import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { applyUrlOverrides, type Config, parseConfig, parseFaultRule } from '../../src/config/schema.ts';

function defaults(): Config {
  const parsed = parseConfig({});
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

function problemsOf(json: unknown): string[] {
  const parsed = parseConfig(json);
  return parsed.ok ? [] : parsed.problems;
}

describe('config.json', () => {
  test('the one at the root says every option, with its default', async () => {
    const json: unknown = JSON.parse(await readFile('config.json', 'utf8'));
    expect(json).toEqual(defaults());
    expect(parseConfig(json)).toEqual({ ok: true, config: defaults() });
  });

  test('docs/configuration.md names every option', async () => {
    const text = await readFile('docs/configuration.md', 'utf8');
    for (const [section, options] of Object.entries(defaults())) {
      const isGroup = typeof options === 'object' && !Array.isArray(options);
      const names = isGroup ? Object.keys(options).map((key) => `${section}.${key}`) : [section];
      for (const name of names) expect(text).toContain(`\`${name}\``);
    }
  });

  test('a full configuration is kept as it is', () => {
    const config: Config = {
      ...defaults(),
      servers: [{ name: 'Solo', logLevel: 'debug' }],
      storage: { kind: 'memory' },
      signaling: { url: 'wss://example.org/signaling', reconnectMs: [100, 100] },
      iceServers: [
        { urls: 'stun:10.0.0.1' },
        { urls: ['turn:10.0.0.1:3478'], username: 'user', credential: 'secret' },
      ],
      proxy: {
        seed: 0,
        rules: [
          { id: 'slow', kind: 'delay', from: 'A', to: ['B', 'C'], delayMs: [0, 100] },
          { id: 'lossy', kind: 'drop', messages: ['heartbeat'], probability: 0.5 },
        ],
      },
    };
    expect(parseConfig(config)).toEqual({ ok: true, config });
  });

  test.each<[unknown, string]>([
    [undefined, 'config.json: expected an object, received nothing'],
    [[], 'config.json: expected an object, received []'],
    [null, 'config.json: expected an object, received null'],
    [
      { timings: {} },
      'timings: unknown key, expected one of servers, timing, storage, signaling, iceServers, proxy, trace, limits',
    ],
    [{ timing: [] }, 'timing: expected an object, received []'],
    [
      { timing: { tick: 5 } },
      'timing.tick: unknown key, expected one of tickMs, heartbeatMs, electionTimeoutMs, requestTimeoutMs, replaceVoterMs',
    ],
    [
      { timing: { heartbeatMs: 'fast' } },
      'timing.heartbeatMs: expected an integer from 10 to 60000, received "fast"',
    ],
    [{ timing: { heartbeatMs: 9 } }, 'timing.heartbeatMs: expected an integer from 10 to 60000, received 9'],
    [{ timing: { tickMs: 10.5 } }, 'timing.tickMs: expected an integer from 5 to 1000, received 10.5'],
    [
      { timing: { electionTimeoutMs: 1000 } },
      'timing.electionTimeoutMs: expected [min, max], two integers from 20 to 3600000, received 1000',
    ],
    [
      { timing: { electionTimeoutMs: [1000, 2000, 3000] } },
      'timing.electionTimeoutMs.2: expected [min, max], two integers from 20 to 3600000',
    ],
    [
      { timing: { electionTimeoutMs: [2000, 1000] } },
      'timing.electionTimeoutMs: expected [min, max] with min not above max, received [2000,1000]',
    ],
    [
      { timing: { heartbeatMs: 1000 } },
      'timing.heartbeatMs: expected less than the shortest electionTimeoutMs (1000), in ticks of 50 ms, received 1000',
    ],
    [
      { timing: { tickMs: 1000, heartbeatMs: 1000, electionTimeoutMs: [1001, 1400] } },
      'timing.heartbeatMs: expected less than the shortest electionTimeoutMs (1001), in ticks of 1000 ms, received 1000',
    ],
    [{ timing: { tickMs: 200 } }, 'timing.tickMs: expected at most heartbeatMs (100), received 200'],
    [{ servers: [] }, 'servers: expected a list of 1 to 9, received []'],
    [{ servers: [{}] }, 'servers.0.name: expected a value, received nothing'],
    [
      { servers: [{ name: '1' }] },
      'servers.0.name: expected a name (a letter, then up to 15 of A-Z a-z 0-9 _ -), received "1"',
    ],
    [
      { servers: [{ name: 'A', logLevel: 'loud' }] },
      'servers.0.logLevel: expected one of debug, info, warn, error, silent, received "loud"',
    ],
    [{ storage: { kind: 'disk' } }, 'storage.kind: expected one of indexeddb, opfs, memory, received "disk"'],
    [
      { signaling: { url: 'http://localhost' } },
      'signaling.url: expected a ws:// or wss:// address without a fragment, received "http://localhost"',
    ],
    [
      { iceServers: [{ urls: 'http://x' }] },
      'iceServers.0.urls: expected a stun:, stuns:, turn: or turns: address, or a list of them, received "http://x"',
    ],
    [{ proxy: { seed: -1 } }, 'proxy.seed: expected an integer from 0 to 4294967295, received -1'],
    [
      { proxy: { rules: [{ id: 'x', kind: 'explode' }] } },
      'proxy.rules.0.kind: expected one of drop, delay, hold, duplicate, reorder, received "explode"',
    ],
    [{ trace: { enabled: 'yes' } }, 'trace.enabled: expected true or false, received "yes"'],
    [{ trace: { bytes: 10 } }, 'trace.bytes: expected an integer from 65536 to 1073741824, received 10'],
    [{ limits: { keyBytes: 0 } }, 'limits.keyBytes: expected an integer from 1 to 65536, received 0'],
  ])('%j', (json, problem) => {
    expect(problemsOf(json)).toEqual([problem]);
  });

  test('names and rule ids stand once each', () => {
    const [names] = problemsOf({ servers: [{ name: 'A' }, { name: 'A' }] });
    expect(names).toMatch(/^servers: expected each name once/);
    const rule = { id: 'x', kind: 'drop' };
    expect(problemsOf({ proxy: { rules: [rule, rule] } })[0]).toMatch(
      /^proxy\.rules: expected each rule id once/,
    );
  });

  test('all problems are named at once', () => {
    expect(problemsOf({ servers: [], limits: { valueBytes: null }, storage: { kind: 1 } })).toHaveLength(3);
  });

  test('a credential is in no problem', () => {
    const credential = 'hunter2';
    for (const server of [
      { urls: 'turn:x', credential },
      { urls: 'turn:x', username: 5, credential },
      { urls: 'turn:x', username: 'u', credential: [credential] },
      { urls: 'turn:x', username: 'u', password: credential },
      credential,
    ]) {
      const problems = problemsOf({ iceServers: [server] });
      expect(problems).not.toEqual([]);
      expect(problems.join()).not.toContain(credential);
    }
  });

  test('a long value is cut', () => {
    expect(problemsOf({ storage: { kind: 'x'.repeat(10_000) } })[0]?.length).toBeLessThan(200);
  });
});

describe('a fault rule', () => {
  test('is kept as it is', () => {
    const rule = {
      id: 'cut',
      kind: 'drop',
      from: 'A',
      to: ['B'],
      messages: ['ping', 'pong'],
      probability: 1,
    };
    expect(parseFaultRule(rule)).toEqual({ ok: true, rule });
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /^rule: expected an object, received nothing$/],
    ['a delay without bounds', { id: 'x', kind: 'delay' }, /expected delayMs with kind delay/],
    [
      'bounds without a delay',
      { id: 'x', kind: 'drop', delayMs: [1, 2] },
      /expected no delayMs with kinds drop and hold/,
    ],
    ['a hold with bounds', { id: 'x', kind: 'hold', delayMs: [1, 2] }, /expected no delayMs/],
    ['one to itself', { id: 'x', kind: 'drop', from: 'A', to: ['A'] }, /from and to to be different/],
    ['bounds the wrong way', { id: 'x', kind: 'delay', delayMs: [2, 1] }, /^delayMs: .*min not above max/],
    ['no id', { kind: 'drop' }, /^id: /],
    ['an empty id', { id: '', kind: 'drop' }, /^id: expected 1 to 64 characters/],
    ['an unknown message', { id: 'x', kind: 'drop', messages: ['gossip'] }, /^messages\.0: expected one of/],
    ['no message at all', { id: 'x', kind: 'drop', messages: [] }, /^messages: /],
    ['no name', { id: 'x', kind: 'drop', to: [''] }, /^to: expected a name or a list of names/],
    ['a probability over 1', { id: 'x', kind: 'drop', probability: 1.1 }, /^probability: /],
    ['a probability that is none', { id: 'x', kind: 'drop', probability: NaN }, /^probability: /],
    ['an unknown key', { id: 'x', kind: 'drop', form: 'A' }, /^form: unknown key/],
    ['what JSON cannot say', { id: 5n, kind: 'drop' }, /^id: /],
    ['a function', { id: () => 5, kind: 'drop' }, /^id: /],
  ])('%s is refused', (_name, value, problem) => {
    const parsed = parseFaultRule(value);
    expect(parsed.ok ? [] : parsed.problems).toEqual([expect.stringMatching(problem)]);
  });
});

describe("the page's address", () => {
  const apply = (search: string) => applyUrlOverrides(defaults(), new URLSearchParams(search));

  test('without parameters changes nothing, and others are left alone', () => {
    expect(apply('')).toEqual({ ok: true, config: { ...defaults(), channel: 'auto' } });
    expect(apply('utm=5&timing=x')).toEqual(apply(''));
  });

  test('sets what it may', () => {
    const { servers, timing, signaling, proxy, trace } = defaults();
    expect(
      apply(
        'channel=relay&logLevel=debug&heartbeatMs=50&electionTimeoutMs=500-900&signaling=ws://localhost:1/s&seed=7&storage=opfs&trace=off',
      ),
    ).toEqual({
      ok: true,
      config: {
        ...defaults(),
        servers: servers.map(({ name }) => ({ name, logLevel: 'debug' })),
        timing: { ...timing, heartbeatMs: 50, electionTimeoutMs: [500, 900] },
        storage: { kind: 'opfs' },
        signaling: { ...signaling, url: 'ws://localhost:1/s' },
        proxy: { ...proxy, seed: 7 },
        trace: { ...trace, enabled: false },
        channel: 'relay',
      },
    });
    expect(apply('channel=worker')).toEqual(apply(''));
  });

  test.each([
    ['channel=pigeon', '?channel: expected one of worker, relay, received "pigeon"'],
    ['logLevel=', '?logLevel: expected one of debug, info, warn, error, silent, received ""'],
    ['storage=disk', '?storage: expected one of indexeddb, opfs, memory, received "disk"'],
    ['heartbeatMs=fast', '?heartbeatMs: expected an integer from 10 to 60000, received "fast"'],
    ['heartbeatMs=-5', '?heartbeatMs: expected an integer from 10 to 60000, received "-5"'],
    ['heartbeatMs=', '?heartbeatMs: expected an integer from 10 to 60000, received ""'],
    [
      'electionTimeoutMs=1000',
      '?electionTimeoutMs: expected [min, max], two integers from 20 to 3600000, received "1000"',
    ],
    [
      'electionTimeoutMs=2000-1000',
      '?electionTimeoutMs: expected [min, max] with min not above max, received "2000-1000"',
    ],
    [
      'signaling=localhost',
      '?signaling: expected a ws:// or wss:// address without a fragment, received "localhost"',
    ],
    ['trace=maybe', '?trace: expected one of on, off, received "maybe"'],
    ['seed=1.5', '?seed: expected an integer from 0 to 4294967295, received "1.5"'],
    [
      'heartbeatMs=2000',
      'timing.heartbeatMs: expected less than the shortest electionTimeoutMs (1000), in ticks of 50 ms, received 2000',
    ],
  ])('%s', (search, problem) => {
    expect(apply(search)).toEqual({ ok: false, problems: [problem] });
  });
});
