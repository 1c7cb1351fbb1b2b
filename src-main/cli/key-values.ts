// "file=a,,b.img,if=ide": the comma-separated properties of QEMU's options; a doubled comma stands for itself.

import { UsageError } from './usage-error.ts';

export type KeyValues = ReadonlyMap<string, string>;

/** `option` is what to name in messages. Throws `UsageError` for keys that are not `known` and for repetitions. */
export function parseKeyValues(option: string, text: string, known: readonly string[], implied?: string): KeyValues {
  const values = new Map<string, string>();
  const items = text.replaceAll(',,', '\0').split(',').map((item) => item.replaceAll('\0', ','));
  items.forEach((item, index) => {
    const equals = item.indexOf('=');
    const named = equals >= 0 || index > 0 || implied === undefined;
    const key = named ? item.slice(0, equals < 0 ? item.length : equals) : implied;
    if (!known.includes(key))
      throw new UsageError(`${option} ${text}: "${key}" is not known here; there is ${known.join(', ')}`);
    if (named && equals < 0) throw new UsageError(`${option} ${text}: "${key}" needs a value`);
    if (values.has(key)) throw new UsageError(`${option} ${text}: "${key}" is given twice`);
    values.set(key, named ? item.slice(equals + 1) : item);
  });
  return values;
}

export function onOff(option: string, key: string, value: string | undefined, otherwise = false): boolean {
  if (value === undefined) return otherwise;
  if (value === 'on' || value === 'true' || value === 'yes') return true;
  if (value === 'off' || value === 'false' || value === 'no') return false;
  throw new UsageError(`${option}: ${key}=${value} is neither on nor off`);
}

export function oneOf<T extends string>(option: string, key: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined)
    throw new UsageError(`${option}: ${key}=${value} is not supported; there is ${choices.join(', ')}`);
  return choice;
}

export function wholeNumber(option: string, key: string, value: string, limit: number): number {
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : Number.NaN;
  if (!(number <= limit)) throw new UsageError(`${option}: ${key}=${value} is not a number from 0 to ${limit}`);
  return number;
}
