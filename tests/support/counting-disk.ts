// A disk whose boot sector counts the starts of its machine in the sector behind it, says the number, and stops: a guest
// that writes. Reference: Phoenix BIOS, INT 13h functions 02h and 03h, INT 10h function 0Eh.

const BYTES = 1 << 20;
const SECTOR = 512;

/** Loaded at 0000:7C00; the second sector goes to 0000:7E00. */
const PROGRAM = [
  0xfc, // cld
  0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, // xor ax, ax; mov ds, ax; mov es, ax
  0xbb, 0x00, 0x7e, 0xb9, 0x02, 0x00, 0xba, 0x80, 0x00, // mov bx, 7E00h; mov cx, 2; mov dx, 80h
  0xb8, 0x01, 0x02, 0xcd, 0x13, // mov ax, 0201h; int 13h
  0xfe, 0x06, 0x00, 0x7e, // inc byte [7E00h]
  0xbb, 0x00, 0x7e, 0xb9, 0x02, 0x00, 0xba, 0x80, 0x00, // mov bx, 7E00h; mov cx, 2; mov dx, 80h
  0xb8, 0x01, 0x03, 0xcd, 0x13, // mov ax, 0301h; int 13h
  0xbb, 0x07, 0x00, 0xbe, 0x41, 0x7c, // mov bx, 7; mov si, text
  0xac, 0x84, 0xc0, 0x74, 0x06, 0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf5, // lodsb; test al, al; jz; mov ah, 0Eh; int 10h; jmp
  0xa0, 0x00, 0x7e, 0x04, 0x30, 0xb4, 0x0e, 0xcd, 0x10, // mov al, [7E00h]; add al, '0'; mov ah, 0Eh; int 10h
  0xf4, 0xeb, 0xfd, // hlt; jmp
];
const TEXT = 'Starts: \0';

/** What the guest then shows. */
export function startsText(count: number): string {
  return `Starts: ${count}`;
}

export function countingDisk(): Uint8Array {
  const disk = Buffer.alloc(BYTES);
  disk.set(PROGRAM);
  disk.write(TEXT, PROGRAM.length, 'latin1');
  disk.writeUInt16LE(0xaa55, SECTOR - 2);
  return disk;
}

/** The number that an image of the disk holds, uncompressed and at its start. */
export function startsIn(image: Uint8Array): number {
  return image[SECTOR] ?? 0;
}
