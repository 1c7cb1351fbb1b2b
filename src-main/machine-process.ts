// Entry of the process that runs one machine. The guest's thread comes first: it loads the engine while this one loads
// the rest and hears which machine it is to run.

import { GuestThread } from './host/guest-thread.ts';

const thread = new GuestThread();
const { serveMachine } = await import('./host/serve-machine.ts');
serveMachine(thread);
