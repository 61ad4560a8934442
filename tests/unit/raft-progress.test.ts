import { expect, it } from 'vitest';
import {
  beginSnapshot,
  createProgress,
  isWindowFull,
  messageBytes,
  recordAccepted,
  recordRound,
  recordSent,
} from '../../src/core/raft/progress.ts';
import { configuration } from '../support/core-cluster.ts';

const WINDOW = { maxInflightAppends: 64, maxInflightBytes: 4_194_304 };
const MAX_MESSAGE_BYTES = 262_144;

it('a member has less under way, in smaller messages, until it is caught up', () => {
  const progress = createProgress(1, 0);
  recordAccepted(progress, 1);
  const fill = (): number => {
    let bytes = 0;
    for (let index = 2; !isWindowFull(progress, WINDOW); index += 1) {
      bytes += messageBytes(progress, MAX_MESSAGE_BYTES);
      recordSent(progress, index, messageBytes(progress, MAX_MESSAGE_BYTES));
    }
    recordAccepted(progress, progress.nextIndex - 1);
    return bytes;
  };
  expect(messageBytes(progress, MAX_MESSAGE_BYTES)).toBe(131_072);
  expect(fill()).toBe(1_048_576);
  recordRound(progress, progress.matchIndex, 1, 20);
  expect(messageBytes(progress, MAX_MESSAGE_BYTES)).toBe(MAX_MESSAGE_BYTES);
  expect(fill()).toBe(WINDOW.maxInflightBytes);

  const [index, term] = [progress.matchIndex + 10, 1];
  const metadata = { index, term, timeMs: 0, configuration: configuration('AB'), configurationIndex: 1 };
  beginSnapshot(progress, { metadata: { ...metadata, bytes: 1, checksum: 0 }, data: new Uint8Array(1) });
  expect(messageBytes(progress, MAX_MESSAGE_BYTES)).toBe(131_072);
  expect(messageBytes(progress, 1000)).toBe(1000);
});
