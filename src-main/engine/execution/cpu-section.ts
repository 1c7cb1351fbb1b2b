// The processor's section of a saved state: every register that is part of the machine, in an order of its own, so that
// the CPU block may be laid out anew. What the engine derives (mode, TLB tables, decoded code) is not in it.

import { ByteReader, ByteWriter, StateError } from '../snapshot/codec.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { CPU_FIELDS, type CpuFieldName, upperHalf } from '../x86/state/cpu-state.ts';

export const CPU_SECTION = { id: 'cpu0', version: 2 } as const;

/** Of version 1: never changed; what is new comes with a version of its own. */
const SAVED: readonly CpuFieldName[] = [
  'gpr', 'rip', 'flagResult', 'flagAux', 'flagRest',
  'segmentSelector', 'segmentAccess', 'segmentBase', 'segmentReadTop', 'segmentWriteTop', 'segmentLimit',
  'gdtrBase', 'idtrBase', 'gdtrLimit', 'idtrLimit',
  'cr0', 'cr2', 'cr3', 'cr4', 'cr8', 'efer', 'dr',
  'star', 'lstar', 'cstar', 'sfmask', 'kernelGsBase', 'sysenterCs', 'sysenterEsp', 'sysenterEip',
  'pat', 'tscOffset', 'apicBase', 'tscAux', 'miscEnable', 'mtrrDefType', 'mtrrVariable', 'mtrrFixed', 'xcr0',
  'xmm', 'fprSignificand', 'fprExponent', 'fcw', 'fsw', 'ftop', 'ftag', 'fop', 'fcs', 'fds', 'mxcsr', 'fip', 'fdp',
  'cpl', 'interruptShadow', 'pendingDebug', 'retired', 'pdpte', 'debugCtl', 'mcgStatus',
];

/** Of version 2: behind those of version 1. */
const SAVED_SINCE_2: readonly CpuFieldName[] = ['nmiBlocked'];

/** Of one instruction only, of the engine, or derived from the others. */
export const NOT_SAVED: readonly CpuFieldName[] = [
  'zero', 'scratch', 'mode', 'exitReason', 'faultVector', 'faultError', 'interruptPending', 'codeBase', 'currentRecord',
  'tlbRead', 'tlbWrite', 'tlbTables', 'ranUserCode', 'retireLimit', 'attention',
  'regionStart', 'regionRemaining', 'leftFlags', 'flagOperands',
];

export const SAVED_FIELDS = [...SAVED, ...SAVED_SINCE_2];

/** Values that generated code takes for granted. */
const LIMITS: Partial<Record<CpuFieldName, number>> = { cpl: 3, ftop: 7 };
const COUNT_BITS = 53n;

/** `nmi`: one waits to be delivered. */
export function saveCpu(cpu: CpuContext, nmi: boolean): Uint8Array {
  const out = new ByteWriter();
  for (const name of SAVED_FIELDS) {
    const { bits, count } = CPU_FIELDS[name];
    for (let index = 0; index < count; index++) {
      if (bits === 32) out.u32(cpu.get32(name, index));
      else out.u64(cpu.get64(name, index));
      if (bits === 128) out.u64(cpu.get64(upperHalf(name), index));
    }
  }
  out.u8(nmi ? 1 : 0);
  return out.finish();
}

/** All or nothing; answers whether an NMI waits. */
export function restoreCpu(cpu: CpuContext, version: number, bytes: Uint8Array): boolean {
  if (version < 1 || version > CPU_SECTION.version) throw new StateError('unknown-version', CPU_SECTION.id, `version ${version} is not known here (newest: ${CPU_SECTION.version})`);
  const input = new ByteReader(CPU_SECTION.id, bytes);
  const changes: (() => void)[] = [];
  // What an older version lacks keeps the value of a reset.
  for (const name of version === 1 ? SAVED : SAVED_FIELDS) {
    const { bits, count } = CPU_FIELDS[name];
    for (let index = 0; index < count; index++) {
      if (bits === 32) {
        const value = input.u32();
        if (value > (LIMITS[name] ?? value)) input.fail(`${name} cannot be ${value}`);
        changes.push(() => cpu.set32(name, value, index));
        continue;
      }
      const low = input.u64();
      if (name === 'retired' && low >> COUNT_BITS !== 0n) input.fail('too many instructions');
      changes.push(() => cpu.set64(name, low, index));
      if (bits !== 128) continue;
      const high = input.u64();
      changes.push(() => cpu.set64(upperHalf(name), high, index));
    }
  }
  const nmi = input.u8() !== 0;
  input.end();
  for (const change of changes) change();
  return nmi;
}
