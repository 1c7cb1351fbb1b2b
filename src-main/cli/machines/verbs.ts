// All verbs that work on the user's machines, in the order of --help.

import { create, getSchema, label, remove, set, undelete } from './edit.ts';
import { console, key, screenshot, type, waitForSerial, waitForText } from './input.ts';
import { log, stats } from './inspect.ts';
import { pause, poweroff, reset, resume, shutdown, start } from './lifecycle.ts';
import { list, show } from './list.ts';
import { eject, insert } from './media.ts';
import type { MachineVerb } from './verb.ts';

export const MACHINE_VERBS: readonly MachineVerb[] = [
  list, show, create, set, label, start, shutdown, poweroff, reset, pause, resume, remove, undelete,
  console, type, key, screenshot, waitForText, waitForSerial, insert, eject, log, stats, getSchema,
];
