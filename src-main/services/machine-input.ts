// Scripted use of a running machine: typing, keys, its screen and what its serial port says.

import type { MachineId } from '../../shared/machine/config.ts';
import type { MachineScreen, SerialOutput } from '../../shared/machine/view.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { chordScanCodes, typedScanCodes } from '../../shared/rpc/typed-text.ts';
import type { MachineSupervisor } from './machine-supervisor.ts';

const POLL_MS = 150;
/** ECMA-48 control sequences: colours and cursor movements inside what a person reads as one text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const CONTROL_SEQUENCE = /\u001b(\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-B]|[=>78cDEHM])/g;

export interface AwaitedText {
  readonly text: string;
  readonly where: 'screen' | 'serial';
  readonly after: number;
  readonly timeoutMs: number;
}

export class MachineInput {
  readonly #supervisor: MachineSupervisor;

  constructor(supervisor: MachineSupervisor) {
    this.#supervisor = supervisor;
  }

  typeText(id: MachineId, text: string): Promise<void> {
    const codes = typedScanCodes(text);
    if (!Array.isArray(codes))
      throw new FailureError('machine.untypable', say`A US keyboard has no key for “${codes.untypable}”.`, {
        character: codes.untypable,
      });
    return this.#supervisor.ask(id, 'keyboard', codes);
  }

  pressKeys(id: MachineId, keys: readonly string[]): Promise<void> {
    const codes = chordScanCodes(keys);
    if (!Array.isArray(codes))
      throw new FailureError('machine.untypable', say`A PC keyboard has no key “${codes.untypable}”.`, {
        key: codes.untypable,
      });
    return this.#supervisor.ask(id, 'keyboard', codes);
  }

  screen(id: MachineId, png: boolean): Promise<MachineScreen> {
    return this.#supervisor.ask(id, 'screen', { png });
  }

  serialRead(id: MachineId, after: number): Promise<SerialOutput> {
    return this.#supervisor.ask(id, 'serialRead', { after });
  }

  serialWrite(id: MachineId, base64: string): Promise<void> {
    return this.#supervisor.ask(id, 'serialWrite', { base64 });
  }

  /** Fails when the machine ends before the text comes. */
  async waitForText(id: MachineId, awaited: AwaitedText): Promise<{ found: boolean }> {
    const deadline = performance.now() + awaited.timeoutMs;
    for (;;) {
      if (await this.#shows(id, awaited)) return { found: true };
      const left = deadline - performance.now();
      if (left <= 0) return { found: false };
      await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, left)));
    }
  }

  async #shows(id: MachineId, { text, where, after }: AwaitedText): Promise<boolean> {
    if (where === 'screen') {
      const rows = (await this.screen(id, false)).text ?? [];
      return rows.join('\n').includes(text) || rows.join('').includes(text);
    }
    const { base64 } = await this.serialRead(id, after);
    const said = Buffer.from(base64, 'base64').toString('utf8');
    return said.includes(text) || said.replace(CONTROL_SEQUENCE, '').includes(text);
  }
}
