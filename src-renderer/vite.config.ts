// The renderer's bundle: the same for both shells.

import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What main.ts imports by itself and needs at once: one file each, with what it needs, asked for with the page. */
const AT_START = { store: here('state/app-store.ts'), window: here('app/start.tsx') };

/** By file: of which of them it is a part. What main.ts has itself is evaluated before and stays where it is. */
const partOf = new Map<string, string>();

const startFiles: Plugin = {
  name: 'start-files',
  buildEnd() {
    const put = (id: string, part: string): void => {
      if (partOf.has(id)) return;
      partOf.set(id, part);
      for (const imported of this.getModuleInfo(id)?.importedIds ?? []) put(imported, part);
    };
    put(here('main.ts'), 'main');
    for (const [name, id] of Object.entries(AT_START)) put(id, name);
  },
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle }) {
      const files = new Map(Object.values(bundle ?? {}).flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one]] : [])));
      const wanted = new Set([...files.values()].filter(({ name }) => name in AT_START).map(({ fileName }) => fileName));
      for (const file of wanted) for (const imported of files.get(file)?.imports ?? []) wanted.add(imported);
      return [...wanted]
        .filter((file) => !files.get(file)?.isEntry)
        .map((file) => ({ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: `./${file}` }, injectTo: 'head' as const }));
    },
  },
};

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: here('../assets/icons'),
  logLevel: 'warn',
  plugins: [react(), startFiles],
  build: {
    target: 'chrome130',
    outDir: here('../dist/renderer'),
    emptyOutDir: true,
    // Nothing inline: the content security policy allows files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Loaded from this computer: size costs little, requests cost more.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      output: { codeSplitting: { includeDependenciesRecursively: false, groups: Object.keys(AT_START).map((name) => ({ name, test: (id: string) => partOf.get(id) === name })) } },
    },
  },
});
