// Entry of the sandboxed preload script; built as one CommonJS file.

import { exposeBridge } from './shell/bridge.ts';

exposeBridge();
