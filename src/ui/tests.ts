import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { TestRunOptions } from '../api.ts';
import { TESTS } from '../client/tests/catalog.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import './test-result.ts';
import type { TestView } from './view.ts';

type Algorithm = NonNullable<TestRunOptions['algorithm']>;

const ALGORITHMS: readonly (readonly [Algorithm, string])[] = [
  ['raft', 'Raft'],
  ['abd', 'ABD'],
];

/** Consistency tests on the running cluster: choose one, watch it, read what the checker says. */
@customElement('tabraft-tests')
export class Tests extends LitElement {
  @property({ attribute: false }) test: TestView | null = null;
  @state() private name: string = TESTS[0].name;
  @state() private algorithm: Algorithm = 'raft';
  @state() private seed = '';
  @state() private seconds = '30';

  static override readonly styles = [
    controls,
    css`
      form {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr));
        gap: var(--gap-3);
        align-items: end;
      }
      .wide {
        grid-column: span 2;
      }
      .about,
      form .row {
        grid-column: 1 / -1;
      }
      @media (max-width: 30rem) {
        .wide {
          grid-column: auto;
        }
      }
      .run {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-3);
        border-block-start: 1px solid var(--line);
        padding-block-start: var(--gap-4);
      }
      wa-progress-bar {
        --track-height: 0.5rem;
        margin-block-end: var(--gap-2);
      }
      ol {
        max-block-size: 12rem;
        list-style: decimal inside;
        padding: var(--gap-2) var(--gap-3);
        overflow-wrap: anywhere;
      }
      summary {
        padding-block: var(--gap-1);
      }
    `,
  ];

  override render(): unknown {
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Tests</h2>
          <span class="small soft">clients on all members, faults in between, and a checker that judges</span>
        </header>
        ${this.#renderForm()} ${this.test === null ? nothing : this.#renderRun(this.test)}
      </section>
    `;
  }

  #renderForm(): unknown {
    const chosen = this.#chosen;
    const isRunning = this.#isRunning;
    const isLong = this.name === 'nemesis';
    return html`<form @submit=${this.#run}>
      <label class="field wide">
        <span class="label">Test</span>
        <select
          aria-label="Test"
          @change=${({ target }: Event) => (this.name = (target as HTMLSelectElement).value)}
        >
          ${TESTS.map(({ name }) => html`<option ?selected=${name === this.name}>${name}</option>`)}
        </select>
      </label>
      <label class="field">
        <span class="label">Algorithm</span>
        <select
          aria-label="Algorithm of the test"
          @change=${({ target }: Event) => (this.algorithm = (target as HTMLSelectElement).value as Algorithm)}
        >
          ${ALGORITHMS.map(
            ([value, label]) =>
              html`<option
                value=${value}
                ?selected=${value === this.#algorithm}
                ?disabled=${!chosen.algorithms.some((known) => known === value)}
              >
                ${label}
              </option>`,
          )}
        </select>
      </label>
      <wa-input
        label="Seed"
        inputmode="numeric"
        pattern="[0-9]{1,15}"
        title="An integer; empty: any"
        placeholder="any"
        .value=${this.seed}
        @input=${({ target }: Event) => (this.seed = (target as WaInput).value ?? '')}
      ></wa-input>
      <wa-input
        label="Seconds"
        type="number"
        min="1"
        max="3600"
        step="1"
        ?hidden=${!isLong}
        ?required=${isLong}
        ?disabled=${!isLong}
        .value=${this.seconds}
        @input=${({ target }: Event) => (this.seconds = (target as WaInput).value ?? '')}
      ></wa-input>
      <p class="about small soft">${chosen.name}: ${chosen.about}. It needs ${needsOf(chosen.voters)}.</p>
      <div class="row">
        <wa-button type="submit" variant="brand" ?disabled=${isRunning}>Run test</wa-button>
        <wa-button
          appearance="outlined"
          ?disabled=${!isRunning || this.test?.isCancelling === true}
          @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'cancel-test' }))}
          >Cancel test</wa-button
        >
      </div>
    </form>`;
  }

  #renderRun(test: TestView): unknown {
    const { progress, report, steps } = test;
    const now = test.isCancelling ? 'cancelling: what was broken is being healed' : progress.text;
    return html`<div class="run">
      ${
        report === null
          ? html`<div>
              <wa-progress-bar
                label="Progress of ${test.name}"
                value=${Math.round(100 * progress.fraction)}
              ></wa-progress-bar>
              <p class="small soft" role="status" aria-label="Test progress">
                ${test.name}, seed ${test.seed}: ${now}
              </p>
            </div>`
          : html`<tabraft-test-result .test=${test}></tabraft-test-result>`
      }
      <details ?open=${report === null}>
        <summary class="small soft">Steps (${steps.length})</summary>
        <ol class="scroller small" tabindex="0" aria-label="Steps">
          ${steps.map((step) => html`<li>${step}</li>`)}
        </ol>
      </details>
    </div>`;
  }

  get #chosen(): (typeof TESTS)[number] {
    return TESTS.find(({ name }) => name === this.name) ?? TESTS[0];
  }

  /** The one wished for, if the test is for it. */
  get #algorithm(): Algorithm {
    const { algorithms } = this.#chosen;
    return algorithms.find((known) => known === this.algorithm) ?? algorithms[0];
  }

  get #isRunning(): boolean {
    return this.test?.report === null;
  }

  readonly #run = (event: Event): void => {
    event.preventDefault();
    const options: TestRunOptions = {
      algorithm: this.#algorithm,
      ...(this.seed === '' ? {} : { seed: Number(this.seed) }),
      ...(this.name === 'nemesis' ? { durationMs: 1000 * Number(this.seconds) } : {}),
    };
    this.dispatchEvent(new ActionEvent({ kind: 'run-test', name: this.name, options }));
  };
}

function needsOf(voters: number): string {
  return voters === 1 ? 'one voter' : `${voters} voters`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-tests': Tests;
  }
}
