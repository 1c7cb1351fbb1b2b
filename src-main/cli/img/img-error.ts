// What ends an image command early: a message for people and the exit status. Not for damaged images and files that
// cannot be opened, which are `BlockError`s.

/** qemu-img's status for errors of all kinds, a wrong command line included. */
export const EXIT_FAILURE = 1;

export class ImgError extends Error {
  readonly status: number;

  constructor(message: string, status: number = EXIT_FAILURE) {
    super(message);
    this.name = 'ImgError';
    this.status = status;
  }
}
