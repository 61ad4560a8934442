import type { LitElement, ReactiveController } from 'lit';

/** Tells when a component has another size, and once at first. */
export class Resized implements ReactiveController {
  readonly #observer: ResizeObserver;

  constructor(
    private readonly host: LitElement,
    onChange: () => void,
  ) {
    this.#observer = new ResizeObserver(onChange);
    host.addController(this);
  }

  hostConnected(): void {
    this.#observer.observe(this.host);
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
  }
}
