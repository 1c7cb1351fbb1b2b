// The disks of a machine that runs, in a process of their own as a machine's are, to be killed while another process
// changes its snapshots. Arguments: the data folder, the machine, and the file of guest-writes.ts.

import { writeOn } from './guest-writes.ts';
import type { DisksAnswer, DisksCall } from './remote-disks.ts';
import { RunningDisks } from './running-disks.ts';
import { openData } from './snapshot-machine.ts';

const [folder = '', id = '', flushed = ''] = process.argv.slice(2);
const disks = await RunningDisks.start(await openData(folder), id);
const answer = (message: DisksAnswer) => void process.send?.(message);
process.on('message', (call: DisksCall) => {
  const work = call.name === 'mergeLayers' ? disks.mergeLayers(id, call.input) : disks.relink(id, call.input);
  work.then(() => answer({ number: call.number }), (error: Error) => answer({ number: call.number, failure: error.message }));
});
process.once('disconnect', () => process.exit(0));
answer({ number: 0 });
await writeOn(disks, flushed, () => false);
