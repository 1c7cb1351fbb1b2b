// Entry of the process that runs one machine: the session served to main, consoles straight to the windows.

import { createMachineRunner } from './host/create-machine-runner.ts';
import { MachineSession } from './host/machine-session.ts';
import { openParentLink } from './host/parent-link.ts';

const link = openParentLink();
const session = new MachineSession({
  createRunner: createMachineRunner,
  channel: link.channel,
  onEnd: (code) => {
    // What was sent must have left before the process does.
    setImmediate(() => process.exit(code));
  },
});
link.onConsole((console) => session.connectConsole(console));
