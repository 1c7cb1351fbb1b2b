// A tar archive that is written from its beginning to its end: plain files under short names.
// Reference: POSIX.1-2017, pax, "ustar Interchange Format"; sizes from 8 GiB on in GNU tar's binary form, which all know.

import * as fs from 'node:fs';
import { blockFileError } from '../file-store.ts';

const BLOCK = 512;
/** What 11 octal digits hold. */
const MAX_OCTAL = 8 ** 11 - 1;

export class TarWriter {
  readonly #fd: number;
  readonly #file: string;
  #position = 0;

  constructor(fd: number, file: string) {
    this.#fd = fd;
    this.#file = file;
  }

  /** The next member, whose bytes `write` takes afterwards, exactly as many as said. */
  begin(name: string, bytes: number): void {
    this.#write(headerOf(name, bytes));
  }

  write(bytes: Uint8Array): void {
    this.#write(bytes);
  }

  endMember(): void {
    const over = this.#position % BLOCK;
    if (over > 0) this.#write(new Uint8Array(BLOCK - over));
  }

  /** A member that is in memory. */
  add(name: string, content: Uint8Array): void {
    this.begin(name, content.length);
    this.write(content);
    this.endMember();
  }

  end(): void {
    this.#write(new Uint8Array(2 * BLOCK));
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.#fd, bytes, done, bytes.length - done);
    } catch (error) {
      throw blockFileError(error, this.#file, 'written');
    }
    this.#position += bytes.length;
  }
}

function headerOf(name: string, bytes: number): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > 100) throw new RangeError(`a name is too long for an archive: ${name}`);
  header.write(name, 0, 'utf8');
  header.write('0000600\0', 100, 'latin1');
  // Nobody's: who made it is nobody's business.
  header.write('0000000\0'.repeat(2), 108, 'latin1');
  if (bytes <= MAX_OCTAL) header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else {
    header.writeUIntBE(bytes, 130, 6);
    header[124] = 0x80;
  }
  header.write(`${Math.floor(Date.now() / 1000).toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
