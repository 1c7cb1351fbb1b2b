// What main asks of a machine process and is told by it. A guest may have taken the process over, so main parses
// every answer and event, bounds their sizes and decides states itself.

import { z } from 'zod';
import { driveId, insertedMedium } from '../machine/config.ts';
import { EXIT_REASONS, LOG_LEVELS, machineScreen, machineStats, serialChunk, serialOutput, thumbnail } from '../machine/view.ts';
import { saveProgress, saveReleased, saveStateInput, savedState, startFromInput } from '../machine/saved-state.ts';
import { mergeLayersInput, mergeProgress, relinkInput } from '../machine/layer-merge.ts';
import { nvramHex } from '../machine/nvram.ts';
import { startRequest } from '../machine/start-request.ts';
import type { Contract } from './contract.ts';

const nothing = z.undefined();

export const machineContract = {
  calls: {
    /** Builds and starts the machine; fails with what is wrong with its files. */
    start: { input: startRequest, output: nothing },
    /** Builds the machine and lets it go on where a state file says; refused when it is of another machine. */
    startFrom: { input: startFromInput, output: nothing },
    /**
     * Writes the state of the running or paused machine to a new file, and puts each drive named on top of its new
     * layer at the moment of that state. Answers when the file is complete, which takes longer than other calls.
     */
    saveState: { input: saveStateInput, output: savedState },
    /** Gives up the writing of a state: `saveState` then fails with `state.cancelled` and leaves no file. */
    cancelSave: { input: nothing, output: nothing },
    /**
     * Moves the content of a layer of a disk into its neighbour while the guest goes on. When it answers, either of the
     * two may go, until `relink` says with which chain the drive goes on: the new one, or the one it had.
     */
    mergeLayers: { input: mergeLayersInput, output: nothing },
    /** `mergeLayers` then fails with `media.cancelled`, and the drive is as it was. */
    cancelMerge: { input: nothing, output: nothing },
    relink: { input: relinkInput, output: nothing },
    pause: { input: nothing, output: nothing },
    resume: { input: nothing, output: nothing },
    reset: { input: nothing, output: nothing },
    powerButton: { input: nothing, output: nothing },
    /** Pulls the plug; the process ends afterwards. */
    powerOff: { input: nothing, output: nothing },
    stats: { input: nothing, output: machineStats },
    /** Puts a medium into a drive that can change it, in place of the one that is there. */
    insert: { input: insertedMedium, output: nothing },
    eject: { input: z.object({ drive: driveId }), output: nothing },
    /** Bytes of scan code set 1. */
    keyboard: { input: z.array(z.number().int().min(0).max(255)).max(100_000), output: nothing },
    screen: { input: z.object({ png: z.boolean() }), output: machineScreen },
    serialRead: { input: z.object({ after: z.number().int().nonnegative() }), output: serialOutput },
    serialWrite: { input: z.object({ base64: serialChunk }), output: nothing },
  },
  events: {
    paused: nothing,
    resumed: nothing,
    /** The guest, or its reset button, restarted the machine. */
    restarted: nothing,
    /** The state that is being saved is captured, and drives stand on their new layers: the guest goes on. */
    saveReleased,
    saveProgress,
    mergeProgress,
    /** The guest opened the tray of a drive. */
    trayOpened: z.object({ drive: driveId }),
    /** What is to be there again after the machine was switched off. */
    nvram: z.object({ hex: nvramHex }),
    /** The screen, small, at most once a second and when it has changed. */
    thumbnail: z.object({ pngBase64: thumbnail }),
    log: z.object({ level: z.enum(LOG_LEVELS), text: z.string().max(2000) }),
    /** The machine has ended; the process exits by itself. */
    ended: z.object({ reason: z.enum(EXIT_REASONS), message: z.string().max(4000) }),
  },
} as const satisfies Contract;
export type MachineContract = typeof machineContract;
