import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { describeTraceEvent, Names } from '../../src/trace/describe.ts';
import type { TraceEvent } from '../../src/trace/event.ts';
import '../../src/ui/app.ts';
import type { App } from '../../src/ui/app.ts';
import '../../src/ui/later.ts';
import '../../src/ui/theme.css';
import type { EventLog } from '../../src/ui/timeline/event-log.ts';
import { FakeController, readyView } from '../ui/fake-controller.ts';
import { countShifts, untilPainted } from '../ui/painting.ts';
import { randomTrace } from '../support/random-trace.ts';

/** As many as the page keeps, and as many again that come later. */
const KEPT = 20_000;
const { events: TRACE } = randomTrace({ seed: 5, nodes: 3, events: KEPT + 2000, maxSkewMs: 0 });
const names = new Names();
for (const event of TRACE) names.add(event);
const words = (event: TraceEvent | undefined): string =>
  event === undefined ? 'none' : describeTraceEvent(event, names.of);

let app: App;
let controller: FakeController;

beforeEach(async () => {
  await page.viewport(1280, 900);
  controller = new FakeController(readyView());
  app = document.createElement('tabraft-app');
  app.controller = controller;
  document.body.append(app);
  await app.updateComplete;
  await expect.element(list()).toBeInTheDocument();
  // What is out of sight is renewed seldom.
  log().scrollIntoView();
});

afterEach(() => app.remove());

/** What the page keeps when so many events have come. */
const tell = (until: number, from = Math.max(0, until - KEPT)): void =>
  controller.change({ live: { ...controller.view.live, events: TRACE.slice(from, until) } });

const list = () => page.getByRole('listbox', { name: 'In words' });
const options = () => list().getByRole('option');
const button = (name: string) => page.getByRole('button', { name, exact: true });
const log = (): EventLog => {
  const timeline = app.shadowRoot
    ?.querySelector('tabraft-timeline-section')
    ?.shadowRoot?.querySelector('tabraft-timeline');
  const found = timeline?.shadowRoot?.querySelector('tabraft-event-log');
  if (!found) throw new Error('there is no text');
  return found;
};
const scroller = (): HTMLElement => list().element() as HTMLElement;
const idOf = (event: TraceEvent | undefined): string => `${event?.node}:${event?.seq}`;

/** Where the row of an event is seen; null: it is not. */
const topOf = (event: TraceEvent | undefined): number | null => {
  const row = log().shadowRoot?.getElementById(idOf(event));
  if (!row) return null;
  const [box, frame] = [row.getBoundingClientRect(), scroller().getBoundingClientRect()];
  return box.bottom <= frame.top || box.top >= frame.bottom ? null : box.top - frame.top;
};
const isSeen = (event: TraceEvent | undefined) => topOf(event) !== null;

async function leaveOutB(): Promise<void> {
  await page.getByRole('region', { name: 'Timeline' }).getByLabelText('B', { exact: true }).click();
}

/** As a finger or a wheel does it, and then everything that it starts has been painted. */
async function scrollTo(top: number): Promise<void> {
  scroller().scrollTop = top;
  let last = Number.NaN;
  await expect
    .poll(async () => {
      await new Promise(requestAnimationFrame);
      const isStill = last === scroller().scrollTop;
      last = scroller().scrollTop;
      return isStill;
    })
    .toBe(true);
}

describe('the picture in words', () => {
  test('says what the picture shows, and leaves out what it leaves out', async () => {
    tell(12);
    await expect.element(options()).toHaveLength(12);
    for (const [at, event] of TRACE.slice(0, 12).entries())
      await expect.element(options().nth(at)).toHaveTextContent(words(event));
    await page.getByText('Filter', { exact: true }).click();
    await leaveOutB();
    const left = TRACE.slice(0, 12).filter(({ name }) => name !== 'B');
    await expect.element(options()).toHaveLength(left.length);
    await page.getByRole('checkbox', { name: 'other messages' }).click();
    const fewer = left.filter(({ kind }) => kind !== 'send' && kind !== 'receive');
    await expect.element(options()).toHaveLength(fewer.length);
    await expect.element(page.getByText(`${fewer.length} events, newest last`)).toBeVisible();
  });

  test('keeps 20,000 of them, with a few dozen in the page, and follows the newest', async () => {
    tell(KEPT);
    await expect.poll(() => isSeen(TRACE[KEPT - 1])).toBe(true);
    expect(options().elements().length).toBeLessThan(80);
    await expect.element(options().last()).toHaveAttribute('aria-setsize', String(KEPT));
    for (let at = 1; at <= 20; at += 1) tell(KEPT + at * 100);
    await expect.poll(() => isSeen(TRACE[KEPT + 1999])).toBe(true);
    expect(options().elements().length).toBeLessThan(80);
  });

  test('waits where nobody sees it, and then has it all', async () => {
    tell(50);
    await expect.poll(() => isSeen(TRACE[49])).toBe(true);
    // Within its timeline, which is renewed by itself.
    log().style.display = 'none';
    await untilPainted();
    tell(200);
    await expect.poll(() => log().events.length).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(options().elements()).toHaveLength(0);
    expect(log().shadowRoot?.getElementById(idOf(TRACE[199]))).toBeNull();
    log().style.display = '';
    await expect.poll(() => isSeen(TRACE[199])).toBe(true);
  });

  test('while the oldest give way to the newest, nothing is laid out anew', async () => {
    tell(KEPT);
    await expect.poll(() => isSeen(TRACE[KEPT - 1])).toBe(true);
    tell(KEPT + 4);
    await expect.poll(() => isSeen(TRACE[KEPT + 3])).toBe(true);
    const shifts = await countShifts(async () => {
      for (let at = 2; at <= 12; at += 1) {
        tell(KEPT + at * 4);
        await expect.poll(() => isSeen(TRACE[KEPT + at * 4 - 1])).toBe(true);
        await untilPainted();
      }
    });
    expect(shifts).toBe(0);
  });

  test('rows stand below each other, however wide they are', async () => {
    tell(200);
    await expect.poll(() => isSeen(TRACE[199])).toBe(true);
    for (const width of [390, 1280, 500]) {
      await page.viewport(width, 900);
      await untilPainted();
      const boxes = options()
        .elements()
        .map((row) => row.getBoundingClientRect());
      expect(boxes.length).toBeGreaterThan(5);
      for (const [at, { bottom }] of boxes.slice(0, -1).entries())
        expect(Math.abs((boxes[at + 1]?.top ?? 0) - bottom)).toBeLessThan(1);
    }
  });

  test('stays where the reader has scrolled to, with what is read, while the oldest give way to the newest', async () => {
    tell(KEPT);
    await expect.poll(() => isSeen(TRACE[KEPT - 1])).toBe(true);
    scroller().focus();
    await scrollTo(1000);
    const read = TRACE.slice(0, 100).find(isSeen);
    const top = topOf(read);
    expect(read).toBeDefined();
    for (let at = 1; at <= 20; at += 1) {
      tell(KEPT + at * 100);
      await new Promise(requestAnimationFrame);
      expect(topOf(read)).toBe(top);
    }
    await expect.element(page.getByText('20,000 events, held; 2,000 newer')).toBeVisible();
    expect(topOf(read)).toBe(top);
    expect(scroller().matches(':focus')).toBe(true);

    await button('Follow in words').click();
    await expect.poll(() => isSeen(TRACE[KEPT + 1999])).toBe(true);
    await expect.element(button('Follow in words, on')).toBeVisible();
  });

  test('what is left out while it is held does not carry the reader off', async () => {
    tell(KEPT);
    await expect.poll(() => isSeen(TRACE[KEPT - 1])).toBe(true);
    await scrollTo(100_000);
    const read = TRACE.filter(({ name }) => name !== 'B').find(isSeen);
    await page.getByText('Filter', { exact: true }).click();
    await leaveOutB();
    await expect.element(page.getByText(/1\d,\d{3} events/)).toBeVisible();
    await expect.poll(() => isSeen(read)).toBe(true);
  });

  test('a row that is clicked is chosen in the picture', async () => {
    tell(20);
    await expect.element(options()).toHaveLength(20);
    await options().nth(14).click();
    await expect.element(button('Let go')).toBeVisible();
    await expect.element(options().nth(14)).toHaveAttribute('aria-selected', 'true');
    await expect.element(page.getByRole('application')).toHaveAccessibleDescription(saying(TRACE[14]));
  });

  test('it is walked by keyboard, as one stop of the Tab key, and Enter chooses', async () => {
    tell(KEPT);
    await expect.poll(() => isSeen(TRACE[KEPT - 1])).toBe(true);
    scroller().focus();
    await userEvent.keyboard('{Home}{ArrowDown}{ArrowDown}');
    const active = () => scroller().getAttribute('aria-activedescendant');
    await expect.poll(active).toBe(idOf(TRACE[2]));
    await expect.poll(() => isSeen(TRACE[2])).toBe(true);
    await userEvent.keyboard('{PageDown}{Enter}');
    await expect.element(page.getByRole('application')).toHaveAccessibleDescription(saying(TRACE[12]));
    await expect.element(options().nth(12)).toHaveAttribute('aria-selected', 'true');
    expect(scroller().matches(':focus')).toBe(true);
    await userEvent.keyboard('{End}');
    await expect.poll(() => isSeen(TRACE[KEPT - 1])).toBe(true);
  });

  test('what is chosen in the picture is marked in the text, with what came before and what may follow', async () => {
    tell(KEPT);
    await expect.poll(() => isSeen(TRACE[KEPT - 1])).toBe(true);
    await page.getByRole('application').click({ position: { x: 4, y: 120 } });
    await userEvent.keyboard('{ArrowRight}{ArrowLeft}{ArrowLeft}');
    const selected = () =>
      options()
        .elements()
        .filter((row) => row.getAttribute('aria-selected') === 'true');
    await expect.poll(() => selected().length).toBe(1);
    const chosenId = selected()[0]?.id;
    const chosen = TRACE.find((event) => idOf(event) === chosenId);
    expect(isSeen(chosen)).toBe(true);
    await expect.element(page.getByRole('application')).toHaveAccessibleDescription(saying(chosen));
    await expect.element(page.getByText('← came before').first()).toBeInTheDocument();
  });
});

/** The words of an event, wherever they stand. */
function saying(event: TraceEvent | undefined): RegExp {
  return new RegExp(words(event).replaceAll(/[()]/g, String.raw`\$&`));
}
