// The bundles outside the renderer: Electron's main, the browser shell, the machine and media processes and the
// command line (ES modules, side by side in dist/main), or with `--mode preload` the preload script, which a
// sandboxed window takes only as one CommonJS file.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const { version } = JSON.parse(fs.readFileSync(here('../package.json'), 'utf8')) as { version: string };

/** Tells builds of the engine apart: code that one of them has compiled may be another's no more. */
const engine = createHash('sha256');
for (const file of (fs.readdirSync(here('engine'), { recursive: true }) as string[]).filter((name) => name.endsWith('.ts')).sort())
  engine.update(fs.readFileSync(here(`engine/${file}`)));

const ENTRIES: Readonly<Record<string, string>> = {
  main: 'main.ts',
  'web-shell': 'web-shell.ts',
  'machine-process': 'machine-process.ts',
  'media-process': 'media-process.ts',
  'vcpu-worker': 'host/vcpu-worker.ts',
  cli: 'cli/main.ts',
};

/** What is needed together stands together: a command spends more time on finding a file than on reading it. */
const GROUPS = [
  // What a machine's process has on both sides; the one that runs no guest has nothing else of the engine.
  { name: 'sides', test: /[\\/]src-main[\\/]engine[\\/](snapshot[\\/]|display[\\/]dirty-tiles|block[\\/](drive-slot|memory-drive)\.)/ },
  {
    name: 'base',
    test: /[\\/](src-main[\\/](engine[\\/]base[\\/]|cli[\\/](usage-error|plain-text)\.)|shared[\\/]units[\\/](system-error|phrase)\.)|^virtual:plain-fs$/,
  },
  {
    name: 'images',
    test: /[\\/]src-main[\\/](engine[\\/]block[\\/]|host[\\/](file-store|image-(files|host|lock|tools)|(compact|resize)-image|node-codecs|same-bytes|staged-files|unique-suffix)\.)/,
  },
];

/**
 * Node's fs as `require` gives it. An import of it asks for all that it has, also for what loads Node's streams when it
 * is asked for, a seventh of the time that a short command takes.
 */
const plainFs: Plugin = {
  name: 'plain-fs',
  enforce: 'pre',
  resolveId: (id, importer) => (id === 'node:fs' && !importer?.includes('node_modules') ? 'virtual:plain-fs' : undefined),
  load: (id) => {
    if (id !== 'virtual:plain-fs') return undefined;
    const plain = Object.entries(Object.getOwnPropertyDescriptors(fs)).filter(([, { get }]) => get === undefined);
    return `import { createRequire } from 'node:module';
export const { ${plain.map(([name]) => name).join(', ')} } = createRequire(import.meta.url)('node:fs');`;
  },
};

/** What is beyond ASCII stands only in strings and comments; one such character makes V8 keep a file in twice the room. */
const ascii: Plugin = {
  name: 'ascii',
  generateBundle: (_options, bundle) => {
    for (const chunk of Object.values(bundle))
      if (chunk.type === 'chunk')
        chunk.code = chunk.code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  },
};

export default defineConfig(({ mode }) => {
  const preload = mode === 'preload';
  return {
    root: here('.'),
    plugins: preload ? [] : [plainFs, ascii],
    logLevel: 'warn',
    define: { BOXWRIGHT_VERSION: JSON.stringify(version), BOXWRIGHT_ENGINE: JSON.stringify(engine.digest('hex')) },
    // Bundled, except what has parts of its own for the platform.
    ssr: { noExternal: preload ? true : ['zod', 'commander', 'saxes', 'xmlchars'], external: ['electron', 'ws'] },
    build: {
      ssr: true,
      target: 'node20',
      outDir: here(preload ? '../dist/preload' : '../dist/main'),
      emptyOutDir: true,
      minify: false,
      sourcemap: false,
      rolldownOptions: {
        input: preload
          ? { preload: here('preload.ts') }
          : Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, here(file)])),
        external: ['electron'],
        output: preload
          ? { format: 'cjs', entryFileNames: '[name].cjs' }
          : {
              format: 'es',
              entryFileNames: '[name].js',
              chunkFileNames: 'shared/[name]-[hash].js',
              codeSplitting: { includeDependenciesRecursively: false, groups: GROUPS },
            },
      },
    },
  };
});
