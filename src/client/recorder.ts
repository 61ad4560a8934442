import type { HistoryEvent, OperationName, OperationValue } from '../check/history.ts';

/** What was asked, in the form of a history. */
export interface Asked {
  readonly f: OperationName;
  readonly key: string;
  readonly value: OperationValue;
}

/** Writes down what one client asked and was told. */
export class Recorder {
  #generation = 0;

  constructor(
    private readonly name: string,
    private readonly history: HistoryEvent[],
    /** Milliseconds from an arbitrary origin. */
    private readonly now: () => number,
  ) {}

  record(
    type: HistoryEvent['type'],
    asked: Asked,
    more: Pick<HistoryEvent, 'applied'> & { value?: string | null } = {},
  ): void {
    const { history, name } = this;
    const process = this.#generation === 0 ? name : `${name}.${this.#generation}`;
    const time = Math.round(this.now() * 1e6);
    history.push({ index: history.length, time, process, type, ...asked, ...more });
    // Who does not know what became of an operation goes on as somebody else.
    if (type === 'info') this.#generation += 1;
  }
}
