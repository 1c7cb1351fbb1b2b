// The image commands. They are loaded together: to find fifteen small files takes longer than to read them as one.

import { amend } from './amend.ts';
import { bench } from './bench.ts';
import { check } from './check.ts';
import { commit } from './commit.ts';
import { compact } from './compact.ts';
import { compare } from './compare.ts';
import { convert } from './convert.ts';
import { create } from './create.ts';
import { dd } from './dd.ts';
import { info } from './info.ts';
import { map } from './map.ts';
import { measure } from './measure.ts';
import { rebase } from './rebase.ts';
import { resize } from './resize.ts';
import { snapshot } from './snapshot.ts';
import type { ImageVerb } from './verb.ts';

export interface VerbRow {
  readonly name: string;
  readonly help: string;
  readonly verb: ImageVerb;
  /** For errors of all kinds, where it is not 1. */
  readonly failureStatus?: number;
}

export const IMAGE_VERBS: readonly VerbRow[] = [
  { name: 'amend', help: 'change options of an image', verb: amend },
  { name: 'bench', help: 'measure how fast an image is read or written', verb: bench },
  { name: 'check', help: 'look for damage in an image, and repair it', verb: check },
  { name: 'commit', help: 'write an overlay into the image behind it', verb: commit },
  { name: 'compact', help: 'write an image anew without what is zero', verb: compact },
  { name: 'compare', help: 'find out whether two disks are the same', verb: compare, failureStatus: 2 },
  { name: 'convert', help: 'copy an image into one of another format', verb: convert },
  { name: 'create', help: 'make an empty image or an overlay', verb: create },
  { name: 'dd', help: 'copy a part of an image', verb: dd },
  { name: 'info', help: 'tell what an image is', verb: info },
  { name: 'map', help: 'list what is stored where', verb: map },
  { name: 'measure', help: 'tell how large an image would become', verb: measure },
  { name: 'rebase', help: 'put another image behind an overlay', verb: rebase },
  { name: 'resize', help: 'make a disk larger or smaller', verb: resize },
  { name: 'snapshot', help: 'list, make, apply and delete snapshots inside an image', verb: snapshot },
];
