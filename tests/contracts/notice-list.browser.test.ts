import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import '../../src/ui/notice-list.ts';
import type { NoticeList } from '../../src/ui/notice-list.ts';
import '../../src/ui/theme.css';
import { notice } from '../ui/fake-controller.ts';
import { countShifts, untilPainted } from '../ui/painting.ts';

/** As many as are kept: with each that comes, the oldest goes. */
const KEPT = 200;
/** Some of them need more than one line. */
const noticeAt = (id: number) => notice(id, `number ${id}${' and so on'.repeat((id % 3) * 12)}`);

let list: NoticeList;

beforeEach(async () => {
  await page.viewport(390, 900);
  list = document.createElement('tabraft-notice-list');
  document.body.append(list);
  await tell(KEPT);
});

afterEach(() => list.remove());

async function tell(until: number): Promise<void> {
  const from = Math.max(0, until - KEPT);
  list.notices = Array.from({ length: until - from }, (_, at) => noticeAt(from + at));
  await list.updateComplete;
}

const region = () => page.getByRole('region', { name: 'Events' }).last();
const scroller = (): HTMLElement => region().element() as HTMLElement;
const row = (id: number): Element | undefined =>
  [...(list.shadowRoot?.querySelectorAll('li') ?? [])].find((li) =>
    new RegExp(`number ${id}\\b`).test(li.textContent),
  );
const topOf = (id: number): number => row(id)?.getBoundingClientRect().top ?? Number.NaN;
const isSeen = (id: number): boolean => {
  const [box, frame] = [row(id)?.getBoundingClientRect(), scroller().getBoundingClientRect()];
  return box !== undefined && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
};

describe('what happened here', () => {
  test('ends with the newest, which is in sight', async () => {
    const rows = region().getByRole('listitem');
    await expect.element(rows.last()).toHaveTextContent(`number ${KEPT - 1}`);
    expect(rows.elements()).toHaveLength(KEPT);
    for (let until = KEPT + 1; until < KEPT + 10; until += 1) {
      await tell(until);
      expect(isSeen(until - 1)).toBe(true);
    }
    await expect.poll(() => rows.elements().length).toBe(KEPT);
    expect(isSeen(KEPT + 8)).toBe(true);
  });

  test('is laid out anew by nothing that comes', async () => {
    const shifts = await countShifts(async () => {
      for (let until = KEPT + 1; until < KEPT + 10; until += 1) {
        await tell(until);
        await untilPainted();
      }
      await expect.poll(() => row(8) === undefined).toBe(true);
    });
    expect(shifts).toBe(0);
  });

  test('is counted as laid out anew where it is', async () => {
    const shifts = await countShifts(async () => {
      list.style.marginBlockStart = '60px';
      await untilPainted();
    });
    expect(shifts).toBeGreaterThan(0);
  });

  test('shows the newest, however wide it becomes', async () => {
    for (const width of [1280, 360, 700]) {
      await page.viewport(width, 900);
      await expect.poll(() => isSeen(KEPT - 1)).toBe(true);
      await tell(KEPT);
      expect(isSeen(KEPT - 1)).toBe(true);
    }
  });

  test('stays where the reader has scrolled to, by keyboard, and follows again from the end', async () => {
    scroller().focus();
    await userEvent.keyboard('{PageUp}{PageUp}');
    await expect.poll(() => isSeen(KEPT - 1)).toBe(false);
    const read = [...Array(KEPT).keys()].find(isSeen) ?? 0;
    expect(read).toBeGreaterThan(0);
    await untilStill();
    const top = topOf(read);
    for (let until = KEPT + 1; until < KEPT + 10; until += 1) {
      await tell(until);
      await untilPainted();
      expect(Math.abs(topOf(read) - top)).toBeLessThan(1);
    }
    await expect.poll(() => row(8) === undefined).toBe(true);
    await untilPainted();
    expect(Math.abs(topOf(read) - top)).toBeLessThan(1);
    await userEvent.keyboard('{End}');
    await expect.poll(() => isSeen(KEPT + 8)).toBe(true);
    await untilStill();
    await tell(KEPT + 10);
    expect(isSeen(KEPT + 9)).toBe(true);
  });
});

/** Keys scroll smoothly. */
async function untilStill(): Promise<void> {
  let last = Number.NaN;
  await expect
    .poll(async () => {
      await untilPainted();
      const before = last;
      last = scroller().scrollTop;
      return last - before;
    })
    .toBe(0);
}
