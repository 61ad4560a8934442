import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import type { LinkCommand } from '../../src/worker/contract.ts';
import { LinkTable } from '../../src/worker/links.ts';
import { id, nameOf } from '../support/core-cluster.ts';

interface Worker {
  readonly table: LinkTable;
  readonly heard: string[];
  tell(command: LinkCommand): void;
}

/** The links of one member, as its worker has them, and its page's end of their port. */
function createWorker(name: string): Worker {
  const { port1: page, port2: port } = new MessageChannel();
  const heard: string[] = [];
  const table = new LinkTable('cluster-of-tests', id(name), port, {
    onMessage: ({ from, type }) => heard.push(`${type} of ${nameOf(from)}`),
    onLinks: (linked) => heard.push(`linked to ${linked.map(nameOf).join(' ') || 'nobody'}`),
    onRefused: (reason) => heard.push(reason),
  });
  onTestFinished(() => {
    table.close();
    page.close();
    port.close();
  });
  return { table, heard, tell: (command) => page.postMessage(command) };
}

/** Two workers of one browser, and a link between them that only B's page lets be used. */
function createPair(): readonly [Worker, Worker] {
  const a = createWorker('A');
  const b = createWorker('B');
  a.tell({ type: 'add-local', link: 'ab', self: 'page-a', page: 'page-b' });
  b.tell({ type: 'add-local', link: 'ab', self: 'page-b', page: 'page-a' });
  b.tell({ type: 'use', link: 'ab' });
  return [a, b];
}

const ping = (nonce: number): Message => ({ type: 'ping', from: id('B'), to: id('A'), nonce });
const pong: Message = { type: 'pong', from: id('A'), to: id('B'), nonce: 1 };

/** By no timer: those of the test may be its own. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const PATIENCE = { timeout: 20_000 };

describe('a link between two workers', () => {
  it('is used once the page says so, and what came meanwhile comes then', async () => {
    const [a, b] = createPair();
    await vi.waitFor(() => expect(b.heard).toEqual(['linked to A']), PATIENCE);
    expect(b.table.send(ping(1), null)).toBe(true);
    expect(b.table.send(ping(2), null)).toBe(true);
    expect(a.table.send(pong, null)).toBe(false);
    expect(a.table.views(() => 1)).toMatchObject([{ link: 'ab', memberId: null }]);
    expect(a.heard).toEqual([]);
    a.tell({ type: 'use', link: 'ab' });
    await vi.waitFor(() => expect(a.heard).toEqual(['linked to B', 'ping of B', 'ping of B']), PATIENCE);
    expect(a.table.send(pong, null)).toBe(true);
    expect(a.table.views(() => 1)).toMatchObject([{ link: 'ab', memberId: id('B') }]);
  });

  it('does not wait for a page that says nothing', async () => {
    const [a, b] = createPair();
    await vi.waitFor(() => expect(b.heard).toEqual(['linked to A']), PATIENCE);
    b.table.send(ping(1), null);
    await vi.waitFor(() => expect(a.heard).toEqual(['linked to B', 'ping of B']), PATIENCE);
  });

  it('waits for its page from when it is open, however long that took', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const a = createWorker('A');
    const b = createWorker('B');
    a.tell({ type: 'add-local', link: 'ab', self: 'page-a', page: 'page-b' });
    await until(() => a.table.views(() => 1).length === 1);
    vi.advanceTimersByTime(5000);
    b.tell({ type: 'add-local', link: 'ab', self: 'page-b', page: 'page-a' });
    b.tell({ type: 'use', link: 'ab' });
    await until(() => a.table.views(() => 1).some(({ roundTripMs }) => roundTripMs === 1));
    vi.advanceTimersByTime(999);
    expect(a.heard).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(a.heard).toEqual(['linked to B']);
  });

  it('that ends before it is used was never there', async () => {
    const [a, b] = createPair();
    await vi.waitFor(() => expect(b.heard).toEqual(['linked to A']), PATIENCE);
    b.table.send(ping(1), null);
    b.tell({ type: 'remove', link: 'ab' });
    await vi.waitFor(() => expect(b.heard).toEqual(['linked to A', 'linked to nobody']), PATIENCE);
    await vi.waitFor(() => expect(a.table.views(() => 1)).toEqual([]), PATIENCE);
    a.tell({ type: 'use', link: 'ab' });
    a.tell({ type: 'add-local', link: 'next', self: 'page-a', page: 'page-b' });
    await vi.waitFor(() => expect(a.table.views(() => 1)).toHaveLength(1), PATIENCE);
    expect(a.heard).toEqual([]);
  });
});
