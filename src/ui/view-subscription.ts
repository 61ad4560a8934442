import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { PageController } from './view.ts';

/** Follows one page controller for as long as its host is connected. */
export class ViewSubscription implements ReactiveController {
  #followed: PageController | null = null;
  #unsubscribe: (() => void) | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly current: () => PageController | null,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#follow(this.current());
  }

  hostUpdate(): void {
    this.#follow(this.current());
  }

  hostDisconnected(): void {
    this.#follow(null);
  }

  #follow(controller: PageController | null): void {
    if (controller === this.#followed) return;
    this.#unsubscribe?.();
    this.#followed = controller;
    this.#unsubscribe = controller?.subscribe(() => this.host.requestUpdate()) ?? null;
  }
}
