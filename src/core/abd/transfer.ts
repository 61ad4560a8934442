import type { MemberId } from '../ids.ts';
import type { RegisterTransferResponse } from './message.ts';
import type { Register } from './register.ts';
import type { RegisterRules } from './rules.ts';

/** How far one source has handed over. */
export interface Progress {
  after: string | null;
  isDone: boolean;
}

/**
 * Takes over all registers from a majority of the epoch before, page by page from each. Whatever was written there
 * was stored by a majority, and so by one of these.
 */
export class Transfer {
  readonly #sources: Map<MemberId, Progress>;

  constructor(
    private readonly epoch: number,
    private readonly previous: readonly MemberId[],
    private readonly rules: RegisterRules,
    private readonly request: (to: MemberId, after: string | null) => void,
    sources: ReadonlyMap<MemberId, Progress> | null = null,
  ) {
    this.#sources = new Map(
      previous.map((id) => [id, { ...(sources?.get(id) ?? { after: null, isDone: false }) }]),
    );
  }

  image(): Map<MemberId, Progress> {
    return new Map([...this.#sources].map(([id, progress]) => [id, { ...progress }]));
  }

  get isDone(): boolean {
    const done = [...this.#sources.values()].filter((source) => source.isDone).length;
    return done >= this.rules.transferQuorum(this.previous);
  }

  /** Asks every source for what comes next. */
  ask(): void {
    for (const [id, { after, isDone }] of this.#sources) if (!isDone) this.request(id, after);
  }

  /** The registers of a page that comes in its turn; a repeated one has none. */
  receive({ from, epoch, after, registers, isLast }: RegisterTransferResponse): readonly Register[] {
    const source = this.#sources.get(from);
    if (source === undefined || source.isDone || epoch !== this.epoch || source.after !== after) return [];
    source.isDone = isLast;
    source.after = registers.at(-1)?.key ?? after;
    if (!isLast) this.request(from, source.after);
    return registers;
  }
}
