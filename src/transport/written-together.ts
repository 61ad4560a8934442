import { isWorthKeeping, Writer } from '../core/bytes.ts';

const CAPACITY = 16 * 1024;

/**
 * What is written within one task of the event loop is sent as one buffer. The function returned writes to it: all that
 * `write` writes, or, where that throws, nothing.
 */
export function writtenTogether(
  send: (bytes: Uint8Array<ArrayBuffer>) => void,
): (write: (writer: Writer) => void) => void {
  let writer = new Writer(CAPACITY);
  const flush = (): void => {
    const full = writer;
    if (!isWorthKeeping(full)) writer = new Writer(CAPACITY);
    const bytes = full.finish();
    full.clear();
    send(bytes);
  };
  return (write) => {
    const { length } = writer;
    try {
      write(writer);
    } catch (error) {
      writer.truncate(length);
      throw error;
    }
    if (length === 0) queueMicrotask(flush);
  };
}
