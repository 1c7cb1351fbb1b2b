// A CD image with one directory and one file, put together from bytes. Reference: ECMA-119, sections 8.4 and 9.1; El
// Torito 1.0, section 2.

const SECTOR = 2048;
const ROOT = 20;
const DIRECTORY = 21;
const FILE = 22;

export interface TinyIso {
  readonly volumeId: string;
  readonly applicationId?: string;
  /** Content of "/.disk/info" (in the image "_DISK/INFO.;1"). */
  readonly info?: string;
  readonly bootable?: boolean;
}

export function tinyIso({ volumeId, applicationId = '', info, bootable = false }: TinyIso): Uint8Array {
  const image = new Uint8Array(24 * SECTOR);
  const put = (at: number, text: string, length = text.length) => {
    for (let index = 0; index < length; index++) image[at + index] = text.charCodeAt(index) || 0x20;
  };
  const record = (at: number, name: string, sector: number, bytes: number, flags: number): number => {
    const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
    const view = new DataView(image.buffer, at);
    view.setUint8(0, length);
    view.setUint32(2, sector, true);
    view.setUint32(10, bytes, true);
    view.setUint8(25, flags);
    view.setUint8(32, name.length);
    put(at + 33, name);
    return at + length;
  };
  const descriptor = (sector: number, type: number) => {
    image[sector * SECTOR] = type;
    put(sector * SECTOR + 1, 'CD001');
    image[sector * SECTOR + 6] = 1;
  };
  descriptor(16, 1);
  put(16 * SECTOR + 40, volumeId, 32);
  put(16 * SECTOR + 574, applicationId, 128);
  new DataView(image.buffer).setUint32(16 * SECTOR + 80, image.length / SECTOR, true);
  record(16 * SECTOR + 156, '\u0000', ROOT, SECTOR, 2);
  if (bootable) {
    descriptor(17, 0);
    put(17 * SECTOR + 7, 'EL TORITO SPECIFICATION');
  }
  descriptor(bootable ? 18 : 17, 255);
  record(record(ROOT * SECTOR, 'README.TXT;1', FILE, 0, 0), '_DISK', DIRECTORY, SECTOR, 2);
  if (info !== undefined) {
    record(DIRECTORY * SECTOR, 'INFO.;1', FILE, info.length, 0);
    put(FILE * SECTOR, info);
  }
  return image;
}
