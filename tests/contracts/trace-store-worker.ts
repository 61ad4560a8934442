import * as Comlink from 'comlink';
import type { MemberId } from '../../src/core/ids.ts';
import { deleteStoredTrace, openOpfsTrace } from '../../src/trace/opfs-store.ts';
import type { TraceChunk, TraceStore } from '../../src/trace/store.ts';

/** Only workers may open files for themselves. */
const CLUSTER = 'cluster-of-tests';
let store: TraceStore | null = null;

function opened(): TraceStore {
  if (store === null) throw new Error('open it first');
  return store;
}

async function fileOf(node: MemberId, name: string): Promise<FileSystemSyncAccessHandle> {
  const root = await navigator.storage.getDirectory();
  const traces = await root.getDirectoryHandle('tabraft-trace');
  const directory = await (await traces.getDirectoryHandle(CLUSTER)).getDirectoryHandle(node);
  return (await directory.getFileHandle(name)).createSyncAccessHandle();
}

const api = {
  async open(node: MemberId, maxBytes: number): Promise<void> {
    store = await openOpfsTrace(CLUSTER, node, maxBytes);
  },
  run: (): number => opened().run,
  append: (chunk: TraceChunk): void => opened().append(chunk),
  next: (after: number): TraceChunk | null => opened().next(after),
  close: (): void => opened().close(),
  wipe: (node: MemberId): Promise<void> => deleteStoredTrace(CLUSTER, node),
  /** From now on files take one byte of what they are given, as on a disk that is full. */
  fillDisk(): void {
    const { prototype } = FileSystemSyncAccessHandle;
    const write = Object.getOwnPropertyDescriptor(prototype, 'write')?.value as typeof prototype.write;
    prototype.write = function (bytes, options) {
      return write.call(this, (bytes as Uint8Array<ArrayBuffer>).subarray(0, 1), options);
    };
  },
  async damageHead(node: MemberId): Promise<void> {
    const head = await fileOf(node, 'head');
    head.write(new Uint8Array(8).fill(0xff), { at: 0 });
    head.close();
  },
  /** As a process leaves it that is killed in the middle of a chunk. */
  async tear(node: MemberId): Promise<void> {
    const file = await fileOf(node, '0');
    // It says that a hundred bytes follow.
    file.write(Uint8Array.of(0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 42), { at: file.getSize() });
    file.close();
  },
};

export type TraceStoreWorker = typeof api;
Comlink.expose(api);
