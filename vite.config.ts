import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { defineConfig, type Plugin } from 'vite';
import { createDataHandler } from './signaling/http.ts';
import { createSignalingServer } from './signaling/server.ts';

/** In `npm run dev`, what `npm start` serves beside the page: signaling, configuration, health. */
function signalingPlugin(): Plugin {
  return {
    name: 'tabraft-signaling',
    apply: 'serve',
    configureServer({ httpServer, middlewares, config }) {
      const signaling = createSignalingServer();
      middlewares.use(createDataHandler(join(config.root, 'config.json'), signaling));
      // Other upgrades on this port are left alone: they are Vite's own, for hot reload.
      httpServer?.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        signaling.handleUpgrade(request, socket, head);
      });
      httpServer?.on('close', () => void signaling.close());
    },
  };
}

/**
 * The library's buttons and fields import its icons, for looks that the page does not ask of them: as much again as all
 * that is used of it, and fetched from elsewhere if ever shown. As no name of theirs is used, they can be left out.
 */
function isUnusedIcon(id: string): boolean {
  return (
    id.includes('/@awesome.me/webawesome/dist/chunks/') &&
    /^\/\/ src\/components\/(icon|spinner)\//m.test(readFileSync(id, 'utf8'))
  );
}

/**
 * What only people read in the styles of components, which are strings, where no minifier looks for it: comments and
 * indentation. Their lines stay, for the source map.
 */
function shortStyles(): Plugin {
  const linesOf = (text: string): string => text.replace(/[^\n]/g, '');
  const shorten = (style: string): string =>
    style.replace(/\/\*[^]*?\*\//g, linesOf).replace(/^[ \t]+/gm, '');
  return {
    name: 'tabraft-styles',
    apply: 'build',
    transform: {
      filter: { id: /\/src\/ui\/|\/@awesome\.me\//, code: 'css`' },
      handler: (code) => ({ code: code.replace(/\bcss`[^`]*`/g, shorten), map: null }),
    },
  };
}

export default defineConfig({
  plugins: [signalingPlugin(), shortStyles()],
  build: {
    target: 'es2022',
    sourcemap: true,
    rolldownOptions: { treeshake: { moduleSideEffects: (id) => !isUnusedIcon(id) } },
  },
  worker: { format: 'es' },
  server: {
    port: Number(process.env['PORT'] ?? 5173),
    strictPort: true,
    host: process.env['HOST'] ?? 'localhost',
  },
});
