// Files of the host: one `pickFile` over the system's dialog or the window's own (features/file-browser shows it
// while `useFileRequest` holds a request).

import { create } from 'zustand';
import type { FilePurpose, FileReport, FolderListing, PickPurpose } from '../../shared/rpc/app-contract.ts';
import { useApp } from './app-store.ts';
import { client } from './client.ts';

export type { FilePurpose };
/** What a machine is made of. */
export type MachineFile = Exclude<FilePurpose, 'appliance'>;

/** What a new machine may start from. */
export interface ChosenFile {
  readonly path: string;
  readonly purpose: 'cdrom' | 'disk' | 'kernel';
}

export interface FileRequest {
  readonly purpose: PickPurpose;
  /** Where to begin; null: where the user was last. */
  readonly near: string | null;
  answer(path: string | null): void;
}

export const useFileRequest = create<{ readonly request: FileRequest | null }>(() => ({ request: null }));

/** On whatever system the machines are. */
export function isAbsolute(path: string): boolean {
  return /^([a-z]:[\\/]|[\\/])/i.test(path);
}

/** null: the user changed their mind. */
export async function pickFile(purpose: PickPurpose, near: string | null): Promise<string | null> {
  if (useApp.getState().info?.features.nativeDialogs)
    return (await client().call('files.pick', { purpose })).path;
  return new Promise((resolve) => {
    const answer = (path: string | null) => {
      useFileRequest.setState({ request: null });
      resolve(path);
    };
    useFileRequest.setState({ request: { purpose, near, answer } });
  });
}

export function listFolder(path: string | null): Promise<FolderListing> {
  return client().call('files.list', { path });
}

/** Answers with the path of the new folder. */
export async function makeFolder(parent: string, name: string): Promise<string> {
  return (await client().call('files.makeFolder', { parent, name })).path;
}

export function probeFile(path: string, purpose: FilePurpose): Promise<FileReport> {
  return client().call('files.probe', { path, purpose });
}
