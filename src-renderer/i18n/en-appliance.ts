// English: machines as files that travel.

import type { ApplianceKind } from '../../shared/appliance/appliance-view.ts';

const kinds: Record<ApplianceKind, { name: string; text: string }> = {
  bundle: { name: 'Boxwright bundle', text: 'Everything, with all snapshots and their memory.' },
  ova: { name: 'OVA', text: 'One file for other programs: disks and hardware as they are now, no snapshots.' },
  ovf: { name: 'OVF', text: 'The same as a descriptor with its disks beside it.' },
};

export const applianceEn = {
  kinds,
  importTitle: 'Import a machine',
  importMachine: 'Import a machine…',
  looking: 'Looking into the file…',
  from: (format: string) => `From ${format}`,
  holds: 'What it brings',
  guest: 'Guest system',
  memory: 'Memory',
  disks: 'Disks',
  noDisks: 'None',
  disk: (name: string, size: string | null, packed: string | null) =>
    [name, size, packed === null ? null : `${packed} in the file`].filter(Boolean).join(', '),
  snapshots: 'Snapshots',
  checksums: 'Checksums',
  checksumNames: { sha512: 'SHA-512', sha256: 'SHA-256', sha1: 'SHA-1', none: 'None: nothing tells whether it is whole' },
  needs: 'Room',
  atLeast: (size: string) => `At least ${size}`,
  system: 'Machine',
  notes: 'What is left out or changed',
  noNotes: 'Nothing is left out.',
  name: 'Name',
  group: 'Group',
  groupHint: 'Where it stands in the list; empty: as the file says.',
  keepIdentity: 'Keep the UUID that the guest sees',
  keepIdentityHint: 'Only when the original is not used any more.',
  noVerify: 'Also when checksums do not agree',
  import: 'Import',
  imported: (name: string) => `“${name}” was imported.`,
  importedWith: (name: string, count: number) => `“${name}” was imported; ${count === 1 ? '1 thing was' : `${count} things were`} left out or changed. The list is among the jobs.`,
  exportMachine: 'Export…',
  exportTitle: (name: string) => `Export “${name}”`,
  file: 'New file',
  withMedia: 'The CDs and floppies in its drives too',
  export: 'Export',
  exported: (path: string) => `${path} was made.`,
};
