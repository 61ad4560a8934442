/**
 * What the log is for: a deterministic machine. The same commands in the same order give the same
 * answers on every node, so a malformed command must give an answer too, never an exception.
 */
export interface StateMachine {
  /** `index` is the entry's, `timeMs` its log time. */
  apply(command: Uint8Array, index: number, timeMs: number): Uint8Array;
  /** All of its state, never empty: equal states give equal bytes. */
  snapshot(): Uint8Array;
  /** Throws where `data` is no snapshot of such a machine. */
  restore(data: Uint8Array): void;
}
