import type { HistoryEvent, OperationName, OperationValue } from '../check/history.ts';
import type { Scheduler } from './scheduler.ts';

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
    private readonly scheduler: Scheduler,
  ) {}

  record(
    type: HistoryEvent['type'],
    asked: Asked,
    more: Pick<HistoryEvent, 'applied'> & { value?: string | null } = {},
  ): void {
    const { history, scheduler, name } = this;
    const process = this.#generation === 0 ? name : `${name}.${this.#generation}`;
    const time = Math.round(scheduler.now * 1e6);
    history.push({ index: history.length, time, process, type, ...asked, ...more });
    // Who does not know what became of an operation goes on as somebody else.
    if (type === 'info') this.#generation += 1;
  }
}
