// The verbs that start and end machines.

import type { MachineView } from '../../../shared/machine/view.ts';
import type { CallName } from '../../../shared/rpc/contract.ts';
import type { ControlContract } from '../../../shared/rpc/control-contract.ts';
import { UsageError } from '../usage-error.ts';
import { EXIT, type MachineVerb, type VerbContext } from './verb.ts';

const POLL_MS = 100;

export const start: MachineVerb = {
  name: 'start',
  help: 'switch a machine on; it runs until it is switched off',
  words: ['<machine>'],
  options: [
    ['--wait', 'come back when the machine has ended'],
    ['--force', 'also when this computer seems to have too little memory'],
    ['--disposable', 'throw away what the guest writes when it ends, unless `disposable keep` is said then'],
    ['--discard-state', 'start from the disks, and forget the saved state'],
  ],
  calls: ['machines.start'],
  service: true,
  async run(context) {
    const { id } = await context.machine();
    const [force, discardState, disposable] = (['force', 'discardState', 'disposable'] as const).map((name) => context.options[name] === true);
    const started = await context.client.call('machines.start', { id, force, discardState, disposable });
    if (!context.options['wait']) return context.print(started, `${id} is running`);
    const ended = await untilEnded(context, id);
    context.print(ended, `${id}: ${ended.kind === 'machine' ? ended.lastExit?.message : ended.message}`);
    return ended.kind === 'machine' && ended.state === 'off' ? EXIT.ok : EXIT.failed;
  },
};

export const disposable: MachineVerb = {
  name: 'disposable',
  help: 'keep or discard what the guest wrote in a disposable run that has ended; the next start discards it too',
  words: ['<machine>', '<keep|discard>'],
  calls: ['machines.endDisposable'],
  service: true,
  async run({ client, machine, words, print }) {
    const { id } = await machine();
    const [, what] = words;
    if (what !== 'keep' && what !== 'discard') throw new UsageError(`disposable ${id} ${what}: expected keep or discard`);
    print(await client.call('machines.endDisposable', { id, keep: what === 'keep' }), what === 'keep' ? `${id} keeps what was written` : `${id} is what it was before`);
  },
};

export const shutdown: MachineVerb = {
  name: 'shutdown',
  help: 'press the power button: a request that the guest may follow',
  words: ['<machine>'],
  options: [['--wait [seconds]', 'come back when the machine is off; fails after that long (60)']],
  calls: ['machines.powerButton'],
  service: false,
  async run(context) {
    const { id } = await context.machine();
    await context.client.call('machines.powerButton', { id });
    const { wait } = context.options;
    if (wait === undefined) return context.print({ id }, `${id}: the power button was pressed`);
    const limit = performance.now() + (wait === true ? 60 : Number(wait)) * 1000;
    const ended = await untilEnded(context, id, limit);
    context.print(ended, `${id} is ${ended.kind === 'machine' ? ended.state : 'damaged'}`);
    return ended.kind === 'machine' && ended.state === 'off' ? EXIT.ok : EXIT.timedOut;
  },
};

export const save: MachineVerb = {
  name: 'save',
  help: 'keep the state of a running machine and end it; the next start goes on from there',
  words: ['<machine>'],
  calls: ['machines.save'],
  service: false,
  async run({ client, machine, print }) {
    const { id } = await machine();
    print(await client.call('machines.save', { id }), `${id} is saved`);
  },
};

export const poweroff = simple('poweroff', 'pull the plug', 'machines.powerOff', 'is off');
export const discard = simple('discard', 'forget a saved state: the next start begins with the disks', 'machines.discard', 'is off');
export const reset = simple('reset', 'press the reset button', 'machines.reset', 'was reset');
export const pause = simple('pause', 'stop the time of a machine', 'machines.pause', 'is paused');
export const resume = simple('resume', 'let a paused machine go on', 'machines.resume', 'is running');

type SimpleCall = Extract<CallName<ControlContract>, 'machines.powerOff' | 'machines.discard' | 'machines.reset' | 'machines.pause' | 'machines.resume'>;

function simple(name: string, help: string, call: SimpleCall, done: string): MachineVerb {
  return {
    name,
    help,
    words: ['<machine>'],
    calls: [call],
    service: false,
    async run({ client, machine, print }) {
      const { id } = await machine();
      await client.call(call, { id });
      print(await client.call('machines.get', { id }), `${id} ${done}`);
    },
  };
}

/** The machine when no process stands behind it any more, or as it is at the limit. */
async function untilEnded({ client }: VerbContext, id: string, limit = Number.POSITIVE_INFINITY): Promise<MachineView> {
  for (;;) {
    const machine = await client.call('machines.get', { id });
    if (machine.kind !== 'machine' || machine.startedAtMs === null || performance.now() > limit) return machine;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
