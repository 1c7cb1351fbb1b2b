// Where a thread spends its time, by V8's sampling profiler: generated code under its own names, the engine's
// functions by what they do for the guest. Not the engine's counters (`CpuStats`), which cost nothing and are always on.
// Reference: Chrome DevTools Protocol, Profiler domain (Profile, ProfileNode).

import { Session, type Profiler } from 'node:inspector';

export type ProfileKind =
  | 'region' | 'interpreter' | 'run loop' | 'memory' | 'helper' | 'compile' | 'board' | 'host' | 'collector' | 'idle';

export interface ProfileRow {
  readonly kind: ProfileKind;
  /** A region by the linear address of its entry, a handler by its shape, else a function of the engine. */
  readonly name: string;
  readonly ms: number;
}

const INTERVAL_MICROSECONDS = 1000;
const REGION = 'region ';
const PROFILER_CALL = 'post';

/** Functions of the engine that all they call is counted for. */
const OWNERS: Readonly<Record<string, ProfileKind>> = {
  run: 'board',
  '#runUntilStop': 'run loop',
  '#compile': 'compile',
  flush: 'compile',
  '#fetch': 'memory',
  slowRead: 'memory',
  slowWrite: 'memory',
  slowUpdate: 'memory',
  slowProbe: 'memory',
  deviceRead: 'board',
  deviceWrite: 'board',
  deviceUpdate: 'board',
  readDevice: 'board',
  writeDevice: 'board',
  '#takeInterrupt': 'helper',
  '#deliverFault': 'helper',
};
const OWN_NAMES: Readonly<Record<string, ProfileKind>> = {
  '(idle)': 'idle',
  '(garbage collector)': 'collector',
  '(program)': 'host',
  wait: 'idle',
};

/** Profiles the thread that makes it, from then on. */
export class ThreadProfiler {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROSECONDS });
    this.#session.post('Profiler.start');
  }

  finish(): ProfileRow[] {
    let rows: ProfileRow[] = [];
    // A session of the own thread answers before `post` returns.
    this.#session.post('Profiler.stop', (error, { profile }) => {
      if (error === null) rows = profileRows(profile);
    });
    this.#session.disconnect();
    return rows;
  }
}

/** Own time of all functions, the longest first. */
export function profileRows(profile: Profiler.Profile): ProfileRow[] {
  const micros = new Map<number, number>();
  profile.samples?.forEach((id, at) => {
    micros.set(id, (micros.get(id) ?? 0) + (profile.timeDeltas?.[at] ?? 0));
  });
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const totals = new Map<string, { kind: ProfileKind; name: string; ms: number }>();
  const visit = (id: number, inherited: ProfileKind, calledFromWasm: boolean): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const { functionName: name, url } = node.callFrame;
    // Its own way of starting and stopping.
    if (name === PROFILER_CALL) return;
    const isWasm = url.startsWith('wasm:');
    const kind = kindOf(name, isWasm, calledFromWasm, inherited);
    const key = `${kind} ${name}`;
    const total = totals.get(key) ?? { kind, name: name === '' ? '(anonymous)' : shownName(name), ms: 0 };
    total.ms += (micros.get(id) ?? 0) / 1000;
    totals.set(key, total);
    for (const child of node.children ?? []) visit(child, kind, isWasm);
  };
  const [root] = profile.nodes;
  if (root !== undefined) visit(root.id, 'host', false);
  return [...totals.values()].filter(({ ms }) => ms > 0).sort((a, b) => b.ms - a.ms);
}

function kindOf(name: string, isWasm: boolean, calledFromWasm: boolean, inherited: ProfileKind): ProfileKind {
  if (isWasm) return name.startsWith(REGION) ? 'region' : 'interpreter';
  if (Object.hasOwn(OWN_NAMES, name)) return OWN_NAMES[name] as ProfileKind;
  if (Object.hasOwn(OWNERS, name)) return OWNERS[name] as ProfileKind;
  return calledFromWasm ? 'helper' : inherited;
}

const shownName = (name: string): string => (name.startsWith(REGION) ? name.slice(REGION.length) : name);
