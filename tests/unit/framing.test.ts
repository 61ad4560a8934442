import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/core/bytes.ts';
import { Assembler, FRAME_VERSION } from '../../src/transport/framing.ts';
import { MAX_FRAME_BYTES } from '../../src/transport/link.ts';
import { framesOf, helloFrame } from '../support/frames.ts';

/** Bytes that differ from one place, and one seed, to the next. */
function text(length: number, seed = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, position) => (position * 7 + (position >> 8) + seed * 101) % 256);
}

const KIB = 1024;

/** Which of the messages sent these bytes are; -1: none of them. */
function whichOf(sent: readonly Uint8Array[], body: Uint8Array): number {
  return sent.findIndex((message) => Buffer.compare(message, body) === 0);
}

/** One line for each frame: what it completed. */
function transcript(assembler: Assembler, received: readonly Uint8Array[]): string[] {
  return received.map((frame) => {
    try {
      const result = assembler.receive(frame);
      return result === null ? '…' : `${result.kind} of ${result.body.length}`;
    } catch (error) {
      if (error instanceof DecodeError) return `refused: ${error.message}`;
      throw error;
    }
  });
}

describe('frames', () => {
  it('a small message is one frame, a large one several, and none is too large for a carrier', () => {
    const lengths = (length: number): number[] => framesOf(text(length), 1).map((frame) => frame.length);
    expect(lengths(0)).toEqual([2]);
    expect(lengths(64 * KIB - 2)).toEqual([64 * KIB]);
    expect(lengths(64 * KIB - 1)).toEqual([64 * KIB, 8 + 7]);
    expect(lengths(2 * (64 * KIB - 8))).toEqual([64 * KIB, 64 * KIB]);
  });

  it('what comes out is what went in, whatever the length', () => {
    const length = fc.oneof(fc.nat(300), fc.integer({ min: 64 * KIB - 12, max: 200 * KIB }));
    fc.assert(
      fc.property(fc.array(length, { maxLength: 4 }), (sizes) => {
        const assembler = new Assembler();
        const sent = sizes.map((size, seed) => text(size + seed, seed));
        const received = sent
          .flatMap((message, number) => framesOf(message, number))
          .map((frame) => assembler.receive(frame))
          .filter((result) => result !== null);
        expect(received.map(({ body }) => whichOf(sent, body))).toEqual([...sent.keys()]);
      }),
      { numRuns: 40 },
    );
  });

  it('a hello, or a small message, may come between the parts of a large one', () => {
    const [first, last] = framesOf(text(100 * KIB), 1);
    if (first === undefined || last === undefined) throw new Error('two frames');
    const small = framesOf(text(9), 2);
    expect(transcript(new Assembler(), [first, helloFrame(text(5)), ...small, last])).toEqual([
      '…',
      'hello of 5',
      'message of 9',
      `message of ${100 * KIB}`,
    ]);
  });
});

describe('broken sequences of frames', () => {
  const large = (number: number): Uint8Array[] => framesOf(text(150 * KIB, number), number);

  it('a message that breaks off is forgotten when another begins', () => {
    const assembler = new Assembler();
    expect(transcript(assembler, large(1).slice(0, 2))).toEqual(['…', '…']);
    expect(transcript(assembler, framesOf(text(9), 2))).toEqual(['message of 9']);
    expect(transcript(assembler, large(3).slice(0, 1))).toEqual(['…']);
    expect(transcript(assembler, large(4))).toEqual(['…', '…', `message of ${150 * KIB}`]);
  });

  it('the beginning of one message and the end of another, of fitting lengths, never make a third', () => {
    const [beginning] = large(1);
    const [, ...ending] = large(2);
    if (beginning === undefined) throw new Error('three frames');
    expect(transcript(new Assembler(), [beginning, ...ending])).toEqual([
      '…',
      'refused: a message lacks a part',
      'refused: a message lacks a part',
    ]);
  });

  it('a message without its beginning is refused, part by part, and the next one comes through', () => {
    const assembler = new Assembler();
    expect(transcript(assembler, large(1).slice(1))).toEqual([
      'refused: a message lacks a part',
      'refused: a message lacks a part',
    ]);
    expect(transcript(assembler, large(2))).toEqual(['…', '…', `message of ${150 * KIB}`]);
  });

  it.each<[string, Uint8Array]>([
    ['frame version none instead of 2', new Uint8Array()],
    ['frame version 1 instead of 2', Uint8Array.of(1, 1)],
    ['nothing is no kind of frame', Uint8Array.of(FRAME_VERSION)],
    ['4 is no kind of frame', Uint8Array.of(FRAME_VERSION, 4, 0)],
    ['a part is empty', Uint8Array.of(FRAME_VERSION, 2)],
    ['a part is empty', Uint8Array.of(FRAME_VERSION, 3, 0, 0, 0, 1, 0, 0)],
    [`a frame has more than ${64 * KIB} bytes`, text(MAX_FRAME_BYTES + 1)],
  ])('refused: %s; and the next message comes through', (reason, frame) => {
    const assembler = new Assembler();
    expect(transcript(assembler, [...large(1).slice(0, 1), frame, ...framesOf(text(3), 2)])).toEqual([
      '…',
      `refused: ${reason}`,
      'message of 3',
    ]);
  });

  it('a message without an end is refused at 32 MiB, and what it took is given back', () => {
    const assembler = new Assembler();
    const endless = framesOf(new Uint8Array(33 * 1024 * KIB), 1);
    const lines = transcript(assembler, endless);
    expect(lines.indexOf('refused: a message has more than 33554432 bytes')).toBe(512);
    expect(transcript(assembler, large(2)).at(-1)).toBe(`message of ${150 * KIB}`);
  });

  it('whatever frames are lost, what comes out was sent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 230 }), { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.boolean()),
        (sizes, isLost) => {
          const assembler = new Assembler();
          const sent = sizes.map((size, seed) => text(size * KIB, seed));
          const all = sent.flatMap((message, number) => framesOf(message, number));
          for (const frame of all.filter(() => isLost.next().value !== true)) {
            let result;
            try {
              result = assembler.receive(frame);
            } catch (error) {
              expect(error).toBeInstanceOf(DecodeError);
              continue;
            }
            if (result !== null) expect(whichOf(sent, result.body)).not.toBe(-1);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
