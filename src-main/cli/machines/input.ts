// The verbs that use a running machine as a person at its keyboard and screen would.

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FailureError } from '../../../shared/rpc/failure.ts';
import { systemErrorWords } from '../../../shared/units/system-error.ts';
import { complain } from '../plain-text.ts';
import { UsageError } from '../usage-error.ts';
import { EXIT, type MachineVerb, type VerbContext } from './verb.ts';

export const type: MachineVerb = {
  name: 'type',
  help: 'type a text on the keyboard of a machine; \\n is Enter',
  words: ['<machine>', '<text>'],
  options: [['--raw', 'take backslashes as they are']],
  calls: ['machines.typeText'],
  service: false,
  async run({ client, machine, words, options, print }) {
    const { id } = await machine();
    const text = options['raw'] ? (words[1] ?? '') : unescaped(words[1] ?? '');
    await client.call('machines.typeText', { id, text });
    print({ id, characters: text.length }, []);
  },
};

export const key: MachineVerb = {
  name: 'key',
  help: 'press keys: ctrl+alt+delete, F2, ArrowDown Enter',
  words: ['<machine>', '<keys...>'],
  calls: ['machines.pressKeys'],
  service: false,
  async run({ client, machine, words, print }) {
    const { id } = await machine();
    const chords = words.slice(1).map((word) => word.split('+').map(keyCode));
    for (const keys of chords) await client.call('machines.pressKeys', { id, keys });
    print({ id, keys: chords }, []);
  },
};

export const screenshot: MachineVerb = {
  name: 'screenshot',
  help: 'write the screen to a PNG file, or its text to standard output',
  words: ['<machine>', '[file.png]'],
  options: [['--text', 'print the characters of a text mode']],
  calls: ['machines.screen'],
  service: false,
  async run({ client, machine, words, options, print }) {
    const { id } = await machine();
    const [, file] = words;
    if (file === undefined && !options['text']) throw new UsageError('screenshot: name a file, or give --text');
    const screen = await client.call('machines.screen', { id, png: file !== undefined });
    if (options['text'] && screen.text === null)
      throw new FailureError('machine.wrongState', 'The guest is in a graphics mode; its screen has no text.');
    if (file !== undefined) writePicture(file, screen.pngBase64 ?? '');
    const { pngBase64: _png, ...rest } = screen;
    print({ ...rest, file: file === undefined ? null : resolve(file) }, options['text'] ? (screen.text ?? []) : []);
  },
};

export const waitForText = waiting('wait-for-text', 'wait until a text is on the screen', 'screen');
export const waitForSerial = waiting('wait-for-serial', 'wait until a text came on the serial port', 'serial');

function waiting(name: string, help: string, where: 'screen' | 'serial'): MachineVerb {
  return {
    name,
    help,
    words: ['<machine>', '<text>'],
    options: [
      ['--timeout <seconds>', 'give up after that long, with status 5 (60)'],
      ...(where === 'serial' ? [['--new', 'only what comes from now on'] as const] : []),
    ],
    calls: ['machines.waitForText'],
    service: false,
    async run(context) {
      const { client, words, options, print } = context;
      const { id } = await context.machine();
      const timeoutMs = seconds(options['timeout'] ?? '60') * 1000;
      const after = options['new'] ? (await client.call('machines.serialRead', { id, after: 0 })).next : 0;
      const { found } = await client.call('machines.waitForText', { id, text: words[1] ?? '', where, after, timeoutMs });
      print({ id, found }, []);
      if (!found) complain(`“${words[1]}” did not come in time`);
      return found ? EXIT.ok : EXIT.timedOut;
    },
  };
}

export const console: MachineVerb = {
  name: 'console',
  help: 'connect the terminal to the serial port of a machine; Ctrl-A X leaves',
  words: ['<machine>'],
  calls: ['machines.serialRead', 'machines.serialWrite'],
  service: false,
  async run(context) {
    const { serialConsole } = await import('./serial-console.ts');
    const { id } = await context.machine();
    await serialConsole(context.client, id);
  },
};

function seconds(text: VerbContext['options'][string]): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new UsageError(`--timeout ${text}: not a number of seconds`);
  return value;
}

/** \n, \t, \e, \\ as in a shell's printf. */
function unescaped(text: string): string {
  const known: Readonly<Record<string, string>> = { n: '\n', t: '\t', e: '\u001b', b: '\b', '\\': '\\' };
  return text.replace(/\\(.)/g, (whole, character: string) => known[character] ?? whole);
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  ctrl: 'ControlLeft', control: 'ControlLeft', alt: 'AltLeft', altgr: 'AltRight', shift: 'ShiftLeft', meta: 'MetaLeft',
  super: 'MetaLeft', win: 'MetaLeft', esc: 'Escape', del: 'Delete', ins: 'Insert', enter: 'Enter', return: 'Enter',
  ret: 'Enter', spc: 'Space', up: 'ArrowUp', down: 'ArrowDown', left: 'ArrowLeft', right: 'ArrowRight', pgup: 'PageUp',
  pgdn: 'PageDown', print: 'PrintScreen', minus: 'Minus', plus: 'Equal', dot: 'Period', comma: 'Comma', slash: 'Slash',
};
const WHOLE_NAMES = ['Escape', 'Delete', 'Insert', 'Backspace', 'Tab', 'Space', 'Home', 'End', 'CapsLock', 'Pause'];

/** The KeyboardEvent.code of what people and QEMU's sendkey write: "ctrl", "a", "5", "f12"; others as they are. */
function keyCode(word: string): string {
  const folded = word.toLowerCase();
  if (Object.hasOwn(SHORT_NAMES, folded)) return SHORT_NAMES[folded] ?? word;
  if (/^[a-z]$/.test(folded)) return `Key${folded.toUpperCase()}`;
  if (/^[0-9]$/.test(folded)) return `Digit${folded}`;
  if (/^f\d{1,2}$/.test(folded)) return folded.toUpperCase();
  return WHOLE_NAMES.find((name) => name.toLowerCase() === folded) ?? word;
}

function writePicture(file: string, base64: string): void {
  try {
    writeFileSync(file, Buffer.from(base64, 'base64'));
  } catch (error) {
    throw new FailureError('store.writeFailed', `“${file}” cannot be written: ${systemErrorWords(error)}.`);
  }
}
