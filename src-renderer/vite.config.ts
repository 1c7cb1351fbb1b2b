// The renderer's bundle: the same for both shells.

import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: here('../assets/icons'),
  logLevel: 'warn',
  plugins: [react()],
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
