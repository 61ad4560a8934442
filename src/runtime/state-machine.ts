/**
 * What the log is for: a deterministic machine. The same commands in the same order give the same
 * answers on every node, so a malformed command must give an answer too, never an exception.
 */
export interface StateMachine {
  apply(command: Uint8Array): Uint8Array;
}
