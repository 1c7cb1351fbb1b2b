// What the command line and a second start ask of whoever runs the machines: everything a window may, and a window.

import { z } from 'zod';
import { appContract } from './app-contract.ts';
import type { Contract } from './contract.ts';

const nothing = z.undefined();

export const controlContract = {
  calls: {
    ...appContract.calls,
    'control.openWindow': { input: nothing, output: nothing },
  },
  events: appContract.events,
} as const satisfies Contract;
export type ControlContract = typeof controlContract;
