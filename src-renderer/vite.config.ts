// The renderer's bundle: the same for both shells.

import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What main.ts imports by itself and needs at once: all of it is asked for with the page, not step by step. */
const AT_START = ['state/app-store.ts', 'app/start.tsx'].map(here);

function preloadStart(): Plugin {
  return {
    name: 'preload-start',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((one) => one.type === 'chunk');
        const wanted = new Set<string>();
        const want = (fileName: string): void => {
          const chunk = chunks.find((one) => one.fileName === fileName);
          if (!chunk || chunk.isEntry || wanted.has(fileName)) return;
          wanted.add(fileName);
          chunk.imports.forEach(want);
        };
        for (const { facadeModuleId, fileName } of chunks) if (AT_START.includes(facadeModuleId ?? '')) want(fileName);
        return [...wanted].map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `./${file}` },
          injectTo: 'head' as const,
        }));
      },
    },
  };
}

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: here('../assets/icons'),
  logLevel: 'warn',
  plugins: [react(), preloadStart()],
  build: {
    target: 'chrome130',
    outDir: here('../dist/renderer'),
    emptyOutDir: true,
    // Nothing inline: the content security policy allows files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Loaded from this computer: size costs little, requests cost more.
    chunkSizeWarningLimit: 2000,
  },
});
