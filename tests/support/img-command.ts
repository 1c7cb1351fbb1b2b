// The image tool as a test uses it: in this process with its output caught, or as a process of its own in a folder.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { vi } from 'vitest';
import { img } from '../../src-main/cli/img/img.ts';
import { stdout } from '../../src-main/cli/img/stdout.ts';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { ROOT } from './source-tree.ts';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runImg(...args: string[]): Promise<Outcome> {
  const caught = { stdout: '', stderr: '' };
  const spies = [
    vi.spyOn(stdout, 'write').mockImplementation((text) => {
      caught.stdout += text;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      caught.stderr += String(text);
      return true;
    }),
  ];
  try {
    return { status: await img(args), ...caught };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** What a command prints that is expected to work. */
export async function imgOutput(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runImg(...args);
  if (status !== 0) throw new Error(`img ${args.join(' ')}: ${status}: ${stderr}`);
  return stdout;
}

const ENTRY = join(ROOT, 'src-main', 'cli', 'main.ts');

/** The words of a command line as typed in `folder`; Node reads the sources as they are. */
export function typedImg(folder: string, line: string): Outcome {
  const { status, stdout, stderr } = spawnSync(nodeBinary(), [ENTRY, 'img', ...line.split(' ')], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status: status ?? -1, stdout, stderr };
}

export function startImg(folder: string, line: string): ChildProcess {
  return spawn(nodeBinary(), [ENTRY, 'img', ...line.split(' ')], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
