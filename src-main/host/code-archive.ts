// The file in which the code that was compiled for a machine is kept for its next start: modules of regions, each with what is known
// of them, one behind the other. It is only a gain of time: one of another build of the program or of another processor begins
// anew, what is damaged is left out, and where it cannot be written there is none. As it holds machine code, a file that others could
// have written is left alone.
//
// Layout, numbers of 32 bits, little-endian: mark, digest of what the code depends on, number of the run. Then of each module: lengths
// of facts, WebAssembly and machine code, the last run that loaded it, digest of the lengths and the facts, digest of the code; facts (in V8's format for
// structured clones), WebAssembly, machine code.

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { CodeArchive, FoundModule, KeptModule, MadeModule, RegionThreadTask } from '../engine/execution/index.ts';
import { MIB } from '../../shared/units/bytes.ts';
import { systemErrorWords } from '../../shared/units/system-error.ts';
import { type NativeCode, nativeCode } from './native-code.ts';

/** Of the engine's sources: another build may compile the same code in another way. Without bundling there is none. */
declare const BOXWRIGHT_ENGINE: string | undefined;

const MARK = Buffer.from('BXWCODE1');
const DIGEST_BYTES = 32;
const RUN_AT = MARK.length + DIGEST_BYTES;
const HEAD_BYTES = RUN_AT + 4;
const LENGTHS_BYTES = 12;
const FACTS_DIGEST_AT = LENGTHS_BYTES + 4;
const CODE_DIGEST_AT = FACTS_DIGEST_AT + DIGEST_BYTES;
const RECORD_HEAD_BYTES = CODE_DIGEST_AT + DIGEST_BYTES;
/** Nothing is added to a larger one. */
const MAX_BYTES = 64 * MIB;
/** One that is larger when it is opened is cut to half of this: a boot and compiling a program in a Linux guest make 10 MiB. */
const USUAL_BYTES = 48 * MIB;
const OTHERS_MAY_WRITE = 0o022;

/** What the code depends on besides what it is made from. */
export type CodeConditions = Pick<RegionThreadTask, 'layout' | 'features' | 'isChained'>;

const digest = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Throws an error with a sentence where it cannot be used at all. */
export function openCodeArchive(path: string, conditions: CodeConditions): CodeArchive {
  let file: number | undefined;
  try {
    // Not by a link, which may lead where others write.
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o600);
    if (!isOwn(file)) throw new Error('others than you can write to it, or it is no file of yours');
    if (!isArchive(file)) throw new Error('it holds something else');
    return new CodeFile(file, conditions);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    throw new Error(`“${path}” cannot be used: ${systemErrorWords(error)}. Compiled code is not kept.`);
  }
}

/** Where there are no users to compare, the folder it is in has to do. */
function isOwn(file: number): boolean {
  const stats = fstatSync(file);
  return stats.isFile() && (process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & OTHERS_MAY_WRITE) === 0));
}

/** An empty file is one, too; another one may be dear to somebody. */
function isArchive(file: number): boolean {
  const mark = Buffer.alloc(MARK.length);
  return mark.subarray(0, readSync(file, mark, 0, MARK.length, 0)).equals(MARK.subarray(0, fstatSync(file).size));
}

/** Where a module stands in the file, and the lengths of its parts. */
interface Place {
  readonly at: number;
  readonly facts: number;
  readonly wasm: number;
  readonly native: number;
  readonly codeDigest: Buffer;
  readonly lastRun: number;
}

interface FoundRecord {
  readonly place: Place;
  readonly facts: Buffer;
}

const endOf = ({ at, facts, wasm, native }: Place): number => at + RECORD_HEAD_BYTES + facts + wasm + native;

class CodeFile implements CodeArchive {
  readonly found: FoundModule[] = [];
  readonly #native: NativeCode | undefined = nativeCode();
  readonly #file: number;
  readonly #run: number;
  #end = HEAD_BYTES;
  #isClosed = false;

  constructor(file: number, conditions: CodeConditions) {
    this.#file = file;
    const mark = Buffer.concat([MARK, digestOf(conditions)]);
    const head = this.#read(0, HEAD_BYTES);
    const isUsable = head?.subarray(0, RUN_AT).equals(mark) === true;
    this.#run = isUsable ? head.readUInt32LE(RUN_AT) + 1 : 0;
    // Modules of another engine have to be gone before the head says that they are this one's.
    if (!isUsable) ftruncateSync(file, 0);
    this.#write(0, Buffer.concat([mark, word(this.#run)]));
    // Without a head the file would be refused, where power is lost before the system has written it.
    if (!isUsable) fsyncSync(file);
    else if (fstatSync(file).size > USUAL_BYTES) this.#rewrite(this.#records());
    for (const [number, { place, facts }] of this.#records().entries()) {
      this.found.push({ ...(deserialize(facts) as KeptModule), number, load: remembered(() => this.#load(place)) });
      this.#end = endOf(place);
    }
  }

  /** Undefined where there are not as many bytes. */
  #read(position: number, length: number): Buffer | undefined {
    const bytes = Buffer.alloc(length);
    return readSync(this.#file, bytes, 0, length, position) === length ? bytes : undefined;
  }

  #write(position: number, bytes: Buffer): void {
    if (writeSync(this.#file, bytes, 0, bytes.length, position) !== bytes.length) throw new Error('the disk is full');
  }

  /** Those up to the end or to what is damaged, which the next module takes the place of. */
  #records(): FoundRecord[] {
    const found: FoundRecord[] = [];
    for (let at = HEAD_BYTES; ; ) {
      const head = this.#read(at, RECORD_HEAD_BYTES);
      if (head === undefined) return found;
      const [facts, wasm, native, lastRun] = [0, 4, 8, 12].map((offset) => head.readUInt32LE(offset)) as [number, number, number, number];
      if (facts + wasm + native > MAX_BYTES) return found;
      const bytes = this.#read(at + RECORD_HEAD_BYTES, facts);
      if (bytes === undefined || !digest(head.subarray(0, LENGTHS_BYTES), bytes).equals(head.subarray(FACTS_DIGEST_AT, CODE_DIGEST_AT))) return found;
      const place = { at, facts, wasm, native, lastRun, codeDigest: head.subarray(CODE_DIGEST_AT) };
      found.push({ place, facts: bytes });
      at = endOf(place);
    }
  }

  /** Keeps what was used last, as far as there is room. Where it is interrupted the rest is lost, and made again. */
  #rewrite(records: readonly FoundRecord[]): void {
    const parts: Buffer[] = [];
    let room = USUAL_BYTES / 2;
    for (const { place } of [...records].sort((a, b) => b.place.lastRun - a.place.lastRun)) {
      const length = endOf(place) - place.at;
      room -= length;
      const bytes = room < 0 ? undefined : this.#read(place.at, length);
      if (bytes !== undefined) parts.push(bytes);
    }
    ftruncateSync(this.#file, HEAD_BYTES);
    this.#write(HEAD_BYTES, Buffer.concat(parts));
  }

  #load({ at, facts, wasm, native, codeDigest }: Place): WebAssembly.Module | undefined {
    try {
      const bytes = this.#read(at + RECORD_HEAD_BYTES + facts, wasm + native);
      if (bytes === undefined || !digest(bytes).equals(codeDigest)) return undefined;
      this.#write(at + LENGTHS_BYTES, word(this.#run));
      const source = Uint8Array.from(bytes.subarray(0, wasm));
      return (native === 0 ? undefined : this.#native?.load(bytes.subarray(wasm), source)) ?? new WebAssembly.Module(source);
    } catch {
      return undefined;
    }
  }

  keep(kept: KeptModule, { module, wasm }: MadeModule): void {
    if (this.#isClosed) return;
    try {
      const facts = serialize(kept);
      const native = this.#native?.save(module) ?? new Uint8Array();
      const lengths = Buffer.concat([facts, wasm, native].map(({ length }) => word(length)));
      // What was made counts for less than what was found useful.
      const record = Buffer.concat([lengths, word(Math.max(0, this.#run - 1)), digest(lengths, facts), digest(wasm, native), facts, wasm, native]);
      this.#isClosed = this.#end + record.length > MAX_BYTES;
      if (this.#isClosed) return;
      this.#write(this.#end, record);
      this.#end += record.length;
    } catch {
      // A full disk, perhaps.
      this.#isClosed = true;
    }
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** What was loaded, for as long as somebody has it. */
function remembered(load: () => WebAssembly.Module | undefined): () => WebAssembly.Module | undefined {
  let last: WeakRef<WebAssembly.Module> | undefined;
  return () => {
    const known = last?.deref();
    if (known !== undefined) return known;
    const loaded = load();
    last = loaded && new WeakRef(loaded);
    return loaded;
  };
}

function digestOf({ layout, features, isChained }: CodeConditions): Buffer {
  const engine = typeof BOXWRIGHT_ENGINE === 'undefined' ? '' : BOXWRIGHT_ENGINE;
  return digest(Buffer.from(JSON.stringify([engine, process.arch, process.versions.v8, layout, [...features].sort(), isChained])));
}
