import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { LESSONS } from '../../src/lessons/catalog.ts';
import '../../src/ui/app.ts';
import type { App } from '../../src/ui/app.ts';
import '../../src/ui/later.ts';
import '../../src/ui/theme.css';
import type { LessonMoment } from '../../src/ui/view.ts';
import { FakeController, lessonView, member, readyView } from '../ui/fake-controller.ts';

let app: App;
let controller: FakeController;

async function open(): Promise<void> {
  controller = new FakeController(readyView());
  app = document.createElement('tabraft-app');
  app.controller = controller;
  document.body.append(app);
  await app.updateComplete;
}

beforeEach(async () => {
  localStorage.clear();
  await open();
});

afterEach(async () => {
  app.remove();
  localStorage.clear();
  await page.viewport(1280, 900);
});

const button = (name: string) => page.getByRole('button', { name, exact: true });
const hasFocus = (name: string) => button(name).query()?.matches(':focus') === true;
const spoken = () => page.getByRole('status', { name: 'Lesson' });
const acts = () => controller.calls.filter(({ name }) => name === 'lesson').map(({ args }) => args[0]);
const show = (now: LessonMoment) => controller.change({ lesson: lessonView(now) });

describe('the list', () => {
  test('has every lesson, with what it shows and where to read on', async () => {
    for (const { title, about, source } of LESSONS) {
      await expect.element(page.getByText(title, { exact: true })).toBeVisible();
      await expect.element(page.getByText(`${about} ${source}`)).toBeVisible();
    }
    await button('Begin: Figure 8').click();
    expect(acts()).toEqual([{ do: 'begin', name: 'figure-8' }]);
  });

  test('says why none can begin, and offers what helps', async () => {
    controller.changeStatus({ members: [member('A')] });
    await expect.element(page.getByText(/three voters, and this cluster has 1/)).toBeVisible();
    await expect.element(button('Begin: A leader dies')).toBeDisabled();
    controller.changeStatus({ members: [member('A'), member('B'), member('C')] });
    await expect.element(button('Begin: A leader dies')).toBeEnabled();
    controller.change({ rules: [{ id: 'mine', kind: 'drop', from: 'A' }] });
    await button('Clear the rules').click();
    await expect.poll(() => controller.asked).toContain('faults.clear');
  });
});

test.each([1280, 390])('nothing moves when none can begin any more, at %i px', async (width) => {
  await page.viewport(width, 900);
  const begin = button('Begin: A leader dies');
  const heading = page.getByRole('heading', { name: 'Lessons' });
  const top = (): number =>
    Math.round(begin.element().getBoundingClientRect().top - heading.element().getBoundingClientRect().top);
  await expect.element(begin).toBeEnabled();
  const before = top();
  const gone = ['A', 'B', 'C'].map((name) => ({ name, state: name === 'C' ? 'gone' : 'running' }) as const);
  const hindrances: [RegExp, () => void][] = [
    [
      /Fault rules are in force/,
      () => controller.change({ rules: [{ id: 'mine', kind: 'drop', from: 'A' }] }),
    ],
    [/C is not open/, () => controller.change({ nodes: gone })],
    [/this cluster has 1/, () => controller.changeStatus({ members: [member('A')] })],
  ];
  for (const [text, hinder] of hindrances) {
    hinder();
    await expect.element(page.getByText(text)).toBeVisible();
    expect(top()).toBe(before);
  }
});

describe('a lesson under way', () => {
  test('is told step by step, goes on at the reader’s wish, and can be left', async () => {
    show({ kind: 'ready', button: 'Split the network' });
    await expect.element(spoken()).toHaveTextContent(/Two leaders: A in term 4.*Which can commit it/);
    await button('Split the network').click();
    await button('Leave').click();
    expect(acts()).toEqual([{ do: 'go-on' }, { do: 'leave' }]);
  });

  test('asks, and explains a wrong answer', async () => {
    show({ kind: 'asking', options: ['A', 'Both'], wrong: null });
    await button('Both').click();
    expect(acts()).toEqual([{ do: 'answer', option: 1 }]);
    const wrong = { option: 1, text: 'Not so. Two majorities have a member in common.' };
    show({ kind: 'asking', options: ['A', 'Both'], wrong });
    await expect.element(spoken()).toHaveTextContent(wrong.text);
    await expect.element(page.getByText('Both: Not so. Two majorities')).toBeVisible();
  });

  test('takes the focus along, from button to button', async () => {
    button('Begin: A leader dies').query()?.focus();
    await userEvent.keyboard('{Enter}');
    show({ kind: 'ready', button: 'First' });
    await expect.poll(() => hasFocus('First')).toBe(true);
    await userEvent.keyboard('{Enter}');
    show({ kind: 'busy', text: 'Waiting …' });
    await expect.element(page.getByText('Waiting …')).toBeVisible();
    show({ kind: 'asking', options: ['One', 'Two'], wrong: null });
    await expect.poll(() => hasFocus('One')).toBe(true);
    show({ kind: 'asking', options: ['One', 'Two'], wrong: { option: 1, text: 'Not so.' } });
    await expect.poll(() => hasFocus('Two')).toBe(true);
    show({ kind: 'over', end: 'done', text: 'That was it.' });
    await expect.poll(() => hasFocus('Next: A write that is lost, and one that is not')).toBe(true);
  });

  test('at its end the next button is in sight, below all that was told', async () => {
    const steps = Array.from({ length: 12 }, (_, at) => ({ tell: `Step ${at}. `.repeat(40), seen: 'Seen.' }));
    const tell = (now: LessonMoment) => controller.change({ lesson: lessonView(now, { steps }) });
    tell({ kind: 'ready', button: 'First' });
    await button('First').click();
    tell({ kind: 'over', end: 'done', text: 'There were two leaders.' });
    const next = button('Next: A write that is lost, and one that is not');
    await expect.element(next).toBeInViewport();
    expect(scrollY).toBeGreaterThan(0);
  });

  test('on a narrow page the members stay in sight beside what is told, and cover nothing that has the focus', async () => {
    const steps = Array.from({ length: 4 }, (_, at) => ({ tell: `Step ${at}. `.repeat(120), seen: 'Seen.' }));
    const tell = (now: LessonMoment) => controller.change({ lesson: lessonView(now, { steps }) });
    const bottomOf = (one: Element | null) => one?.getBoundingClientRect().bottom;
    const picture = (): HTMLElement | null =>
      app.shadowRoot?.querySelector('tabraft-lessons')?.shadowRoot?.querySelector('tabraft-ring') ?? null;
    await page.viewport(1280, 900);
    tell({ kind: 'ready', button: 'First' });
    await expect.element(button('First')).toBeVisible();
    expect(picture()).toBeNull();
    await page.viewport(390, 700);
    tell({ kind: 'ready', button: 'Second' });
    await expect.element(button('Second')).toBeVisible();
    expect(picture()?.matches('[inert]')).toBe(true);
    button('Second').element().scrollIntoView({ block: 'end' });
    await expect.element(picture()).toBeInViewport({ ratio: 1 });
    await expect.element(button('Leave')).not.toBeInViewport();
    const nav = app.shadowRoot?.querySelector('tabraft-section-nav') ?? null;
    expect(Math.abs((bottomOf(nav) ?? 0) - (picture()?.getBoundingClientRect().top ?? 0))).toBeLessThan(2);
    // Back to what stands above.
    button('Second').query()?.focus();
    await userEvent.keyboard('{Shift>}{Tab}{/Shift}');
    await expect.poll(() => hasFocus('Leave')).toBe(true);
    expect(button('Leave').element().getBoundingClientRect().top).toBeGreaterThanOrEqual(
      bottomOf(picture()) ?? Infinity,
    );
    // It would leave no room for what is told.
    await page.viewport(844, 390);
    await expect.poll(picture).toBeNull();
  });

  test('leaves the focus where the reader has taken it', async () => {
    show({ kind: 'ready', button: 'First' });
    await button('First').click();
    page.getByLabelText('Key', { exact: true }).query()?.focus();
    show({ kind: 'asking', options: ['One', 'Two'], wrong: null });
    await expect.element(button('One')).toBeVisible();
    expect(hasFocus('One')).toBe(false);
  });

  test('says how it ended, and what comes next', async () => {
    show({ kind: 'over', end: 'missed', text: 'Not seen within 20 s: two leaders.' });
    await expect.element(spoken()).toHaveTextContent('Not seen. Not seen within 20 s: two leaders.');
    await button('Once more').click();
    expect(acts()).toEqual([{ do: 'begin', name: 'two-leaders' }]);
    await button('All lessons').click();
    await expect.poll(() => hasFocus('Begin: A leader dies')).toBe(true);
  });

  test('that was answered is marked as seen, in this browser', async () => {
    controller.change({ lesson: lessonView({ kind: 'busy', text: '' }, { isAnswered: true }) });
    await expect.element(page.getByText(/1 of 6 seen/)).toBeVisible();
    app.remove();
    await open();
    await expect.element(button('Again: A partition, and two leaders')).toBeVisible();
    await expect.element(page.getByText(/1 of 6 seen/)).toBeVisible();
    // In another tab, whose storage tells all others.
    localStorage.setItem('tabraft.lessons', JSON.stringify(['two-leaders', 'stale-read']));
    window.dispatchEvent(new StorageEvent('storage', { key: 'tabraft.lessons' }));
    await expect.element(page.getByText(/2 of 6 seen/)).toBeVisible();
  });
});
