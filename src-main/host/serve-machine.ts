// One machine of a process of its own: the session served to main, consoles straight to the windows.

import { runnersOn } from './create-machine-runner.ts';
import type { GuestThread } from './guest-thread.ts';
import { MachineSession } from './machine-session.ts';
import { openParentLink } from './parent-link.ts';

export function serveMachine(thread: GuestThread): void {
  const link = openParentLink();
  const session = new MachineSession({
    createRunner: runnersOn({ guestThread: () => thread }),
    channel: link.channel,
    onEnd: (code) => {
      // What was sent must have left before the process does.
      setImmediate(() => process.exit(code));
    },
  });
  link.onConsole((console) => session.connectConsole(console));
}
