/** No carrier accepts a larger frame, and no session believes one (64 KiB is what every browser carries). */
export const MAX_FRAME_BYTES = 64 * 1024;

/**
 * A carrier of binary frames between two workers: ordered and reliable while it is open, and silent
 * about what was lost when it closes. Handlers are set by the owner before the first event.
 */
export interface Carrier {
  /**
   * False: not sent, because the carrier is closed or its buffer is full. Never throws. The bytes are the caller's
   * again once it returns, and may stand in a larger buffer.
   */
  send(frame: Uint8Array<ArrayBuffer>): boolean;
  /** Bytes accepted and not yet handed to the network; 0 where the carrier cannot tell. */
  readonly bufferedBytes: number;
  onOpen: () => void;
  onFrame: (frame: Uint8Array) => void;
  /** Called once, also after `close()`. */
  onClose: () => void;
  /** Idempotent. */
  close(): void;
}
