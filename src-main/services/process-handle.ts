// A child process as the services see it. The desktop shell makes them with utilityProcess.fork, the browser shell
// and the command line with child_process.fork.

import type { Channel } from '../../shared/rpc/channel.ts';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ProcessHandle {
  readonly pid: number | undefined;
  /** Control messages; closes when the process ends. */
  readonly channel: Channel;
  /** Gives the process a window's end of a console: a socket or a MessagePort, as the shell has it. */
  handOver(request: unknown, connection: unknown): void;
  /** What the process writes to its standard output and error, line by line. */
  onLine(handler: (line: string) => void): void;
  onExit(handler: (exit: ProcessExit) => void): void;
  /** Ends it at once, whatever it is doing. */
  kill(): void;
}

export type ProcessKind = 'machine' | 'media';

export type LaunchProcess = (kind: ProcessKind, name: string) => ProcessHandle;
