import { join } from 'node:path';
import { build } from 'vite';
import { ROOT } from '../../scripts/setup.mjs';

const HERE = import.meta.dirname;

/** The page, from the sources as they are: what stands in dist/ may be older. */
export async function buildProduct(outDir: string): Promise<void> {
  await build({ root: ROOT, logLevel: 'error', build: { outDir, emptyOutDir: true, sourcemap: false } });
}

export async function buildFloor(outDir: string): Promise<void> {
  await build({
    ...{ root: join(HERE, 'floor'), configFile: false, logLevel: 'error' },
    build: { outDir, emptyOutDir: true, target: 'es2022' },
    worker: { format: 'es' },
  });
}

/** The script with what a page does while it is measured, as text. */
export async function buildLoad(): Promise<string> {
  const built = await build({
    ...{ root: join(HERE, 'load'), configFile: false, logLevel: 'error' },
    build: {
      ...{ write: false, target: 'es2022' },
      lib: { entry: 'page.ts', formats: ['iife'], name: 'benchScript' },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) =>
    'output' in one ? one.output : [],
  );
  const chunk = outputs.find((output) => output.type === 'chunk');
  if (chunk === undefined) throw new Error('Vite has made no script of page.ts.');
  return chunk.code;
}
