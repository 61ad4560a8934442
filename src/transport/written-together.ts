import { Writer } from '../core/bytes.ts';

const CAPACITY = 16 * 1024;
/** A buffer that grew beyond this was needed once, and is not kept. */
const MAX_CAPACITY = 1024 * 1024;

/** What is written within one task of the event loop is sent as one buffer. The function returned gives where to write. */
export function writtenTogether(send: (bytes: Uint8Array<ArrayBuffer>) => void): () => Writer {
  let writer = new Writer(CAPACITY);
  let isWaiting = false;
  const flush = (): void => {
    const bytes = writer.finish();
    if (writer.capacity > MAX_CAPACITY) writer = new Writer(CAPACITY);
    else writer.clear();
    isWaiting = false;
    send(bytes);
  };
  return () => {
    if (!isWaiting) queueMicrotask(flush);
    isWaiting = true;
    return writer;
  };
}
