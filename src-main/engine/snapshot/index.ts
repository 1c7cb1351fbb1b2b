// State files for those outside the engine: writing, reading, and taking or bringing memory while the guest goes on.

export { type ArrivingPages, clearPages, PageBringer } from './page-arrival.ts';
export { PageTaker, type PageCopies } from './page-guard.ts';
export { StateFileError } from './state-error.ts';
export { DIGEST_BYTES, guardedBytes, HEADER_BYTES, STATE_PAGE, type StateIndex, type StateMachine } from './state-file.ts';
export type { StateCodec, StateSection, StateSink, StateSource } from './state-host.ts';
export { type StateFiles, type StatePageGroup, StateReader } from './state-reader.ts';
export { type ParentState, StateWriter, type WrittenState } from './state-writer.ts';
