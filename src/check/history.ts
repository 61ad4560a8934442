/** One line of a history (docs/checker.md). */
export interface HistoryEvent {
  readonly index: number;
  readonly time: number;
  readonly process: string;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: 'get' | 'put' | 'cas' | 'append';
  readonly key: string;
  readonly value: string | null | readonly [string | null, string];
  readonly applied?: boolean;
}
