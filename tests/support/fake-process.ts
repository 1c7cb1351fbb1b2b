// A machine process in this process: the test plays the child over real channels and the real contract.

import type { Handlers, Server } from '../../shared/rpc/contract.ts';
import { type MachineContract, machineContract } from '../../shared/rpc/machine-contract.ts';
import { serve } from '../../shared/rpc/serve.ts';
import type { LaunchProcess, ProcessExit, ProcessHandle } from '../../src-main/services/process-handle.ts';
import { channelPair } from './channel-pair.ts';

export interface FakeProcess {
  readonly server: Server<MachineContract>;
  readonly handedOver: unknown[];
  killed: boolean;
  print(line: string): void;
  exit(exit: ProcessExit): void;
}

const STATS = {
  runningMs: 1,
  load: 0,
  instructions: 2,
  mips: 3,
  regionsCompiled: 4,
  tlbMisses: 5,
  unclaimedPorts: 6,
  unclaimedMemory: 8,
  interpreterMs: 9,
  regionsMs: 10,
  compilerMs: 11,
  drives: [],
  processBytes: 7,
};

/** `behave` gives the handlers that differ from a process that does as it is told. */
export function fakeLauncher(
  behave: (process: FakeProcess) => Partial<Handlers<MachineContract>> = () => ({}),
) {
  const processes: FakeProcess[] = [];
  const launch: LaunchProcess = () => {
    const [main, child] = channelPair();
    const lineHandlers: ((line: string) => void)[] = [];
    const exitHandlers: ((exit: ProcessExit) => void)[] = [];
    let gone = false;
    const process: Omit<FakeProcess, 'server'> & { server?: FakeProcess['server'] } = {
      handedOver: [],
      killed: false,
      print: (line) => {
        for (const handler of lineHandlers) handler(line);
      },
      exit: (exit) => {
        if (gone) return;
        gone = true;
        main.close();
        for (const handler of exitHandlers) handler(exit);
      },
    };
    process.server = serve(machineContract, child, {
      start: () => undefined,
      startFrom: () => undefined,
      saveState: () => ({ bytes: 8, pausedMs: 1, pausedCpuMs: 1, totalMs: 2, pages: 1, ownPages: 1, usesParent: false }),
      cancelSave: () => undefined,
      mergeLayers: () => undefined,
      cancelMerge: () => undefined,
      relink: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
      reset: () => undefined,
      powerButton: () => undefined,
      powerOff: () => queueMicrotask(() => process.exit({ code: 0, signal: null })),
      stats: () => STATS,
      insert: () => undefined,
      eject: () => undefined,
      keyboard: () => undefined,
      screen: () => ({ width: 9, height: 16, text: ['A'], pngBase64: null }),
      serialRead: () => ({ base64: '', next: 0 }),
      serialWrite: () => undefined,
      ...behave(process as FakeProcess),
    });
    processes.push(process as FakeProcess);
    return {
      pid: 1000 + processes.length,
      channel: main,
      handOver: (request, connection) => void process.handedOver.push([request, connection]),
      onLine: (handler) => void lineHandlers.push(handler),
      onExit: (handler) => void exitHandlers.push(handler),
      kill: () => {
        process.killed = true;
        queueMicrotask(() => process.exit({ code: null, signal: 'SIGKILL' }));
      },
    } satisfies ProcessHandle;
  };
  return { launch, processes };
}
