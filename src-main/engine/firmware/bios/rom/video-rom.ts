// The video BIOS: an option ROM at C0000h with INT 10h, fonts, and the code of the VBE protected-mode interface, which
// callers may copy and so is code in earnest.
// Reference: PCI Firmware 3.0, 5.1 (ROM header); VBE 3.0, 4.10 (protected-mode interface).

import { Assembler } from './assembler.ts';
import { glyphBytes, type RomFonts } from './glyphs.ts';
import type { RomImage } from './system-rom.ts';

export const VIDEO_ROM_BYTES = 0x8000;
export const VIDEO_ROM_SEGMENT = 0xc000;
const VBE_INDEX_PORT = 0x1ce;

export function assembleVideoRom(fonts: RomFonts): RomImage {
  const a = new Assembler(VIDEO_ROM_BYTES);
  a.db(0x55, 0xaa, VIDEO_ROM_BYTES / 512).jmp('init');
  a.org(0x18).dwLabel('pci').dw(0);
  a.org(0x1e).ascii('IBM').org(0x30);
  a.label('pci').ascii('PCIR').dw(0x1234, 0x1111, 0, 0x18).db(0, 0, 0, 3).dw(VIDEO_ROM_BYTES / 512, 1).db(0, 0x80).dw(0);
  a.align(16).label('oem').ascii('Boxwright VGA').db(0);
  a.label('vendor').ascii('Boxwright').db(0);
  a.label('product').ascii('Boxwright display').db(0);
  a.label('revision').ascii('1').db(0);
  a.org(0x100).label('init').service('videoInit').retf();
  a.align(16).label('int10').service('int10').iret();
  protectedInterface(a);
  a.org(0x300).label('modeList');
  a.org(0x500).label('static');
  a.org(0x540).label('savePointers');
  a.org(0x580).label('edid');
  a.org(0x600).label('font16').data(glyphBytes(fonts.glyphs8x16, 16));
  a.label('font14').data(glyphBytes(fonts.glyphs8x14, 14));
  a.label('font8').data(glyphBytes(fonts.glyphs8x8, 8));
  a.label('noAlternates').db(0);
  return { bytes: a.build(), services: a.services, offsetOf: (label) => a.offsetOf(label) };
}

/** Set window, set display start, set palette; 32-bit code, position-independent. */
function protectedInterface(a: Assembler): void {
  const vbe = (index: number): void => {
    // push edx; push eax; mov dx, index port; mov ax, index; out dx, ax; pop eax; inc edx (data port follows)
    a.db(0x52, 0x50, 0x66, 0xba).dw(VBE_INDEX_PORT).db(0x66, 0xb8).dw(index).db(0x66, 0xef, 0x58, 0x42);
  };
  a.align(16).label('pm').dw(0, 0, 0, 0);
  a.label('pmWindow');
  // BX: 0 set; DX: bank. mov eax, edx; out; ret
  a.db(0x50, 0x89, 0xd0);
  vbe(5);
  a.db(0x66, 0xef, 0x5a, 0x58, 0x66, 0xb8).dw(0x004f).ret();
  pmDisplayStart(a, vbe);
  pmPalette(a);
  a.label('pmPorts').dw(VBE_INDEX_PORT, VBE_INDEX_PORT + 1, 0x3c8, 0x3c9, 0x3da, 0xffff, 0xffff);
  a.label('pmEnd');
}

/** DX:CX is the start in units of four bytes: divided by the pitch it is a row, and the rest a column. */
function pmDisplayStart(a: Assembler, vbe: (index: number) => void): void {
  const register = (index: number): void => {
    vbe(index);
    // in ax, dx; movzx eax, ax; pop edx
    a.db(0x66, 0xed, 0x0f, 0xb7, 0xc0, 0x5a);
  };
  a.label('pmStart').db(0x53, 0x51, 0x52, 0x56, 0x57);
  // shl edx, 16; mov dx, cx; mov esi, edx; shl esi, 2: bytes
  a.db(0xc1, 0xe2, 0x10, 0x66, 0x89, 0xca, 0x89, 0xd6, 0xc1, 0xe6, 0x02);
  register(3);
  // add eax, 7; shr eax, 3; mov edi, eax: bytes a dot
  a.db(0x83, 0xc0, 0x07, 0xc1, 0xe8, 0x03, 0x89, 0xc7);
  register(6);
  // mul edi -> pitch; mov ebx, eax; or ebx, ebx; jz end
  a.db(0xf7, 0xe7, 0x89, 0xc3, 0x09, 0xdb).jcc('z', 'pmStartEnd');
  // xor edx, edx; mov eax, esi; div ebx -> eax row, edx rest; push eax; mov eax, edx; xor edx, edx; div edi
  a.db(0x31, 0xd2, 0x89, 0xf0, 0xf7, 0xf3, 0x50, 0x89, 0xd0, 0x31, 0xd2, 0xf7, 0xf7);
  vbe(8);
  a.db(0x66, 0xef, 0x5a, 0x58);
  vbe(9);
  a.db(0x66, 0xef, 0x5a);
  a.label('pmStartEnd').db(0x5f, 0x5e, 0x5a, 0x59, 0x5b, 0x66, 0xb8).dw(0x004f).ret();
}

/** CX entries from DX at ES:EDI, each blue, green, red, unused. */
function pmPalette(a: Assembler): void {
  a.label('pmPalette').db(0x50, 0x51, 0x52, 0x57);
  // movzx ecx, cx; mov al, dl; mov dx, 3C8h; out dx, al; inc dx; jecxz end
  a.db(0x0f, 0xb7, 0xc9, 0x88, 0xd0, 0x66, 0xba).dw(0x3c8).db(0xee, 0x66, 0x42, 0x85, 0xc9).jcc('z', 'pmPaletteEnd');
  // red, green, blue
  a.label('pmPaletteNext').db(0x26, 0x8a, 0x47, 0x02, 0xee, 0x26, 0x8a, 0x47, 0x01, 0xee, 0x26, 0x8a, 0x07, 0xee);
  // add edi, 4; dec ecx; jnz
  a.db(0x83, 0xc7, 0x04, 0x49).jcc('nz', 'pmPaletteNext');
  a.label('pmPaletteEnd').db(0x5f, 0x5a, 0x59, 0x58, 0x66, 0xb8).dw(0x004f).ret();
}
