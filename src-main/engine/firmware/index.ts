// What those outside the engine may use of it without building a machine: looking at boot files, and the demo's CD.

export { BootError } from './boot-error.ts';
export { demoCd } from './demo/cd.ts';
export { isLinuxImage, parseSetupHeader } from './linux/setup-header.ts';
export { findMultibootHeader } from './multiboot/header.ts';
