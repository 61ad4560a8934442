import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadDigest } from '../../src/trace/digest.ts';

const commandOf = (command: Uint8Array): Parameters<typeof payloadDigest>[0] => ({
  kind: 'command',
  command,
  timeMs: 0,
});

describe('the digest of an entry', () => {
  it('is a number of 30 bits, the same for the same command', () => {
    const arbitrary = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(arbitrary, (command) => {
        const digest = payloadDigest(commandOf(command));
        expect(Number.isInteger(digest)).toBe(true);
        expect(digest).toBeGreaterThanOrEqual(0);
        expect(digest).toBeLessThan(2 ** 30);
        expect(payloadDigest(commandOf(command.slice()))).toBe(digest);
      }),
    );
  });

  it.each([0, 1, 3, 4, 15, 16, 23, 24, 25, 60])(
    'of %i bytes tells each change at the begin and at the end apart, and another length',
    (length) => {
      const command = Uint8Array.from({ length }, (_, at) => 7 * at);
      const digests = new Set([payloadDigest(commandOf(command))]);
      let changes = 0;
      for (let at = 0; at < length; at += 1) {
        if (at >= 16 && at < length - 8) continue;
        for (const bit of [1, 16, 128]) {
          const changed = command.slice();
          changed[at] = (changed[at] ?? 0) ^ bit;
          digests.add(payloadDigest(commandOf(changed)));
          changes += 1;
        }
      }
      digests.add(payloadDigest(commandOf(Uint8Array.from([...command, 0]))));
      expect(digests.size).toBe(changes + 2);
    },
  );

  it('of a configuration depends on its members', () => {
    const of = (namesAssigned: number): number =>
      payloadDigest({ kind: 'configuration', configuration: { members: [], outgoing: null, namesAssigned } });
    expect(of(1)).not.toBe(of(2));
    expect(payloadDigest({ kind: 'noop' })).toBe(0);
  });
});
