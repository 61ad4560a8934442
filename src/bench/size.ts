import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../scripts/setup.mjs';
import { rowOf, type Benchmark } from './benchmark.ts';

interface Sizes {
  readonly limit: number;
  readonly files: readonly { readonly file: string; readonly gzip: number }[];
}

const KB = 1024;

export const size: Benchmark = {
  name: 'size',
  about: 'JavaScript that the page loads at first, and its worker, compressed',
  run: async () => {
    // It fails where that is too much, and tells the sizes all the same.
    const command = [join(ROOT, 'scripts/size.mjs'), '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, command).catch((error: unknown) => {
      if (error instanceof Error && 'stdout' in error && error.stdout !== '')
        return { stdout: String(error.stdout) };
      throw error;
    });
    const { limit, files } = JSON.parse(stdout) as Sizes;
    const sum = (list: Sizes['files']): number => list.reduce((total, { gzip }) => total + gzip, 0) / KB;
    const isWorker = ({ file }: { readonly file: string }): boolean => file.includes('assets/main-');
    return [
      rowOf('size', { figure: 'page', unit: 'KB', values: [sum(files.filter((one) => !isWorker(one)))] }),
      rowOf('size', { figure: 'worker', unit: 'KB', values: [sum(files.filter(isWorker))] }),
      rowOf('size', {
        ...{ figure: 'both', unit: 'KB', values: [sum(files)] },
        aim: { bound: 'at most', limit: limit / KB, of: 'value' },
      }),
    ];
  },
};
