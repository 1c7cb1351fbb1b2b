// The board in AML: PCI root with interrupt routing, ISA devices, soft-off, and the interrupt model switch.
// Reference: ACPI Specification 6.5, 6.2.13 (_PRT), 7.4.2 (\_Sx), 5.8.1 (\_PIC).

import { PCI_WINDOW_BASE, PCI_WINDOW_END } from '../memory-map.ts';
import {
  COM_PORTS, ISA_BRIDGE_DEVICE, PIRQ_ROUTES, pirqOf, PM_BASE, PM_BLOCK_BYTES, SLP_TYP_S5,
} from '../platform.ts';
import {
  type Aml, arg0, busNumbers, concat, device, dmaChannel, eisaId, integer, ioPorts, ioWindow, irq, memoryWindow, method, name, pkg,
  processor, resources, returns, scope, store,
} from './aml.ts';

export interface BoardDescription {
  readonly processors: number;
  readonly serialPorts: number;
}

const PCI_SLOTS = 32;
const PINS = 4;
const HEX = '0123456789ABCDEF';

export function buildDsdtBody(board: BoardDescription): Aml {
  return concat([
    // Which interrupt model the system chose; our routing is the same in both.
    name('\\PICF', integer(0)),
    method('\\_PIC', 1, store(arg0, '\\PICF')),
    name('\\_S5', pkg(integer(SLP_TYP_S5), integer(SLP_TYP_S5), integer(0), integer(0))),
    scope('\\_PR', ...processors(board.processors)),
    scope('\\_SB', pciRoot(board)),
  ]);
}

function processors(count: number): Aml[] {
  return Array.from({ length: count }, (_, id) => processor(`CPU${HEX[id] ?? '0'}`, id));
}

function pciRoot(board: BoardDescription): Aml {
  return device('PCI0',
    name('_HID', eisaId('PNP0A03')),
    name('_ADR', integer(0)),
    name('_UID', integer(0)),
    name('_CRS', resources(
      busNumbers(0, 0xff),
      ioPorts(0xcf8, 8),
      ioWindow(0, 0xcf7),
      ioWindow(0xd00, 0xffff),
      memoryWindow(0xa_0000, 0xb_ffff, true),
      memoryWindow(PCI_WINDOW_BASE, PCI_WINDOW_END - 1, false),
    )),
    name('_PRT', routing()),
    isaBridge(board),
  );
}

/** Pins go straight to interrupt inputs: firmware has programmed the PIRQ router and nobody moves it. */
function routing(): Aml {
  const entries: Aml[] = [];
  for (let slot = 1; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < PINS; pin++) {
      const line = PIRQ_ROUTES[pirqOf(slot, pin)] ?? 0;
      entries.push(pkg(integer(slot * 0x1_0000 + 0xffff), integer(pin), integer(0), integer(line)));
    }
  }
  return pkg(...entries);
}

function isaBridge(board: BoardDescription): Aml {
  const isa = (label: string, id: string, ...descriptors: Uint8Array[]): Aml =>
    device(label, name('_HID', eisaId(id)), name('_CRS', resources(...descriptors)));
  return device('ISA',
    name('_ADR', integer(ISA_BRIDGE_DEVICE * 0x1_0000)),
    isa('PIC', 'PNP0000', ioPorts(0x20, 2), ioPorts(0xa0, 2), ioPorts(0x4d0, 2), irq(2)),
    isa('TIMR', 'PNP0100', ioPorts(0x40, 4), irq(0)),
    isa('DMAC', 'PNP0200', ioPorts(0x00, 16), ioPorts(0x81, 15), ioPorts(0xc0, 32), dmaChannel(4)),
    isa('RTC', 'PNP0B00', ioPorts(0x70, 2), irq(8)),
    isa('SPKR', 'PNP0800', ioPorts(0x61, 1)),
    isa('FPU', 'PNP0C04', ioPorts(0xf0, 16), irq(13)),
    isa('KBD', 'PNP0303', ioPorts(0x60, 1), ioPorts(0x64, 1), irq(1)),
    isa('MOU', 'PNP0F13', irq(12)),
    isa('BRD', 'PNP0C02', ioPorts(PM_BASE, PM_BLOCK_BYTES), ioPorts(0x80, 1), ioPorts(0x92, 1), ioPorts(0xb2, 2)),
    ...COM_PORTS.slice(0, board.serialPorts).map(({ base, irq: line }, index) => device(`COM${index + 1}`,
      name('_HID', eisaId('PNP0501')),
      name('_UID', integer(index + 1)),
      method('_STA', 0, returns(integer(0x0f))),
      name('_CRS', resources(ioPorts(base, 8), irq(line))),
    )),
  );
}
