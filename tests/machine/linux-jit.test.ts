// Debian's kernels reach a shell on the serial port, under the JIT.

import { describeLinux } from './linux-boot.ts';

describeLinux({ accelerator: 'jit', bootLimitMs: 90_000, selfTestLimitMs: 150_000 });
