// How the processor stands when a boot loader hands over: the little that differs between boot protocols.

/** Flat 32-bit protected mode, paging off, interrupts off; segments as the GDT at `gdt` has them. */
export interface BootEntry {
  readonly eip: number;
  readonly registers: Readonly<Partial<Record<'eax' | 'ebx' | 'ecx' | 'edx' | 'esi' | 'edi' | 'ebp' | 'esp', number>>>;
  readonly codeSelector: number;
  readonly dataSelector: number;
  /** Where the loader's GDT stands in guest memory, and its limit. */
  readonly gdt: { readonly base: number; readonly limit: number };
}

/** Physical address of the loader's GDT, in memory every protocol calls free. */
export const LOADER_GDT = 0x1000;

/** Access and flag bytes (5 and 6) of the descriptors: present, DPL 0, accessed, 32-bit, page-granular. */
const FLAT_CODE = { access: 0x9b, flags: 0xcf };
const FLAT_DATA = { access: 0x93, flags: 0xcf };

/** A GDT with flat code at `codeSelector` and flat data at `dataSelector`. */
export function flatGdt(codeSelector: number, dataSelector: number): Uint8Array {
  const gdt = new Uint8Array(Math.max(codeSelector, dataSelector) + 8);
  for (const [selector, { access, flags }] of [[codeSelector, FLAT_CODE], [dataSelector, FLAT_DATA]] as const) {
    gdt.set([0xff, 0xff, 0, 0, 0, access, flags, 0], selector);
  }
  return gdt;
}
