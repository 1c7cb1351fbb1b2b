// Names of the 82077AA's registers, bits and commands. Reference: Intel 82077AA datasheet (290166), 2.1 and 5.

export const SRA = 0;
export const SRB = 1;
export const DOR = 2;
export const TDR = 3;
export const MSR = 4;
export const FIFO = 5;

export const DOR_RESET = 0x04;
export const DOR_DMAGATE = 0x08;
export const DSR_RESET = 0x80;
export const DSR_POWER_DOWN = 0x40;

export const MSR_RQM = 0x80;
export const MSR_DIO = 0x40;
export const MSR_NDM = 0x20;
export const MSR_BUSY = 0x10;

export const DIR_CHANGED = 0x80;

export const ST0_ABNORMAL = 0x40;
export const ST0_INVALID = 0x80;
export const ST0_CHANGED = 0xc0;
export const ST0_SEEK_END = 0x20;
export const ST0_EQUIPMENT_CHECK = 0x10;

export const ST1_END_OF_CYLINDER = 0x80;
export const ST1_DATA_ERROR = 0x20;
export const ST1_OVERRUN = 0x10;
export const ST1_NO_DATA = 0x04;
export const ST1_NOT_WRITABLE = 0x02;
export const ST1_MISSING_ADDRESS = 0x01;
export const ST2_DATA_ERROR = 0x20;
export const ST2_WRONG_CYLINDER = 0x10;
export const ST2_SCAN_EQUAL = 0x08;
export const ST2_SCAN_FAILED = 0x04;

export const ST3_WRITE_PROTECTED = 0x40;
export const ST3_TRACK0 = 0x10;

export const CONFIGURE_IMPLIED_SEEK = 0x40;
export const SPECIFY_NON_DMA = 0x01;

/** Bytes of each command with its first, by the low five bits. */
export const COMMAND_BYTES: ReadonlyMap<number, number> = new Map([
  [0x02, 9], // READ TRACK
  [0x03, 3], // SPECIFY
  [0x04, 2], // SENSE DRIVE STATUS
  [0x05, 9], // WRITE DATA
  [0x06, 9], // READ DATA
  [0x07, 2], // RECALIBRATE
  [0x08, 1], // SENSE INTERRUPT STATUS
  [0x09, 9], // WRITE DELETED DATA
  [0x0a, 2], // READ ID
  [0x0c, 9], // READ DELETED DATA
  [0x0d, 6], // FORMAT TRACK
  [0x0e, 1], // DUMPREG
  [0x0f, 3], // SEEK
  [0x10, 1], // VERSION
  [0x11, 9], // SCAN EQUAL
  [0x12, 2], // PERPENDICULAR MODE
  [0x13, 4], // CONFIGURE
  [0x14, 1], // LOCK
  [0x16, 9], // VERIFY
  [0x19, 9], // SCAN LOW OR EQUAL
  [0x1d, 9], // SCAN HIGH OR EQUAL
]);
