// Which drives are tried, and in which order. Reference: QEMU's -boot order=, once=, strict= and bootindex=.

import type { BootDrive } from './boot-drive.ts';

export interface BootOptions {
  /** a and b floppies, c hard disks, d CD-ROMs, n network. */
  readonly order: string;
  /** The same for the first boot after power-on only. */
  readonly once?: string;
  readonly menu: boolean;
  /** Try nothing else. */
  readonly strict: boolean;
}

const DEFAULT_ORDER = 'cad';

export function candidates(drives: readonly BootDrive[], { order, once, strict }: BootOptions, isFirstStart: boolean): BootDrive[] {
  const indexed = drives.filter(({ bootIndex }) => bootIndex !== undefined).sort((a, b) => a.bootIndex! - b.bootIndex!);
  const letters = (once !== undefined && isFirstStart ? once : order || DEFAULT_ORDER) + (strict ? '' : DEFAULT_ORDER);
  const byLetter = [...letters].flatMap((letter) => ofLetter(drives, letter));
  const wanted = once !== undefined && isFirstStart ? [...byLetter, ...indexed] : [...indexed, ...byLetter];
  return [...new Set(strict && indexed.length > 0 ? indexed : wanted)];
}

function ofLetter(drives: readonly BootDrive[], letter: string): readonly BootDrive[] {
  const of = (kind: BootDrive['kind']): readonly BootDrive[] => drives.filter((drive) => drive.kind === kind);
  switch (letter) {
    case 'a': return of('floppy').slice(0, 1);
    case 'b': return of('floppy').slice(1, 2);
    case 'c': return of('disk');
    case 'd': return of('cdrom');
    default: return [];
  }
}
