// Registers of an AHCI controller by offset, and their bits. Reference: Serial ATA AHCI 1.3.1, 3.1 (generic host control), 3.3 (ports).

export const CAP = 0x00;
export const GHC = 0x04;
export const IS = 0x08;
export const PI = 0x0c;
export const VS = 0x10;
export const CAP2 = 0x24;
export const PORTS = 0x100;
export const PORT_BYTES = 0x80;

/** 32 command slots, first generation links, AHCI only, CLO, native queuing, 64-bit addresses. */
export const CAP_VALUE = 0xc114_1f00;
export const VERSION = 0x0001_0300;
export const GHC_RESET = 1;
export const GHC_INTERRUPT_ENABLE = 2;
export const GHC_AHCI_ENABLE = 0x8000_0000;

export const PX_CLB = 0x00;
export const PX_CLBU = 0x04;
export const PX_FB = 0x08;
export const PX_FBU = 0x0c;
export const PX_IS = 0x10;
export const PX_IE = 0x14;
export const PX_CMD = 0x18;
export const PX_TFD = 0x20;
export const PX_SIG = 0x24;
export const PX_SSTS = 0x28;
export const PX_SCTL = 0x2c;
export const PX_SERR = 0x30;
export const PX_SACT = 0x34;
export const PX_CI = 0x38;

export const IS_D2H = 1 << 0;
export const IS_PIO_SETUP = 1 << 1;
export const IS_DEVICE_BITS = 1 << 3;
export const IS_CONNECT_CHANGE = 1 << 6;
export const IS_OVERFLOW = 1 << 24;
export const IS_INTERFACE_FATAL = 1 << 27;
export const IS_TASK_FILE_ERROR = 1 << 30;
/** Follow bits of PxSERR, and are cleared there. */
export const IS_BY_SERR = IS_CONNECT_CHANGE | (1 << 22);
export const IE_WRITABLE = 0xfdc0_00ff;

export const CMD_START = 1 << 0;
export const CMD_SPIN_UP = 1 << 1;
export const CMD_POWER_ON = 1 << 2;
export const CMD_OVERRIDE = 1 << 3;
export const CMD_FIS_ENABLE = 1 << 4;
export const CMD_FIS_RUNNING = 1 << 14;
export const CMD_RUNNING = 1 << 15;
export const CMD_ATAPI = 1 << 24;
export const CMD_WRITABLE = CMD_START | CMD_FIS_ENABLE | CMD_ATAPI | (3 << 25);

export const SERR_CONNECT_CHANGE = 1 << 26;
/** A device is there and the link is up, first generation, active. */
export const LINK_UP = 0x113;
export const SCTL_DETECT = 15;
export const SCTL_RESET = 1;
export const SCTL_OFF = 4;
/** A task file nobody has filled. */
export const TFD_EMPTY = 0x7f;
