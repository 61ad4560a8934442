import type { LitElement, ReactiveController } from 'lit';

/** Whether a component is in sight of the person. */
export class InSight implements ReactiveController {
  value = false;
  readonly #observer: IntersectionObserver;

  constructor(
    private readonly host: LitElement,
    onChange: (isInSight: boolean) => void,
  ) {
    this.#observer = new IntersectionObserver((entries) => {
      this.value = entries.at(-1)?.isIntersecting === true;
      onChange(this.value);
    });
    host.addController(this);
  }

  hostConnected(): void {
    this.#observer.observe(this.host);
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
    this.value = false;
  }
}
