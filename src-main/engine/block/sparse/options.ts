// Values of `-o name=value` options, spelled as qemu-img takes them.

import { badOption } from './fields.ts';

type Options = Readonly<Record<string, string>>;

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

export const booleanOption = (file: string, options: Options, name: string, fallback: boolean): boolean => {
  const value = options[name];
  if (value === undefined) return fallback;
  if (/^(on|yes|true|y)$/.test(value)) return true;
  if (/^(off|no|false|n)$/.test(value)) return false;
  throw badOption(file, `the option ${name} is “on” or “off”, not “${value}”`);
};

export const sizeOption = (file: string, options: Options, name: string, fallback: number): number => {
  const value = options[name];
  if (value === undefined) return fallback;
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)$/i.exec(value);
  const size = match ? Number(match[1]) * UNITS[match[2]!.toUpperCase()]! : Number.NaN;
  if (Number.isSafeInteger(size)) return size;
  throw badOption(file, `the option ${name} is a size such as 64K or 1M, not “${value}”`);
};

export const choiceOption = <T extends string>(
  file: string,
  options: Options,
  name: string,
  choices: readonly T[],
  fallback: T,
): T => {
  const value = options[name];
  if (value === undefined) return fallback;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw badOption(file, `the option ${name} is one of ${choices.join(', ')}, not “${value}”`);
};

/** Options nobody reads would be ignored in silence. `size` and the backing file are handled before. */
export const refuseUnknownOptions = (
  file: string,
  options: Options,
  known: readonly { name: string }[],
): void => {
  for (const name of Object.keys(options))
    if (!known.some((option) => option.name === name))
      throw badOption(file, `there is no option “${name}” in this format (“-o help” lists them)`);
};
