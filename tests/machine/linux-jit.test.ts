// Debian's kernels reach a shell on the serial port, under the JIT.

import { describeLinux } from './linux-boot.ts';

describeLinux({ accelerator: 'jit', bootLimitMs: 240_000, selfTestLimitMs: 300_000 });
