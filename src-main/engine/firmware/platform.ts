// The fixed places of this board that both firmware tables and board wiring must agree on.
// Reference: Intel 82371AB (PIIX4) datasheet, 7.1; Intel 82093AA (I/O APIC) and SDM vol. 3A, 11.4.1.

/** I/O base of the ACPI power management block (PM1 event, control, timer). */
export const PM_BASE = 0x600;
export const PM1_EVENT = PM_BASE;
export const PM1_CONTROL = PM_BASE + 4;
export const PM_TIMER = PM_BASE + 8;
export const PM_BLOCK_BYTES = 0x40;
/** Interrupt of power management events. */
export const SCI_IRQ = 9;
/** SLP_TYP of the soft-off state S5 in PM1 control, as in PIIX4. */
export const SLP_TYP_S5 = 0;

export const HPET_BASE = 0xfed0_0000;
/** The low word of its capability register, and the least period that it can keep up. */
export const HPET_ID = 0x8086_a201;
export const HPET_MINIMUM_TICKS = 0x80;
export const IO_APIC_BASE = 0xfec0_0000;
export const LOCAL_APIC_BASE = 0xfee0_0000;

/** Port CF9h, reset control: 06h is a hard reset. */
export const RESET_CONTROL_PORT = 0xcf9;
export const RESET_CONTROL_HARD = 0x06;

/** PCI device numbers on bus 0. */
export const ISA_BRIDGE_DEVICE = 1;
export const DISPLAY_DEVICE = 2;
/** Virtio disks, one a device; more than `VIRTIO_DISK_DEVICES` of them stand eight to a device. */
export const VIRTIO_DISK_DEVICE = 4;
export const VIRTIO_DISK_DEVICES = 16;
export const ENTROPY_DEVICE = 20;
/** AHCI controllers, up to five. */
export const AHCI_DEVICE = 24;
/** The display's registers in PCI memory; its frame buffer ends at or below `DISPLAY_MEMORY_END`. */
export const DISPLAY_REGISTERS_BASE = 0xfebf_0000;
export const DISPLAY_MEMORY_END = 0xfe00_0000;
/** Function of the ISA bridge's device that holds power management. */
export const PM_FUNCTION = 3;

/** ISA interrupts that PIRQA to PIRQD are routed to. */
export const PIRQ_ROUTES = [10, 10, 11, 11] as const;

/** INTx pin `pin` (0 is INTA) of PCI device `slot` on PIRQ 0-3. */
export function pirqOf(slot: number, pin: number): number {
  return (slot - 1 + pin) & 3;
}

export const COM_PORTS = [
  { base: 0x3f8, irq: 4 },
  { base: 0x2f8, irq: 3 },
  { base: 0x3e8, irq: 4 },
  { base: 0x2e8, irq: 3 },
] as const;
