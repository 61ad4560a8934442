import type { LitElement, ReactiveController } from 'lit';
import { SectionsWithin } from './sections-within.ts';
import type { PageView } from './view.ts';

/** So far behind may be what nobody sees. */
const RENEW_MS = 1000;
/** What is about to be scrolled to counts as seen. */
const MARGIN = '20%';

/**
 * What each section of a long page is to show: those in sight follow every change, the others once a second, as to
 * renew them ten times a second would take the processor from the nodes.
 */
export class SectionViews implements ReactiveController {
  readonly #shown = new Map<string, { readonly view: PageView; readonly at: number }>();
  readonly #inSight: SectionsWithin;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `sections`: matches those in the host, each with its id. */
  constructor(
    private readonly host: LitElement,
    sections: string,
  ) {
    this.#inSight = new SectionsWithin(host, sections, MARGIN);
    host.addController(this);
  }

  hostDisconnected(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  of(id: string, current: PageView): PageView {
    const shown = this.#shown.get(id);
    const now = performance.now();
    if (shown !== undefined && this.#inSight.isWithin(id) === false && now - shown.at < RENEW_MS) {
      // Nothing else may change any more.
      if (shown.view !== current) this.#renewLater();
      return shown.view;
    }
    this.#shown.set(id, { view: current, at: now });
    return current;
  }

  #renewLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.host.requestUpdate();
    }, RENEW_MS);
  }
}
