// What can be wrong with the files of a direct kernel start. Messages here are for the command line and logs;
// the window words its own by `code`.

export type BootErrorCode =
  | 'not-a-kernel'
  | 'kernel-truncated'
  | 'kernel-is-vmlinux'
  | 'kernel-not-relocatable-high'
  | 'kernel-needs-64-bit-cpu'
  | 'kernel-bad-elf'
  | 'kernel-bad-multiboot'
  | 'modules-not-supported'
  | 'command-line-too-long'
  | 'memory-too-small'
  | 'initrd-empty'
  | 'bios-size';

export type BootErrorDetail = Readonly<Record<string, string | number>>;

/** A boot file cannot be used. `detail.file` names it. */
export class BootError extends Error {
  readonly code: BootErrorCode;
  readonly detail: BootErrorDetail;

  constructor(code: BootErrorCode, message: string, detail: BootErrorDetail) {
    super(message);
    this.name = 'BootError';
    this.code = code;
    this.detail = detail;
  }
}
