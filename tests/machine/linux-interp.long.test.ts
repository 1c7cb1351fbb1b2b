// Debian's kernels reach a shell on the serial port, under the interpreter alone.

import { describeLinux } from './linux-boot.ts';

describeLinux({ accelerator: 'interp', bootLimitMs: 400_000, selfTestLimitMs: 700_000 });
