// Names of the bits and commands of an ATA task file. Reference: ATA/ATAPI-6 (T13/1410D), 7 and 8.

/** Command block offsets. */
export const DATA = 0;
export const FEATURES = 1;
export const SECTOR_COUNT = 2;
export const LBA_LOW = 3;
export const LBA_MID = 4;
export const LBA_HIGH = 5;
export const DEVICE = 6;
export const COMMAND = 7;

export const STATUS_BSY = 0x80;
export const STATUS_DRDY = 0x40;
export const STATUS_DF = 0x20;
export const STATUS_DSC = 0x10;
export const STATUS_DRQ = 0x08;
export const STATUS_ERR = 0x01;
export const STATUS_READY = STATUS_DRDY | STATUS_DSC;

export const ERROR_UNC = 0x40;
export const ERROR_WP = 0x40;
export const ERROR_IDNF = 0x10;
export const ERROR_ABRT = 0x04;

export const CONTROL_HOB = 0x80;
export const CONTROL_SRST = 0x04;
export const CONTROL_NIEN = 0x02;

export const DEVICE_DEV = 0x10;
export const DEVICE_LBA = 0x40;

/** Interrupt reason of packet commands, in the sector count register. */
export const REASON_CD = 0x01;
export const REASON_IO = 0x02;
