// Where the BIOS keeps its variables: the BIOS data area at 400h as the PC/AT and VGA BIOS document it, and the extended
// one below 640 KiB, whose first part is documented too (PS/2 mouse, disk tables); the rest of it is our own.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, section 3 (data areas).

import { EBDA } from '../memory-map.ts';

export const BDA_SERIAL = 0x400;
export const BDA_PARALLEL = 0x408;
export const BDA_EBDA_SEGMENT = 0x40e;
export const BDA_EQUIPMENT = 0x410;
export const BDA_MEMORY = 0x413;
export const BDA_SHIFT = 0x417;
export const BDA_SHIFT2 = 0x418;
export const BDA_ALT_INPUT = 0x419;
export const BDA_KEY_HEAD = 0x41a;
export const BDA_KEY_TAIL = 0x41c;
export const BDA_KEYS = 0x41e;
export const BDA_KEYS_END = 0x43e;
export const BDA_FLOPPY_RECALIBRATED = 0x43e;
export const BDA_FLOPPY_MOTOR = 0x43f;
export const BDA_FLOPPY_MOTOR_COUNT = 0x440;
export const BDA_FLOPPY_STATUS = 0x441;
export const BDA_VIDEO_MODE = 0x449;
export const BDA_COLUMNS = 0x44a;
export const BDA_PAGE_BYTES = 0x44c;
export const BDA_PAGE_START = 0x44e;
export const BDA_CURSORS = 0x450;
export const BDA_CURSOR_SHAPE = 0x460;
export const BDA_PAGE = 0x462;
export const BDA_CRTC = 0x463;
export const BDA_CGA_MODE = 0x465;
export const BDA_CGA_PALETTE = 0x466;
export const BDA_TICKS = 0x46c;
export const BDA_MIDNIGHT = 0x470;
export const BDA_BREAK = 0x471;
export const BDA_RESET_FLAG = 0x472;
export const BDA_DISK_STATUS = 0x474;
export const BDA_DISK_COUNT = 0x475;
export const BDA_PARALLEL_TIMEOUT = 0x478;
export const BDA_SERIAL_TIMEOUT = 0x47c;
export const BDA_KEYS_START_POINTER = 0x480;
export const BDA_KEYS_END_POINTER = 0x482;
export const BDA_ROWS = 0x484;
export const BDA_GLYPH_HEIGHT = 0x485;
export const BDA_VIDEO_INFO = 0x487;
export const BDA_VIDEO_SWITCHES = 0x488;
export const BDA_MODESET = 0x489;
export const BDA_DCC = 0x48a;
export const BDA_DISK_INTERRUPT = 0x48e;
export const BDA_KEY_MODE = 0x496;
export const BDA_LEDS = 0x497;
export const BDA_WAIT_FLAG = 0x498;
export const BDA_WAIT_COUNT = 0x49c;
export const BDA_WAIT_ACTIVE = 0x4a0;
export const BDA_VIDEO_SAVE = 0x4a8;
/** In what the documentation reserves: the video BIOS also runs below another system BIOS. */
export const VBE_MODE = 0x4ba;

export const EBDA_SEGMENT = EBDA >> 4;
export const EBDA_MOUSE_HANDLER = 0x22;
export const EBDA_MOUSE_FLAGS = 0x26;
export const EBDA_MOUSE_FLAGS2 = 0x27;
export const EBDA_MOUSE_PACKET = 0x28;
export const EBDA_DISK_TABLE = 0x3d;

// Our own variables, as linear addresses.
export const BOOT_PHASE = EBDA + 0x80;
export const BOOT_CANDIDATE = EBDA + 0x81;
export const BOOT_DEADLINE = EBDA + 0x84;
export const TORITO = EBDA + 0x90;
export const WAIT_START = EBDA + 0xb8;
export const APM_STATE = EBDA + 0xc0;
export const RTC_ALARM = EBDA + 0xc1;
