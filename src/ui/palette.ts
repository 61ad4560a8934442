import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { onThemeInForce } from './theme.ts';

/** The colour of a token of theme.css. */
export type ColourOf = (token: string) => string;

/** The theme's colours for what is painted on a canvas. To ask for one of a style in each frame takes as long as the painting. */
export class Palette implements ReactiveController {
  readonly #colours = new Map<string, string>();
  #unsubscribe: (() => void) | null = null;

  /** `onChange`: what was painted with them is to be painted anew. */
  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly onChange: () => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#colours.clear();
    this.#unsubscribe = onThemeInForce(() => {
      this.#colours.clear();
      this.onChange();
    });
  }

  hostDisconnected(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  readonly of: ColourOf = (token) => {
    let colour = this.#colours.get(token);
    if (colour === undefined) {
      colour = getComputedStyle(this.host).getPropertyValue(token);
      this.#colours.set(token, colour);
    }
    return colour;
  };
}
