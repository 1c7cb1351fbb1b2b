// What the window may ask of the application (renderer to main), and what it is told. Parsed on both sides.

import { z } from 'zod';
import { applianceNotes, applianceSummary, exported, exportRequest, importRequest } from '../appliance/appliance-view.ts';
import { CPU_ENGINES, CPU_MODELS, driveId, IMAGE_FORMATS, insertedMedium, label, machineId, machineSettings, newDisk, newOverlay } from '../machine/config.ts';
import { jobId, jobRequest, jobView } from '../machine/jobs.ts';
import { mediumView } from '../machine/media.ts';
import { ISSUE_CODES } from '../machine/validate.ts';
import {
  LOG_LEVELS,
  logLine,
  machineScreen,
  machineStats,
  machineView,
  serialChunk,
  serialOutput,
  thumbnail,
  typedText,
} from '../machine/view.ts';
import { cloneRequest, snapshotCalls } from '../snapshot/snapshot-view.ts';
import { phrase } from '../units/phrase-schema.ts';
import type { Contract } from './contract.ts';
import { FAILURE_CODES } from './failure.ts';

const nothing = z.undefined();
const one = z.object({ id: machineId });
const path = z.string().min(1).max(4096);

export const appInfo = z.object({
  name: z.string(),
  version: z.string(),
  /** What this shell can do; the window hides or replaces the rest and never asks which shell it is. */
  features: z.object({
    /** `files.pick` opens the system's dialog; otherwise the window shows its own, made of `files.list`. */
    nativeDialogs: z.boolean(),
    nativeMenu: z.boolean(),
  }),
  host: z.object({ memoryMiB: z.number().int(), processors: z.number().int(), platform: z.string() }),
  cpuModels: z.array(z.enum(CPU_MODELS)),
  cpuEngines: z.array(z.enum(CPU_ENGINES)),
  dataFolder: z.string(),
  /** Where machines are put unless the preferences say otherwise. */
  machineFolder: z.string(),
});
export type AppInfo = z.infer<typeof appInfo>;

/** Keys that may free the keyboard, by KeyboardEvent.code: those that guests miss least. */
export const HOST_KEYS = ['ControlRight', 'AltRight', 'ShiftRight', 'MetaLeft', 'MetaRight', 'ContextMenu', 'ScrollLock', 'F12'] as const;
export type HostKey = (typeof HOST_KEYS)[number];

/** What becomes of running machines when the last window closes. */
export const QUIT_ACTIONS = ['keep', 'save', 'shutdown', 'powerOff'] as const;
export type QuitAction = (typeof QUIT_ACTIONS)[number];
export const CLOSE_ACTIONS = ['ask', ...QUIT_ACTIONS] as const;
export type CloseAction = (typeof CLOSE_ACTIONS)[number];

/** A combination of keys of the user's own, by KeyboardEvent.code. */
export const keyCombination = z.object({
  name: z.string().min(1).max(40),
  keys: z.array(z.string().max(32)).min(1).max(8),
});
export type KeyCombination = z.infer<typeof keyCombination>;

/** Without defaults: a change of one of them would bring the defaults of all others. */
export const preferences = z.looseObject({
  theme: z.enum(['system', 'light', 'dark']),
  language: z.enum(['system', 'en', 'zh-CN']),
  /** How a screen is fitted into its window. */
  consoleScaling: z.enum(['none', 'integer', 'fit']),
  hostKey: z.enum(HOST_KEYS),
  keyCombinations: z.array(keyCombination).max(30),
  closeAction: z.enum(CLOSE_ACTIONS),
  /** The folder that new machines are put into; null: the application's own. Machines that are there stay where they are. */
  machineFolder: path.nullable(),
  /** Memory of this computer that no machine's start may take. */
  memoryReserveMiB: z.number().int().min(0).max(1024 * 1024),
  /** Groups of the list that show no machines. */
  collapsedGroups: z.array(label).max(200),
  /** Small pictures of running machines in the list. */
  thumbnails: z.boolean(),
  /** What the window was like when it was last closed; the window's own business. */
  window: z.record(z.string().max(64), z.union([z.string().max(1000), z.number(), z.boolean()])),
});
export type Preferences = z.infer<typeof preferences>;

export const configIssue = z.object({
  code: z.enum(ISSUE_CODES),
  severity: z.enum(['error', 'warning']),
  field: z.string(),
  message: z.string(),
  phrase,
});

export const folderEntry = z.object({
  name: z.string(),
  path: z.string(),
  kind: z.enum(['folder', 'file']),
  sizeBytes: z.number(),
  modifiedMs: z.number(),
});
export type FolderEntry = z.infer<typeof folderEntry>;

export const folderListing = z.object({
  path: z.string(),
  parent: z.string().nullable(),
  entries: z.array(folderEntry),
  /** More entries than are listed. */
  truncated: z.boolean(),
  /** Starting points: home, data folder, roots. */
  places: z.array(z.object({ name: z.string(), path: z.string() })),
});
export type FolderListing = z.infer<typeof folderListing>;

export const FILE_PURPOSES = ['kernel', 'initrd', 'disk', 'cdrom', 'floppy', 'appliance'] as const;
export type FilePurpose = (typeof FILE_PURPOSES)[number];

/** What dialogs choose: a file for a purpose, or a folder. */
export const PICK_PURPOSES = [...FILE_PURPOSES, 'folder'] as const;
export type PickPurpose = (typeof PICK_PURPOSES)[number];

/** What the application's menu asks of a window. */
export const WINDOW_COMMANDS = ['newMachine', 'quit'] as const;
export type WindowCommand = (typeof WINDOW_COMMANDS)[number];

/** By its extension, for files that are dropped or opened by the system; undefined: none of ours. */
export function purposeOf(name: string): FilePurpose | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : FILE_EXTENSIONS[extension];
}

const FILE_EXTENSIONS: Readonly<Record<string, FilePurpose>> = {
  iso: 'cdrom', qcow2: 'disk', qcow: 'disk', vdi: 'disk', vmdk: 'disk', vhd: 'disk', vhdx: 'disk', img: 'disk',
  raw: 'disk', hdd: 'disk', dmg: 'disk', ima: 'floppy', flp: 'floppy', vfd: 'floppy', ova: 'appliance', ovf: 'appliance', boxwright: 'appliance',
};

/** What a cheap look at a file's head says. */
export const fileReport = z.object({
  path: z.string(),
  sizeBytes: z.number(),
  /** "Linux bzImage", "Multiboot kernel", "gzip archive"; null when it is not recognised. */
  kind: z.string().max(200).nullable(),
  /** "6.1.0-30-686 (…)": the kernel's own version text, if it has one. */
  version: z.string().max(200).nullable(),
  /** Why it will not do, or null. */
  problem: z.string().max(1000).nullable(),
  /** Of an image: its format and the size the guest sees. */
  image: z.object({ format: z.enum(IMAGE_FORMATS), virtualBytes: z.number() }).nullable(),
  /** The system it seems to hold (an id of the guest profiles), and the text that says so. */
  guest: z
    .object({
      profile: z.string().max(64),
      from: z.enum(['volume', 'application', 'publisher', 'info']),
      text: z.string().max(200),
    })
    .nullable(),
});
export type FileReport = z.infer<typeof fileReport>;

const trashed = z.string().min(1).max(100);

export const appContract = {
  calls: {
    'app.info': { input: nothing, output: appInfo },
    'app.preferences': { input: nothing, output: preferences },
    'app.setPreferences': { input: preferences.partial(), output: preferences },

    /**
     * Ends the application after its machines; `keep` leaves them without a window. When guests do not shut down, nothing
     * ends, and their names are the answer.
     */
    'app.quit': { input: z.object({ action: z.enum(QUIT_ACTIONS) }), output: z.object({ stillRunning: z.array(z.string()) }) },

    'machines.list': { input: nothing, output: z.array(machineView) },
    'machines.get': { input: one, output: machineView },
    'machines.validate': {
      /** `id`: the machine the settings are for, whose own name is not taken. */
      input: z.object({ settings: machineSettings, id: machineId.optional() }),
      output: z.array(configIssue),
    },
    /** Nothing is left behind when it fails. */
    'machines.create': {
      /** `folder`: the one it is put into, where that is not the one of the preferences. */
      input: z.object({ settings: machineSettings, newDisks: z.array(z.union([newDisk, newOverlay])).max(8).default([]), folder: path.optional() }),
      output: machineView,
    },
    /** A machine with a CD that shows what machines do; without a name it finds one. */
    'machines.createDemo': { input: z.object({ name: machineSettings.shape.name.optional() }), output: machineView },
    /** Replaces the settings as a whole. */
    'machines.update': {
      input: one.extend({ settings: machineSettings, newDisks: z.array(newDisk).max(8).default([]) }),
      output: machineView,
    },
    /** What it is found by and shown as; also while it runs. What is not given stays. */
    'machines.label': {
      input: one.extend({
        name: machineSettings.shape.name.optional(),
        guest: machineSettings.shape.guest.unwrap().optional(),
        group: machineSettings.shape.group.unwrap().optional(),
        tags: machineSettings.shape.tags.unwrap().optional(),
      }),
      output: machineView,
    },
    /** Into the trash, where it stays for a week; `trashed` brings it back. */
    'machines.delete': { input: one, output: z.object({ trashed }) },
    'machines.restore': { input: z.object({ trashed }), output: machineView },

    /** A machine of its own, with an identity of its own. */
    'machines.clone': { input: cloneRequest, output: machineView },

    /** A linked clone gets copies of what it lies on; the original is then no longer needed. */
    'machines.makeIndependent': { input: one, output: machineView },
    /** Whether it is only there to be cloned. */
    'machines.setTemplate': { input: one.extend({ template: z.boolean() }), output: machineView },

    /** As one file (or, as OVF, a descriptor with its disks beside it); fails when there is a file of that name. */
    'machines.export': { input: exportRequest, output: exported },
    /** What an import would bring, and what it would leave out. */
    'machines.inspectImport': { input: importRequest.pick({ path: true, system: true }), output: applianceSummary },
    'machines.import': { input: importRequest, output: z.object({ machine: machineView, notes: applianceNotes }) },

    /** Puts back the last good version of a damaged machine's settings. */
    'machines.repair': { input: one, output: machineView },
    /**
     * `force`: also when this computer seems to have too little memory. `discardState`: not where a restored snapshot
     * left off, but from its disks. `disposable`: what the guest writes is thrown away at the end, unless it is kept then.
     */
    'machines.start': { input: one.extend({ force: z.boolean().optional(), discardState: z.boolean().optional(), disposable: z.boolean().optional() }), output: machineView },
    /** After a disposable run: what was written becomes the present state, or is gone. */
    'machines.endDisposable': { input: one.extend({ keep: z.boolean() }), output: machineView },
    'machines.pause': { input: one, output: nothing },
    'machines.resume': { input: one, output: nothing },
    'machines.reset': { input: one, output: nothing },
    'machines.powerButton': { input: one, output: nothing },
    'machines.powerOff': { input: one, output: nothing },
    /** Ends it; the next start goes on where it was. Takes as long as writing its memory. */
    'machines.save': { input: one, output: machineView },
    /** Forgets that; the next start begins with the disks. */
    'machines.discard': { input: one, output: machineView },
    /** Both also change the settings; a running machine sees the change at once. */
    'machines.insert': { input: insertedMedium.extend({ id: machineId }), output: machineView },
    'machines.eject': { input: one.extend({ drive: driveId }), output: machineView },
    /** Use `openConsole` of the connection, which also redeems the ticket. */
    'machines.openConsole': { input: one, output: z.object({ ticket: z.string().min(16).max(128) }) },
    'machines.logs': {
      /** Lines after this sequence number; all that are kept without it. */
      input: one.extend({ after: z.number().int().optional() }),
      output: z.array(logLine),
    },
    'machines.stats': { input: one, output: machineStats },
    /** Characters of a US keyboard; Enter is "\n". */
    'machines.typeText': { input: one.extend({ text: typedText }), output: nothing },
    /** Keys by their KeyboardEvent.code, all down in order and up in reverse: "ControlLeft", "AltLeft", "Delete". */
    'machines.pressKeys': { input: one.extend({ keys: z.array(z.string().max(32)).min(1).max(8) }), output: nothing },
    'machines.screen': { input: one.extend({ png: z.boolean() }), output: machineScreen },
    /** Each machine's screen, small: as it is now, or as it was when the machine ended. */
    'machines.thumbnails': { input: nothing, output: z.array(one.extend({ pngBase64: thumbnail })) },
    /** Found on the screen of a text mode, or in what the serial port of the console said since `after`. */
    'machines.waitForText': {
      input: one.extend({
        text: z.string().min(1).max(1000),
        where: z.enum(['screen', 'serial']),
        after: z.number().int().nonnegative(),
        timeoutMs: z.number().int().nonnegative().max(86_400_000),
      }),
      output: z.object({ found: z.boolean() }),
    },
    'machines.serialRead': { input: one.extend({ after: z.number().int().nonnegative() }), output: serialOutput },
    'machines.serialWrite': { input: one.extend({ base64: serialChunk }), output: nothing },

    ...snapshotCalls,

    'jobs.list': { input: nothing, output: z.array(jobView) },
    /** Answers at once; the job goes on by itself and tells of its progress. */
    'jobs.start': { input: jobRequest, output: jobView },
    /** Leaves nothing half-done behind. One that is over is no failure. */
    'jobs.cancel': { input: z.object({ id: jobId }), output: nothing },
    /** Forgets jobs that are over: one, or all. */
    'jobs.clear': { input: z.object({ id: jobId.optional() }), output: nothing },

    /** Everything that machines use, and the images behind it. */
    'media.list': { input: nothing, output: z.array(mediumView) },
    /** Every drive that names `path` then names `replacement`; no machine of them may be running. */
    'media.locate': { input: z.object({ path, replacement: path }), output: z.array(machineView) },

    'files.list': { input: z.object({ path: path.nullable() }), output: folderListing },
    /** In a folder that is there; answers with its path. */
    'files.makeFolder': { input: z.object({ parent: path, name: z.string().min(1).max(255) }), output: z.object({ path }) },
    'files.pick': {
      input: z.object({ purpose: z.enum(PICK_PURPOSES) }),
      output: z.object({ path: path.nullable() }),
    },
    /**
     * Where a file is that a browser knows only by its name, size and time: looked for in the usual folders and those of
     * the media in use; null when it is not there, or there twice.
     */
    'files.locate': {
      input: z.object({ name: z.string().min(1).max(255), sizeBytes: z.number(), modifiedMs: z.number() }),
      output: z.object({ path: path.nullable() }),
    },
    'files.probe': { input: z.object({ path, purpose: z.enum(FILE_PURPOSES) }), output: fileReport },
  },
  events: {
    machineChanged: machineView,
    machineRemoved: one,
    thumbnailChanged: one.extend({ pngBase64: thumbnail }),
    jobChanged: jobView,
    jobRemoved: z.object({ id: jobId }),
    preferencesChanged: preferences,
    /** Of the application's menu, for the window that has the focus. */
    command: z.object({ name: z.enum(WINDOW_COMMANDS) }),
    /** The user chose a machine outside the window. */
    showMachine: one,
    /** The system opened a file with the application. */
    openFile: z.object({ path, purpose: z.enum(FILE_PURPOSES) }),
    notice: z.object({
      level: z.enum(LOG_LEVELS),
      message: z.string(),
      code: z.enum(FAILURE_CODES).optional(),
      machineId: machineId.optional(),
    }),
  },
} as const satisfies Contract;

export type AppContract = typeof appContract;
