// What main asks of a media process: a look at files that nobody vouches for, and work on disk images, so that no such
// file is ever parsed in main. The process may be taken over by what it reads; main parses and bounds all it says.

import { z } from 'zod';
import { applianceNotes, applianceSummary, importRequest } from '../appliance/appliance-view.ts';
import { bundleDescription, bundleName } from '../appliance/bundle.ts';
import { driveId, IMAGE_FORMATS, machineConfig, machineSettings, newDisk } from '../machine/config.ts';
import { FILE_PURPOSES, fileReport } from './app-contract.ts';
import type { Contract } from './contract.ts';

const nothing = z.undefined();
const path = z.string().min(1).max(4096);
const format = z.enum(IMAGE_FORMATS);
/** Names a long call in its events, and for `cancel`. The caller's choice. */
const job = z.string().min(1).max(64);
const bytes = z.number().nonnegative();
/** Where images of a chain may name each other, besides each one's own folder. */
const folders = z.array(path).max(300);
/** An image behind another: where it is, what the other calls it, and its format, found out where it is null. */
const backingImage = z.object({ path, name: path, format: format.nullable() });
const count = z.number().int().nonnegative();

export const imageSnapshotView = z.object({
  id: z.string().max(200),
  name: z.string().max(1024),
  takenMs: z.number(),
  vmStateBytes: bytes,
});

export const imageInfo = z.object({
  path: z.string(),
  format,
  /** What the guest sees, and what the file takes of the disk. */
  virtualBytes: bytes,
  diskBytes: bytes,
  /** As it stands in the image; nothing of it was opened. */
  backing: z.object({ name: z.string().max(4096), format: format.nullable() }).nullable(),
  snapshots: z.array(imageSnapshotView).max(10_000),
  /** The format's particulars, for people. */
  details: z.record(z.string().max(100), z.union([z.string().max(1000), z.number(), z.boolean()])),
});
export type ImageInfo = z.infer<typeof imageInfo>;

export const imageCheck = z.object({
  corruptions: count,
  leaks: count,
  corruptionsFixed: count,
  leaksFixed: count,
  checkErrors: count,
  /** The first ones. */
  faults: z
    .array(
      z.object({
        kind: z.enum(['leak', 'corruption']),
        structure: z.string().max(200),
        offset: z.number(),
        message: z.string().max(1000),
      }),
    )
    .max(100),
});
export type ImageCheck = z.infer<typeof imageCheck>;

export const mediaContract = {
  calls: {
    probe: {
      input: z.object({ path, purpose: z.enum(FILE_PURPOSES) }),
      output: fileReport,
    },
    /** An empty image; fails when there is a file of this name. */
    createImage: { input: newDisk.omit({ drive: true }).extend({ path }), output: nothing },
    /** The CD of the demo machine; fails when there is a file of this name. */
    writeDemoCd: { input: z.object({ path }), output: nothing },
    imageInfo: { input: z.object({ path, format: format.optional() }), output: imageInfo },
    /** The target appears under its name when it is whole; fails when there is a file of this name. */
    convertImage: {
      input: z.object({
        job,
        source: path,
        sourceFormat: format.optional(),
        snapshot: z.string().max(1024).optional(),
        target: path,
        targetFormat: format,
        folders: folders.optional(),
        compressed: z.boolean().default(false),
        /** The format's own, by qemu-img's names. */
        options: z.record(z.string().max(64), z.string().max(1000)).default({}),
      }),
      output: nothing,
    },
    /** `shrink`: what lies behind the new end may be lost. */
    resizeImage: { input: z.object({ path, bytes: newDisk.shape.bytes, shrink: z.boolean() }), output: nothing },
    /** In its own format and in place. */
    compactImage: { input: z.object({ job, path }), output: nothing },
    checkImage: {
      input: z.object({ job, path, format: format.optional(), repair: z.enum(['none', 'leaks', 'all']) }),
      output: imageCheck,
    },
    /** Reads every checksum of a state file; fails with the place of the first that is wrong. */
    verifyState: { input: z.object({ job, path }), output: nothing },
    /** A new, empty qcow2 image on top of another, which it names as `name`; fails when there is a file of this name. */
    createOverlay: {
      /** `inUse`: a machine writes to the image behind, whose size alone is looked at. */
      input: z.object({ path, backing: backingImage, folders, inUse: z.boolean().optional() }),
      output: z.object({ format, emptyBytes: bytes }),
    },
    /**
     * `forward`: what `upper` shows of `lower` is copied into it; `backward`: what `upper` holds is written into
     * `lower`. Neither changes what `upper` shows, however often and wherever it is cut short.
     */
    mergeLayers: {
      input: z.object({ job, direction: z.enum(['forward', 'backward']), upper: path, lower: path, lowerFormat: format, folders }),
      output: nothing,
    },
    /** Names another image behind an overlay, or none; both show the same. */
    setBacking: { input: z.object({ path, backing: backingImage.omit({ path: true }).nullable() }), output: nothing },
    /** What is in a bundle or an OVF package; its disks are not read. */
    inspectAppliance: { input: importRequest.pick({ path: true, system: true }), output: applianceSummary },
    /** Its machine into an empty folder, which whoever asks removes when this fails. */
    unpackAppliance: {
      input: importRequest.pick({ path: true, system: true, verify: true }).extend({ job, folder: path }),
      output: z.object({ settings: machineSettings, uuid: z.uuid().nullable(), notes: applianceNotes }),
    },
    /** A bundle of these files, which the description calls by their names; `image` null: no disk. */
    packBundle: {
      input: z.object({
        job,
        path,
        description: bundleDescription.omit({ files: true }),
        files: z
          .array(z.object({ name: bundleName, path, image: z.object({ format: format.nullable(), isLayer: z.boolean(), folders }).nullable() }))
          .max(20_000),
      }),
      output: nothing,
    },
    packOvf: {
      input: z.object({
        job,
        path,
        kind: z.enum(['ovf', 'ova']),
        config: machineConfig,
        disks: z.array(z.object({ drive: driveId, path, format: format.nullable(), folders })).max(66),
      }),
      output: z.object({ notes: applianceNotes }),
    },
    /** The job then fails with `media.cancelled`; one that is not there is no failure. */
    cancel: { input: z.object({ job }), output: nothing },
  },
  events: {
    progress: z.object({ job, done: bytes, total: bytes }),
  },
} as const satisfies Contract;
export type MediaContract = typeof mediaContract;
