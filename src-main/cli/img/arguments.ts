// The arguments of an image command, read as getopt_long reads them for qemu-img: short options may be bundled and
// carry their value at once, long ones may be cut short where that is unambiguous, operands may stand anywhere.

import { ImgError } from './img-error.ts';

export interface OptionRow {
  /** Spellings with their dashes; the first is the one the code uses. */
  readonly names: readonly string[];
  /** What the value is called in the help; absent: a switch. */
  readonly value?: string;
  readonly help: string;
  /** Known, and not supported: why, or what to do instead. */
  readonly refused?: string;
}

export interface VerbSpec {
  readonly name: string;
  readonly operands: string;
  readonly summary: string;
  readonly options: readonly OptionRow[];
}

export class Arguments {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The last one counts. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Throws unless there are as many operands as `names`. */
  exactly(complaint: string, count: number): readonly string[] {
    if (this.operands.length !== count) throw new ImgError(complaint);
    return this.operands;
  }
}

/** Throws `ImgError`. */
export function parseArguments(spec: VerbSpec, args: readonly string[]): Arguments {
  const operands: string[] = [];
  const values = new Map<string, string[]>();
  const give = (row: OptionRow, spelling: string, value: string) => {
    if (row.refused !== undefined) throw new ImgError(`${spelling}: ${row.refused}`);
    const [name = ''] = row.names;
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? '';
    const next = (spelling: string, row: OptionRow): string => {
      at += 1;
      const value = args[at];
      if (value === undefined) throw new ImgError(`${spelling}: needs a value (${row.value})`);
      return value;
    };
    if (argument === '--') {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (argument.startsWith('--')) {
      const [spelling = '', ...rest] = argument.split('=');
      const row = findLong(spec, spelling);
      const attached = argument.includes('=') ? rest.join('=') : undefined;
      if (row.value === undefined && attached !== undefined)
        throw new ImgError(`${spelling}: takes no value`);
      give(row, spelling, row.value === undefined ? '' : (attached ?? next(spelling, row)));
    } else if (argument.startsWith('-') && argument !== '-') {
      for (let letter = 1; letter < argument.length; letter++) {
        const spelling = `-${argument[letter]}`;
        const row = find(spec, spelling);
        if (row.value === undefined) give(row, spelling, '');
        else {
          give(row, spelling, argument.slice(letter + 1) || next(spelling, row));
          break;
        }
      }
    } else operands.push(argument);
  }
  return new Arguments(operands, values);
}

function find(spec: VerbSpec, spelling: string): OptionRow {
  const row = spec.options.find(({ names }) => names.includes(spelling));
  if (row === undefined)
    throw new ImgError(
      `${spelling}: not an option of “img ${spec.name}”; “img ${spec.name} --help” lists them`,
    );
  return row;
}

function findLong(spec: VerbSpec, spelling: string): OptionRow {
  const exact = spec.options.find(({ names }) => names.includes(spelling));
  if (exact !== undefined) return exact;
  const begun = spec.options.filter(({ names }) => names.some((name) => name.startsWith(spelling)));
  if (begun.length > 1)
    throw new ImgError(`${spelling}: could be ${begun.map(({ names }) => names.at(-1)).join(' or ')}`);
  return begun[0] ?? find(spec, spelling);
}

export function verbHelp(spec: VerbSpec): string {
  const rows = spec.options.filter(({ refused }) => refused === undefined);
  const spelling = ({ names, value }: OptionRow) =>
    `${names.join(', ')}${value === undefined ? '' : ` ${value}`}`;
  const width = Math.max(...rows.map((row) => spelling(row).length), 10);
  return [
    `usage: boxwright img ${spec.name} [OPTION]... ${spec.operands}`,
    '',
    spec.summary,
    '',
    ...rows.map((row) => `  ${spelling(row).padEnd(width)}  ${row.help}`),
    `  ${'-h, --help'.padEnd(width)}  this text`,
    '',
  ].join('\n');
}
