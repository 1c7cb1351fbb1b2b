// All verbs that work on the user's machines, in the order of --help.

import { create, demo, getSchema, label, remove, repair, set, undelete } from './edit.ts';
import { clone, independent, template } from './clone.ts';
import { exportVerb, importVerb } from './export-import.ts';
import { console, key, screenshot, type, waitForSerial, waitForText } from './input.ts';
import { log, stats } from './inspect.ts';
import { discard, disposable, pause, poweroff, reset, resume, save, shutdown, start } from './lifecycle.ts';
import { list, show } from './list.ts';
import { preferences } from './preferences.ts';
import { jobs, media } from './library.ts';
import { eject, insert } from './media.ts';
import { snapshot } from './snapshot.ts';
import { verify } from './verify.ts';
import type { MachineVerb } from './verb.ts';

export const MACHINE_VERBS: readonly MachineVerb[] = [
  list, show, create, demo, clone, independent, template, exportVerb, importVerb, set, label, start, disposable, shutdown, poweroff, save, discard,
  reset, pause, resume, remove, undelete, repair,
  console, type, key, screenshot, waitForText, waitForSerial, insert, eject, snapshot, verify, media, jobs, log, stats, getSchema, preferences,
];
