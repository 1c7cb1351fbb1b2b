// Where machines, preferences and logs are kept: the platform's place for application data, or BOXWRIGHT_HOME.
// References: XDG Base Directory Specification; Apple File System Programming Guide; Windows Known Folders.

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const HERE: Surroundings = { platform: process.platform, home: homedir(), env: process.env };

export function dataFolder({ platform, home, env }: Surroundings = HERE): string {
  if (env['BOXWRIGHT_HOME']) return resolve(env['BOXWRIGHT_HOME']);
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'Boxwright');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Boxwright');
  const xdg = env['XDG_DATA_HOME'];
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'boxwright');
}
