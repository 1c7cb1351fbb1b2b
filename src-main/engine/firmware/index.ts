// What those outside the engine may use of it to look at boot files without building a machine.

export { BootError } from './boot-error.ts';
export { isLinuxImage, parseSetupHeader } from './linux/setup-header.ts';
export { findMultibootHeader } from './multiboot/header.ts';
