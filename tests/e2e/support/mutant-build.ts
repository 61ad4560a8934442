import { join } from 'node:path';
import { build, type Plugin } from 'vite';
import { ROOT } from './fixtures.ts';

const RULES = join(ROOT, 'src/worker/rules.ts');

function replaceRules(): Plugin {
  return {
    name: 'mutant-rules',
    enforce: 'pre',
    async resolveId(source, importer) {
      const resolved = await this.resolve(source, importer, { skipSelf: true });
      return resolved?.id === RULES ? join(import.meta.dirname, 'mutant-rules.ts') : null;
    },
  };
}

/** The page with a known bug of the simulator's in its nodes; nothing that is shipped can be built so. */
export async function buildMutant(mutant: string, outDir: string): Promise<void> {
  await build({
    root: ROOT,
    logLevel: 'warn',
    define: { MUTANT: JSON.stringify(mutant) },
    worker: { format: 'es', plugins: () => [replaceRules()] },
    build: { outDir, emptyOutDir: true },
  });
}
