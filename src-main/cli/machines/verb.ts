// What a verb of the command line that works on the user's machines is: its words and options as --help shows them,
// the calls it stands for, and what it does with a client of whoever runs the machines.

import type { MachineView, ReadyMachine } from '../../../shared/machine/view.ts';
import type { Client } from '../../../shared/rpc/contract.ts';
import type { ControlContract } from '../../../shared/rpc/control-contract.ts';

export type ControlClient = Client<ControlContract>;

export interface VerbContext {
  readonly client: ControlClient;
  /** The words after the verb, without options. */
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly json: boolean;
  /** The machine that a word (the first one) names, by name, unique beginning or id; a damaged one is a failure. */
  machine(word?: string): Promise<ReadyMachine>;
  /** The same, damaged or not. */
  entry(word?: string): Promise<MachineView>;
  /** Prints a result: `value` with --json, else the lines. */
  print(value: unknown, lines: string | readonly string[]): void;
}

export interface MachineVerb {
  readonly name: string;
  readonly help: string;
  /** "<machine>", "<text>", "[key=value...]". */
  readonly words: readonly string[];
  /** Flags and their help, as commander takes them. */
  readonly options?: readonly (readonly [flags: string, help: string])[];
  /** More lines of help. */
  readonly details?: readonly string[];
  /** What the window does by the same calls. */
  readonly calls: readonly (keyof ControlContract['calls'])[];
  /** Whether it needs a service that outlives it, because a machine runs in it. */
  readonly service: boolean;
  /** Resolves with the exit status; nothing is 0. */
  run(context: VerbContext): Promise<number | void>;
}

/** The exit statuses, as `--help` explains them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, noMachine: 3, wrongState: 4, timedOut: 5 } as const;
