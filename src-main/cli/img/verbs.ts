// The image commands, each loaded only when it is called.

import type { VerbSpec } from './arguments.ts';

export interface ImageVerb {
  readonly spec: VerbSpec;
  /** The arguments after the verb; resolves with the exit status. */
  main(args: readonly string[]): Promise<number>;
}

export interface VerbRow {
  readonly name: string;
  readonly help: string;
  load(): Promise<ImageVerb>;
  /** For errors of all kinds, where it is not 1. */
  readonly failureStatus?: number;
}

export const IMAGE_VERBS: readonly VerbRow[] = [
  { name: 'amend', help: 'change options of an image', load: async () => (await import('./amend.ts')).amend },
  {
    name: 'bench',
    help: 'measure how fast an image is read or written',
    load: async () => (await import('./bench.ts')).bench,
  },
  {
    name: 'check',
    help: 'look for damage in an image, and repair it',
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'commit',
    help: 'write an overlay into the image behind it',
    load: async () => (await import('./commit.ts')).commit,
  },
  {
    name: 'compact',
    help: 'write an image anew without what is zero',
    load: async () => (await import('./compact.ts')).compact,
  },
  {
    name: 'compare',
    help: 'find out whether two disks are the same',
    load: async () => (await import('./compare.ts')).compare,
    failureStatus: 2,
  },
  {
    name: 'convert',
    help: 'copy an image into one of another format',
    load: async () => (await import('./convert.ts')).convert,
  },
  {
    name: 'create',
    help: 'make an empty image or an overlay',
    load: async () => (await import('./create.ts')).create,
  },
  { name: 'dd', help: 'copy a part of an image', load: async () => (await import('./dd.ts')).dd },
  { name: 'info', help: 'tell what an image is', load: async () => (await import('./info.ts')).info },
  { name: 'map', help: 'list what is stored where', load: async () => (await import('./map.ts')).map },
  {
    name: 'measure',
    help: 'tell how large an image would become',
    load: async () => (await import('./measure.ts')).measure,
  },
  {
    name: 'rebase',
    help: 'put another image behind an overlay',
    load: async () => (await import('./rebase.ts')).rebase,
  },
  {
    name: 'resize',
    help: 'make a disk larger or smaller',
    load: async () => (await import('./resize.ts')).resize,
  },
  {
    name: 'snapshot',
    help: 'list, make, apply and delete snapshots inside an image',
    load: async () => (await import('./snapshot.ts')).snapshot,
  },
];
