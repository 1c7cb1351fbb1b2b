// Runs one verb: its arguments by commander, its client, its output, and the exit status of what went wrong.

import { Command, CommanderError } from 'commander';
import { type FailureCode, FailureError } from '../../../shared/rpc/failure.ts';
import { complain, plainText } from '../plain-text.ts';
import { UsageError } from '../usage-error.ts';
import { findMachine } from './find-machine.ts';
import { withService } from './service.ts';
import { type ControlClient, EXIT, type MachineVerb, type VerbContext } from './verb.ts';

export type WithClient = <T>(service: boolean, work: (client: ControlClient) => Promise<T>) => Promise<T>;

const STATUSES: Partial<Record<FailureCode, number>> = {
  'machine.notFound': EXIT.noMachine,
  'snapshot.notFound': EXIT.noMachine,
  'snapshot.busy': EXIT.wrongState,
  'snapshot.neededByClones': EXIT.wrongState,
  'machine.wrongState': EXIT.wrongState,
};

const FOOTER = `
Exit status: 0 done; 1 failed; 2 wrong usage; 3 no such machine or snapshot; 4 not in this state of the machine; 5 timed out.`;

/** A machine is named by its id, its name, its UUID, or the beginning of one that no other shares. */
export async function runVerb(
  verb: MachineVerb,
  args: readonly string[],
  withClient: WithClient = withService,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
  const command = commandOf(verb).configureOutput({ writeOut: write });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    throw new UsageError(`${verb.name}: ${error.message.replace(/^error: /, '')}`);
  }
  try {
    return (await withClient(verb.service, (client) => verb.run(contextOf(command, client, write)))) ?? EXIT.ok;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (!(error instanceof FailureError)) throw error;
    complain(error.message);
    return STATUSES[error.code] ?? EXIT.failed;
  }
}

export function verbHelp(verb: MachineVerb): string {
  return `${commandOf(verb).helpInformation()}${details(verb).trimStart()}${FOOTER.trimStart()}\n`;
}

function details({ details = [] }: MachineVerb): string {
  return details.length === 0 ? '' : `\n${details.join('\n')}\n`;
}

function commandOf(verb: MachineVerb): Command {
  const command = new Command(`boxwright ${verb.name}`)
    .description(verb.help)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `${details(verb)}${FOOTER}`);
  for (const word of verb.words) command.argument(word);
  for (const [flags, help] of verb.options ?? []) command.option(flags, help);
  return command;
}

function contextOf(command: Command, client: ControlClient, write: (text: string) => void): VerbContext {
  const options = command.opts<VerbContext['options']>();
  const words = command.args;
  const json = options['json'] === true;
  const entry = async (word = words[0] ?? '') => findMachine(await client.call('machines.list'), word);
  return {
    client,
    words,
    options,
    json,
    entry,
    machine: async (word) => {
      const machine = await entry(word);
      if (machine.kind === 'damaged') throw new FailureError('machine.damaged', machine.message);
      return machine;
    },
    print: (value, lines) => {
      const text = json ? JSON.stringify(value, null, 2) : typeof lines === 'string' ? lines : lines.join('\n');
      if (text !== '') write(`${plainText(text)}\n`);
    },
  };
}

