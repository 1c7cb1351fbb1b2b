// Leveled messages of a machine. The engine has no console: whoever builds a machine says where they go.

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export interface Logger {
  log(level: LogLevel, message: string): void;
}
