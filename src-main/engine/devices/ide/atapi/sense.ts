// Sense keys and additional sense codes that the CD-ROM reports, the code and its qualifier in one word.
// Reference: SPC-3 (T10/1416-D), 4.5.6 and annex D; MMC-5 (T10/1675-D), annex F.

export const NO_SENSE = 0;
export const NOT_READY = 2;
export const MEDIUM_ERROR = 3;
export const ILLEGAL_REQUEST = 5;
export const UNIT_ATTENTION = 6;
export const ABORTED_COMMAND = 11;

export const UNRECOVERED_READ = 0x1100;
export const INVALID_COMMAND = 0x2000;
export const OUT_OF_RANGE = 0x2100;
export const INVALID_FIELD = 0x2400;
export const MEDIUM_CHANGED = 0x2800;
export const SAVING_UNSUPPORTED = 0x3900;
export const NO_MEDIUM_CLOSED = 0x3a01;
export const NO_MEDIUM_OPEN = 0x3a02;
export const REMOVAL_PREVENTED = 0x5302;
export const ILLEGAL_MODE = 0x6400;
