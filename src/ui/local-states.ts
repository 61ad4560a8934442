import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { messageOf } from '../error-text.ts';
import type { StatesExcerpt } from '../worker/contract.ts';
import { SHOWN_CHARACTERS } from './format.ts';
import { hasEnded, type PageController } from './view.ts';

/** At most so many keys are shown. */
const MAX_ROWS = 100;
/** At most so often they are read again while entries are applied. */
const REFRESH_MS = 400;
/** So often where it is out of sight, though a screen reader may come to it. */
const UNSEEN_REFRESH_MS = 3000;
/** And so many times as long as it took, nothing is read, within bounds: among many keys they take long to find. */
const REST_FACTOR = 20;
const MAX_REST_MS = 5000;

export type StatesView =
  { kind: 'empty' } | ({ kind: 'read' } & StatesExcerpt) | { kind: 'failed'; reason: string };

/** Keeps what this tab holds of the key-value state for whoever looks, read again after entries were applied. */
export class LocalStates implements ReactiveController {
  view: StatesView = { kind: 'empty' };
  #member = '';
  #filter = '';
  #readAtIndex = -1;
  #isReading = false;
  /** When it was read last, and how long it rests after that at least. */
  #readAt = Number.NEGATIVE_INFINITY;
  #restMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly current: () => PageController | null,
    private readonly isInSight: () => boolean,
  ) {
    host.addController(this);
  }

  /** What another member held says nothing about this one: after a wipe or in a new cluster, start over. */
  hostUpdate(): void {
    const status = this.current()?.view.status;
    const member = status === undefined ? '' : `${status.clusterId} ${status.memberId}`;
    if (member === this.#member) return;
    this.#member = member;
    this.#forget();
    this.view = { kind: 'empty' };
  }

  /** Only keys that contain it, from now on. */
  setFilter(filter: string): void {
    if (filter === this.#filter) return;
    this.#filter = filter;
    this.#forget();
    this.host.requestUpdate();
  }

  /** It is read again at once. */
  #forget(): void {
    this.#readAtIndex = -1;
    [this.#readAt, this.#restMs] = [Number.NEGATIVE_INFINITY, 0];
  }

  hostUpdated(): void {
    const controller = this.current();
    if (this.#isReading || controller === null || !isReadable(controller) || document.hidden) return;
    if (controller.view.status.appliedIndex === this.#readAtIndex) return;
    clearTimeout(this.#timer);
    const restMs = Math.max(this.#restMs, this.isInSight() ? REFRESH_MS : UNSEEN_REFRESH_MS);
    const waitMs = this.#readAt + restMs - performance.now();
    if (waitMs <= 0) void this.#read(controller);
    else this.#timer = setTimeout(() => this.hostUpdated(), waitMs);
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
  }

  async #read(controller: PageController): Promise<void> {
    const [member, filter] = [this.#member, this.#filter];
    this.#isReading = true;
    this.#readAtIndex = controller.view.status.appliedIndex;
    const begun = performance.now();
    const read = await readExcerpt(controller, filter);
    this.#isReading = false;
    if (member === this.#member && filter === this.#filter) {
      this.view = read;
      this.#readAt = performance.now();
      this.#restMs = Math.min(REST_FACTOR * (this.#readAt - begun), MAX_REST_MS);
    }
    this.host.requestUpdate();
  }
}

async function readExcerpt(controller: PageController, filter: string): Promise<StatesView> {
  try {
    return { kind: 'read', ...(await controller.excerpt(filter, MAX_ROWS, SHOWN_CHARACTERS)) };
  } catch (error) {
    return { kind: 'failed', reason: messageOf(error) };
  }
}

function isReadable({ view: { phase, paused } }: PageController): boolean {
  return phase !== 'starting' && phase !== 'joining' && !hasEnded(phase) && !paused;
}
