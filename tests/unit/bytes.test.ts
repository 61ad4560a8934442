import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError, encodedTogether, Reader, Writer } from '../../src/core/bytes.ts';

const ANY_LENGTH = 10_000_000;

const written = (write: (writer: Writer) => void): Uint8Array => {
  const writer = new Writer();
  write(writer);
  return writer.finish();
};

describe('texts', () => {
  it('come back as they were, short or long, of whatever characters', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 600 }),
      fc.string({ unit: 'binary-ascii', maxLength: 600 }),
    );
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const reader = new Reader(written((writer) => texts.forEach((one) => writer.text(one))));
        for (const one of texts) expect(reader.text(ANY_LENGTH)).toBe(one);
        reader.end();
      }),
    );
  });

  it('are UTF-8 behind their length, as another encoder has it, even where they are half a character', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 1000 }),
      fc
        .tuple(fc.nat(400), fc.string({ unit: 'binary', maxLength: 4 }))
        .map(([n, end]) => 'x'.repeat(n) + end),
      fc.array(fc.constantFrom('a', '\ud83d', '\ude00', 'ü'), { maxLength: 400 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const reader = new Reader(written((writer) => texts.forEach((one) => writer.text(one))));
        for (const one of texts) expect(reader.bytes(ANY_LENGTH)).toEqual(new TextEncoder().encode(one));
        reader.end();
      }),
      { numRuns: 300 },
    );
  });

  it('are refused where they are no UTF-8, too long, or not there as a whole', () => {
    const bytes = written((writer) => writer.bytes(Uint8Array.of(0x61, 0xff)));
    expect(() => new Reader(bytes).text(ANY_LENGTH)).toThrow(DecodeError);
    const long = written((writer) => writer.text('abc'));
    expect(() => new Reader(long).text(2)).toThrow('3 bytes where at most 2 may be');
    expect(() => new Reader(long.subarray(0, 3)).text(ANY_LENGTH)).toThrow('it ends too early');
  });
});

describe('words', () => {
  it('come back with their sign', () => {
    fc.assert(
      fc.property(fc.integer(), (word) => {
        expect(new Reader(written((writer) => writer.word(word))).word()).toBe(word);
      }),
    );
  });
});

describe('what is encoded together', () => {
  it('stays as it is, whatever comes after it, and however large', () => {
    const sizes = fc.oneof({ weight: 8, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(100_000) });
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 400 }), (all) => {
        const made = all.map((size, at) =>
          encodedTogether((writer) => writer.bytes(new Uint8Array(size).fill(at))),
        );
        for (const [at, bytes] of made.entries()) {
          const reader = new Reader(bytes);
          expect(reader.bytes(ANY_LENGTH)).toEqual(new Uint8Array(all[at] ?? 0).fill(at));
          reader.end();
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is what was written, wherever in the shared buffer it comes to stand, and of whatever characters', () => {
    for (let at = 0; at < 3000; at += 1) {
      const text = `${'x'.repeat(at % 199)}ü`;
      const reader = new Reader(encodedTogether((writer) => writer.text(text)));
      expect(reader.text(ANY_LENGTH)).toBe(text);
      reader.end();
    }
  });

  it('is whole although the one before it could not be written', () => {
    expect(() => encodedTogether((writer) => writer.integer(-1))).toThrow();
    expect(() =>
      encodedTogether((writer) => {
        writer.text('half');
        writer.integer(-1);
      }),
    ).toThrow();
    expect(new Reader(encodedTogether((writer) => writer.text('whole'))).text(ANY_LENGTH)).toBe('whole');
  });
});
