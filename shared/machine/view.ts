// A machine as the services describe it to the window and the command line: its configuration, what it is doing and
// how it last ended.

import { z } from 'zod';
import { driveId, machineConfig, machineId, machineSettings } from './config.ts';
import { MACHINE_STATES } from './lifecycle.ts';
import { phrase } from '../units/phrase-schema.ts';
import { pendingSettings } from './pending-settings.ts';

/** How a run ended. `crashed`: the process died or the engine failed; `lastLines` then tell the story. */
export const EXIT_REASONS = [
  'guestPowerOff',
  'userPowerOff',
  'saved',
  'guestReset',
  'tripleFault',
  'debugExit',
  'startFailed',
  'crashed',
] as const;

export const machineExit = z.object({
  reason: z.enum(EXIT_REASONS),
  /** One sentence for the user. */
  message: z.string().max(4000),
  phrase: phrase.optional(),
  timeMs: z.number(),
  lastLines: z.array(z.string().max(2000)).max(50),
});
export type MachineExit = z.infer<typeof machineExit>;

export const readyMachine = z.object({
  kind: z.literal('machine'),
  id: machineId,
  /** Where it is kept; relative paths of its settings begin here. */
  folder: z.string(),
  config: machineConfig,
  state: z.enum(MACHINE_STATES),
  /** When it was started, while a process stands behind it. */
  startedAtMs: z.number().nullable(),
  lastExit: machineExit.nullable(),
  /** A run whose changes are thrown away, or one that has ended and whose changes can still be kept. */
  disposable: z.enum(['running', 'ended']).nullable().default(null),
  /** Settings that were changed and wait until it is off. */
  pending: pendingSettings.nullable().default(null),
});

/** Its file cannot be read: listed, so that the user sees that something is there and where. */
export const damagedMachine = z.object({
  kind: z.literal('damaged'),
  id: machineId,
  file: z.string(),
  message: z.string().max(4000),
  phrase: phrase.optional(),
  /** What could be read of it nevertheless: a file of a newer version, shown and not changed. */
  newer: machineSettings.nullable().default(null),
  /** The version before, which can be put back. */
  previous: z.object({ name: z.string(), savedMs: z.number() }).nullable().default(null),
});

export const machineView = z.discriminatedUnion('kind', [readyMachine, damagedMachine]);
export type ReadyMachine = z.infer<typeof readyMachine>;
export type DamagedMachine = z.infer<typeof damagedMachine>;
export type MachineView = z.infer<typeof machineView>;

export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export const logLine = z.object({
  /** Rises by one with every line of this machine since the application was started. */
  sequence: z.number().int().nonnegative(),
  timeMs: z.number(),
  level: z.enum(LOG_LEVELS),
  text: z.string().max(2000),
});
export type LogLine = z.infer<typeof logLine>;

/** What the guest has moved to and from a drive since the start. */
export const driveCounters = z.object({
  id: driveId,
  reads: z.number(),
  writes: z.number(),
  readBytes: z.number(),
  writtenBytes: z.number(),
});
export type DriveCounters = z.infer<typeof driveCounters>;

export const machineStats = z.object({
  runningMs: z.number(),
  /** Share of one core spent outside HLT since the previous query, 0 to 1. */
  load: z.number(),
  instructions: z.number(),
  /** Millions of instructions a second since the previous query. */
  mips: z.number(),
  regionsCompiled: z.number(),
  tlbMisses: z.number(),
  unclaimedPorts: z.number(),
  unclaimedMemory: z.number(),
  /** Milliseconds the processor has spent in each part of the engine. */
  interpreterMs: z.number(),
  regionsMs: z.number(),
  compilerMs: z.number(),
  /** In the order of the configuration. */
  drives: z.array(driveCounters).max(66),
  /** Memory of the process, in bytes. */
  processBytes: z.number(),
});
export type MachineStats = z.infer<typeof machineStats>;

/** What may be typed in one call. */
export const MAX_TYPED_CHARACTERS = 10_000;
export const typedText = z.string().min(1).max(MAX_TYPED_CHARACTERS);

/** The screen now: as text where the guest is in a text mode, as a PNG picture where that was asked for. */
export const machineScreen = z.object({
  width: z.number().int(),
  height: z.number().int(),
  text: z.array(z.string().max(1000)).max(500).nullable(),
  pngBase64: z.string().max(30_000_000).nullable(),
});
export type MachineScreen = z.infer<typeof machineScreen>;

/** A PNG picture of at most `THUMBNAIL_WIDTH` x `THUMBNAIL_HEIGHT`. */
export const thumbnail = z.base64().max(200_000);
export const THUMBNAIL_WIDTH = 192;
export const THUMBNAIL_HEIGHT = 120;

/** Bytes for a serial port. */
export const serialChunk = z.base64().max(100_000);

/** Output of the serial port of the console: what is kept of it after a position, and the position after that. */
export const serialOutput = z.object({ base64: z.base64().max(500_000), next: z.number().int().nonnegative() });
export type SerialOutput = z.infer<typeof serialOutput>;
