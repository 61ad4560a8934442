import { parseLocal, type LocalMessage } from './messages.ts';

export interface LocalHandlers {
  /** A page of this browser and this cluster has shown itself. */
  onHere(page: string): void;
  /** The other side wants to talk here, or has agreed to. */
  onOpen(page: string, link: string): void;
  onControl(page: string, link: string, text: string): void;
  onClose(page: string, link: string): void;
  onRefused(): void;
}

/**
 * The pages of one browser that belong to one cluster find each other here, without any network. It
 * carries control messages where WebRTC finds no path; the workers have a channel of their own.
 *
 * A page holds a lock of its own name for its life. Whoever is granted a page's lock knows that it
 * is gone, however it went, while a frozen page keeps it.
 */
export class LocalNetwork {
  readonly #channel: BroadcastChannel;
  readonly #release = new AbortController();

  constructor(
    clusterId: string,
    private readonly self: string,
    private readonly handlers: LocalHandlers,
  ) {
    this.#channel = new BroadcastChannel(`tabraft/${clusterId}/pages`);
    this.#channel.addEventListener('message', ({ data }) => this.#onMessage(data));
    void this.#holdLock();
  }

  openLink(page: string, link: string): void {
    this.#post({ type: 'open', from: this.self, to: page, link });
  }

  sendControl(page: string, link: string, text: string): void {
    this.#post({ type: 'control', from: this.self, to: page, link, text });
  }

  closeLink(page: string, link: string): void {
    this.#post({ type: 'close', from: this.self, to: page, link });
  }

  /** Calls back when the page is gone, unless the returned function was called before. */
  onGone(page: string, callback: () => void): () => void {
    const controller = new AbortController();
    navigator.locks
      .request(lockName(page), { signal: controller.signal }, () => callback())
      .catch((error: unknown) => {
        if (!controller.signal.aborted) throw error;
      });
    return () => controller.abort();
  }

  close(): void {
    this.#channel.close();
    this.#release.abort();
  }

  async #holdLock(): Promise<void> {
    await navigator.locks.request(lockName(this.self), () => {
      // Only a page that holds its lock shows itself: others wait for that lock's release.
      this.#post({ type: 'here', from: this.self, to: null });
      return new Promise<void>((resolve) => {
        this.#release.signal.addEventListener('abort', () => resolve());
      });
    });
  }

  #onMessage(data: unknown): void {
    const message = parseLocal(data);
    if (message === null) {
      this.handlers.onRefused();
      return;
    }
    const { from } = message;
    if (from === this.self || (message.to !== null && message.to !== this.self)) return;
    switch (message.type) {
      case 'here':
        this.handlers.onHere(from);
        if (message.to === null) this.#post({ type: 'here', from: this.self, to: from });
        return;
      case 'open':
        this.#post({ type: 'accept', from: this.self, to: from, link: message.link });
        this.handlers.onOpen(from, message.link);
        return;
      case 'accept':
        this.handlers.onOpen(from, message.link);
        return;
      case 'control':
        this.handlers.onControl(from, message.link, message.text);
        return;
      case 'close':
        this.handlers.onClose(from, message.link);
        return;
    }
  }

  #post(message: LocalMessage): void {
    if (!this.#release.signal.aborted) this.#channel.postMessage(message);
  }
}

function lockName(page: string): string {
  return `tabraft/page/${page}`;
}
