export interface Stored {
  /** Of this origin, all databases together. */
  readonly databaseBytes: number;
  /** Of all tabs together. */
  readonly traceBytes: number;
}

/** What Chromium tells beyond the standard. */
interface Estimate extends StorageEstimate {
  readonly usageDetails?: { readonly indexedDB?: number };
}

/** Traces are private files; the browser's own figure for these is of what it has reserved. */
export async function storedBytes(): Promise<Stored> {
  const { usageDetails }: Estimate = await navigator.storage.estimate();
  if (usageDetails === undefined) throw new Error('This browser does not tell what is stored where.');
  const databaseBytes = usageDetails.indexedDB ?? 0;
  return { databaseBytes, traceBytes: await sizeOf(await navigator.storage.getDirectory()) };
}

async function sizeOf(directory: FileSystemDirectoryHandle): Promise<number> {
  let bytes = 0;
  for await (const entry of directory.values())
    bytes += entry.kind === 'file' ? (await entry.getFile()).size : await sizeOf(entry);
  return bytes;
}
