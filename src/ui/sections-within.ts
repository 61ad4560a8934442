import type { LitElement, ReactiveController } from 'lit';

/** Which sections of a page reach into the part of the window that `margin` leaves, as CSS's root margin. */
export class SectionsWithin implements ReactiveController {
  readonly #known = new Map<string, boolean>();
  #observed = new WeakSet<Element>();
  readonly #observer: IntersectionObserver;

  /** `sections`: matches those in the host, each with its id. */
  constructor(
    private readonly host: LitElement,
    private readonly sections: string,
    margin: string,
  ) {
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) this.#known.set(target.id, isIntersecting);
        host.requestUpdate();
      },
      { rootMargin: margin },
    );
    host.addController(this);
  }

  /** Null: it has not been observed yet. */
  isWithin(id: string): boolean | null {
    return this.#known.get(id) ?? null;
  }

  hostUpdated(): void {
    for (const section of this.host.renderRoot.querySelectorAll(this.sections)) {
      if (this.#observed.has(section)) continue;
      this.#observed.add(section);
      this.#observer.observe(section);
    }
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
    this.#observed = new WeakSet();
    this.#known.clear();
  }
}
