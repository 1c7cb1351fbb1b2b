// Electron's entry.

import { dataFolder } from './services/data-folder.ts';
import { startDesktop } from './shell/desktop.ts';

declare const BOXWRIGHT_VERSION: string;

const HERE = new URL('.', import.meta.url);

startDesktop({
  version: BOXWRIGHT_VERSION,
  dataFolder: dataFolder(),
  bundles: HERE,
  renderer: new URL('../renderer/', HERE),
  preload: new URL('../preload/preload.cjs', HERE),
}).catch((error: unknown) => {
  console.error('boxwright:', error);
  process.exit(1);
});
