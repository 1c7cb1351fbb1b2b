// Reaches whoever runs the machines of the user's data folder. Where nobody does, a verb that only reads or edits
// machines does it in this process, and one that runs them starts a service that stays behind.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Channel } from '../../../shared/rpc/channel.ts';
import { connect } from '../../../shared/rpc/connect.ts';
import { controlContract } from '../../../shared/rpc/control-contract.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import { App } from '../../services/app.ts';
import { claimFolder, connectControl } from '../../services/control-socket.ts';
import { dataFolder } from '../../services/data-folder.ts';
import type { LaunchProcess } from '../../services/process-handle.ts';
import { serveControl } from '../../services/serve-control.ts';
import { processLauncher } from '../../web/process-launcher.ts';
import { complain } from '../plain-text.ts';
import type { ControlClient } from './verb.ts';

const START_LIMIT_MS = 15_000;
const RETRY_MS = 50;

/** The client is good until `work` has ended. */
export async function withService<T>(service: boolean, work: (client: ControlClient) => Promise<T>): Promise<T> {
  const folder = dataFolder();
  const running = await connectControl(folder);
  if (running) return using(running, work);
  return service ? using(await startService(folder), work) : inThisProcess(folder, work);
}

async function using<T>(channel: Channel, work: (client: ControlClient) => Promise<T>): Promise<T> {
  try {
    return await work(connect(controlContract, channel));
  } finally {
    channel.close();
  }
}

/** The folder is claimed meanwhile, so that two commands never write at a time. */
async function inThisProcess<T>(folder: string, work: (client: ControlClient) => Promise<T>): Promise<T> {
  let ready: (app: App) => void = () => undefined;
  const opened = new Promise<App>((resolve) => {
    ready = resolve;
  });
  const claim = await claimFolder(folder, (channel) => void opened.then((app) => serveControl(app, channel, QUIET)));
  if (!claim) return withService(false, work);
  try {
    const app = await App.open({
      version: '',
      dataFolder: folder,
      features: { nativeDialogs: false, nativeMenu: false },
      launch: launchMedia,
    });
    ready(app);
    try {
      const own = await connectControl(folder);
      if (!own) throw new FailureError('rpc.closed', 'The machines of this folder cannot be reached.');
      return await using(own, work);
    } finally {
      await app.shutdown();
    }
  } finally {
    claim.release();
  }
}

const QUIET = {
  openWindow: () => {
    throw new FailureError('machine.unsupported', 'A command is at work; try again.');
  },
  onUnexpected: (name: string, error: unknown) => complain(`${name}: ${String(error)}`),
};

/** Files are looked at, and disks made, without a service too. */
const launchMedia: LaunchProcess = (kind, name) => {
  if (kind !== 'media') throw new FailureError('machine.unsupported', 'This command starts no machines.');
  return processLauncher(new URL('./', pathToFileURL(bundle('media-process.js'))))(kind, name);
};

async function startService(folder: string): Promise<Channel> {
  const entry = bundle('web-shell.js');
  const journal = join(folder, 'run', 'service.log');
  mkdirSync(dirname(journal), { recursive: true, mode: 0o700 });
  const output = openSync(journal, 'w', 0o600);
  const child = spawn(process.execPath, [entry, '--headless'], { detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  child.unref();
  let ended = false;
  for (const event of ['error', 'exit'] as const)
    child.once(event, () => {
      ended = true;
    });
  for (const begin = performance.now(); performance.now() - begin < START_LIMIT_MS; ) {
    const channel = await connectControl(folder);
    if (channel) return channel;
    if (ended) break;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new FailureError('rpc.timeout', `The service did not start; “${journal}” has what it said.`);
}

/** A file that is built beside this program. */
function bundle(name: string): string {
  const path = fileURLToPath(new URL(`./${name}`, pathToFileURL(process.argv[1] ?? '')));
  if (existsSync(path)) return path;
  throw new FailureError('machine.unsupported', 'The program is not built; use `npx boxwright`, which builds it.');
}
