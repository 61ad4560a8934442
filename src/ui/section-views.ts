import type { LitElement, ReactiveController } from 'lit';
import { SectionsWithin } from './sections-within.ts';
import type { PageView } from './view.ts';

/** So far behind may be what nobody sees, though a screen reader may come to it. */
const UNSEEN_MS = 1000;
/** What a reader cannot follow faster: long lists that grow by hundreds of lines a second. They cost the most. */
const LISTS_MS = 300;
/** Lists that nobody sees, and whatever a hidden page has. */
export const SELDOM_MS = 10_000;
/** What is about to be scrolled to counts as seen. */
const MARGIN = '20%';

interface Shown {
  readonly view: PageView;
  readonly at: number;
}

/**
 * What each section of a long page is to show: those in sight follow every change, lists a few times a second, and
 * what is out of sight more seldom, as to renew all ten times a second would take the processor from the nodes. Members
 * that come and go change how high a section is: all follow that at once, lest one grow when it is scrolled to.
 */
export class SectionViews implements ReactiveController {
  readonly #shown = new Map<string, Shown>();
  readonly #inSight: SectionsWithin;
  #renewal: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | null = null;

  /** `sections`: matches those in the host, each with its id. `lists`: the ids of those that are lists. */
  constructor(
    private readonly host: LitElement,
    sections: string,
    private readonly lists: readonly string[],
  ) {
    this.#inSight = new SectionsWithin(host, sections, MARGIN);
    host.addController(this);
  }

  hostConnected(): void {
    document.addEventListener('visibilitychange', this.#look);
  }

  hostDisconnected(): void {
    document.removeEventListener('visibilitychange', this.#look);
    this.#cancel();
  }

  of(id: string, current: PageView): PageView {
    const shown = this.#shown.get(id);
    const now = performance.now();
    const due = shown === undefined ? now : shown.at + this.#periodOf(id);
    if (shown === undefined || due <= now || membersOf(shown.view) !== membersOf(current)) {
      this.#shown.set(id, { view: current, at: now });
      return current;
    }
    // Nothing else may change any more.
    if (shown.view !== current) this.#renewAt(due, now);
    return shown.view;
  }

  /** Also where that is not known yet. */
  isInSight(id: string): boolean {
    return this.#inSight.isWithin(id) !== false;
  }

  /** With the host's next update it shows what is known by then. */
  renew(id: string): void {
    this.#shown.delete(id);
    this.host.requestUpdate();
  }

  /** What is seen again is shown as it is, before it is drawn. */
  readonly #look = (): void => {
    this.host.requestUpdate();
  };

  #periodOf(id: string): number {
    if (document.hidden) return SELDOM_MS;
    const isList = this.lists.includes(id);
    if (!this.isInSight(id)) return isList ? SELDOM_MS : UNSEEN_MS;
    return isList ? LISTS_MS : 0;
  }

  #renewAt(at: number, now: number): void {
    if (this.#renewal !== null && this.#renewal.at <= at) return;
    this.#cancel();
    const timer = setTimeout(() => {
      this.#renewal = null;
      this.host.requestUpdate();
    }, at - now);
    this.#renewal = { at, timer };
  }

  #cancel(): void {
    if (this.#renewal !== null) clearTimeout(this.#renewal.timer);
    this.#renewal = null;
  }
}

function membersOf({ status }: PageView): string {
  return status.members.map(({ id, name }) => [id, name]).join();
}
