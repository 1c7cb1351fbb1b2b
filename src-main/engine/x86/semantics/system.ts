// System instructions: descriptor tables, control and debug registers, MSRs, time, caches, halting.
// The work that needs descriptors or the board is a helper's. Reference: Intel SDM vol. 2; vol. 3A, chapter 2.

import { VECTOR_UD } from '../helpers/descriptor.ts';
import { EFLAGS_AC, EFLAGS_STATUS } from '../state/control-bits.ts';
import { SEGMENT_INDEX } from '../state/cpu-state.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { setZeroFlag } from './flag-bits.ts';
import { resize, widthOf } from './width.ts';

const nothing: Semantics = () => undefined;

const invalidOpcode: Semantics = (e) => e.fault(VECTOR_UD);

const selectorOf = (e: Emitter, operand: Operand): Value => resize(e, resize(e, e.read(operand), 16), 32);

/** The register above the limit in a pseudo-descriptor. */
function baseAddress(e: Emitter, address: Value): Value {
  return e.add(address, e.constant(e.shape.addressBits, 2));
}

const LOW_24_BITS = 0xffffff;

/** With a 16-bit operand the base has 24 bits and the sixth byte is 0, as on every processor since the 386. */
function storeTable(limit: 'gdtrLimit' | 'idtrLimit', base: 'gdtrBase' | 'idtrBase'): Semantics {
  return (e, a) => {
    const address = e.address(a);
    const whole = e.state(base);
    const narrow = e.and(e.truncate(whole, 32), e.constant(32, LOW_24_BITS));
    const wide = e.shape.codeBits === 64 ? whole : e.truncate(whole, 32);
    e.probeStore('instruction', baseAddress(e, address), e.shape.codeBits === 64 ? 64 : 32);
    e.store('instruction', address, e.truncate(e.state(limit), 16));
    e.store('instruction', baseAddress(e, address), e.shape.operandBits === 16 ? narrow : wide);
  };
}

function loadTable(helper: 'loadGdt' | 'loadIdt'): Semantics {
  return (e, a) => {
    const address = e.address(a);
    const limit = resize(e, e.load('instruction', address, 16), 32);
    const stored = e.load('instruction', baseAddress(e, address), e.shape.codeBits === 64 ? 64 : 32);
    const base = e.shape.operandBits === 16 ? e.and(stored, e.constant(32, LOW_24_BITS)) : stored;
    e.helper(helper, limit, resize(e, base, 64));
  };
}

/** SLDT, STR and SMSW: a register gets the value zero-extended to its width, memory 16 bits. */
function storeWord(value: (e: Emitter) => Value): Semantics {
  return (e, a) => e.write(a, resize(e, value(e), widthOf(a)));
}

const arpl: Semantics = (e, a, b) => {
  const rpl = e.constant(16, 3);
  const selector = e.readForUpdate(a);
  const wanted = e.and(e.read(b), rpl);
  const lower = e.lessU(e.and(selector, rpl), wanted);
  const raised = e.or(e.and(selector, e.not(rpl)), wanted);
  e.write(a, e.select(lower, raised, selector));
  setZeroFlag(e, lower);
};

/** LAR and LSL: the destination changes only when the selector was good. */
function askDescriptor(helper: 'loadAccessRights' | 'loadSegmentLimit'): Semantics {
  return (e, a, b) => {
    const answer = e.helper(helper, selectorOf(e, b));
    const valid = e.bit(answer, 32);
    e.when(valid, () => e.write(a, resize(e, e.truncate(answer, 32), widthOf(a))));
    setZeroFlag(e, valid);
  };
}

function verify(helper: 'verifyRead' | 'verifyWrite'): Semantics {
  return (e, a) => setZeroFlag(e, e.notEqual(e.helper(helper, selectorOf(e, a)), e.constant(32, 0)));
}

function readSystemRegister(helper: 'readControl' | 'readDebug'): Semantics {
  return (e, a, b) => e.write(a, resize(e, e.helper(helper, e.registerNumber(b)), widthOf(a)));
}

function writeSystemRegister(helper: 'writeControl' | 'writeDebug'): Semantics {
  return (e, a, b) => void e.helper(helper, e.registerNumber(a), resize(e, e.read(b), 64));
}

const invlpg: Semantics = (e, a) => {
  e.helper('invalidatePage', e.linearAddress('instruction', e.address(a)));
};

/** Counts as a load of one byte for segmentation and paging. */
const clflush: Semantics = (e, a) => void e.load('instruction', e.address(a), 8);

function supervisorOnly(e: Emitter): void {
  e.faultWhen(e.notEqual(e.state('cpl'), e.constant(32, 0)), VECTOR_UD);
}

function setAlignmentCheck(value: number): Semantics {
  return (e) => {
    supervisorOnly(e);
    e.setEflags(e.constant(32, value), EFLAGS_AC);
    e.endBlock('lookup');
  };
}

/** An old shadow of STI must not keep the interrupt away that ends the halt. */
const hlt: Semantics = (e) => {
  e.setState('interruptShadow', e.constant(32, 0));
  e.endBlock('halt');
};

function readTimestamp(e: Emitter): void {
  const count = e.helper('readTimestamp');
  e.setRegister('rax', e.truncate(count, 32));
  e.setRegister('rdx', e.truncate(e.shr(count, e.constant(64, 32)), 32));
}

/** Waiting for a write to memory: an implementation may end the wait at any time, and this one does at once. */
const monitor: Semantics = (e) => supervisorOnly(e);

/** "No random number ready": CF and the destination are 0. */
const rdrand: Semantics = (e, a) => {
  e.write(a, e.constant(widthOf(a), 0));
  e.setEflags(e.constant(32, 0), EFLAGS_STATUS);
};

export const SYSTEM: Record<string, Semantics> = {
  SGDT: storeTable('gdtrLimit', 'gdtrBase'),
  SIDT: storeTable('idtrLimit', 'idtrBase'),
  LGDT: loadTable('loadGdt'),
  LIDT: loadTable('loadIdt'),
  SLDT: storeWord((e) => e.state('segmentSelector', SEGMENT_INDEX.ldtr)),
  STR: storeWord((e) => e.state('segmentSelector', SEGMENT_INDEX.tr)),
  SMSW: storeWord((e) => e.state('cr0')),
  LLDT: (e, a) => void e.helper('loadLdt', selectorOf(e, a)),
  LTR: (e, a) => void e.helper('loadTaskRegister', selectorOf(e, a)),
  LMSW: (e, a) => void e.helper('loadMachineStatus', selectorOf(e, a)),
  CLTS: (e) => void e.helper('clearTaskSwitched'),
  ARPL: arpl,
  LAR: askDescriptor('loadAccessRights'),
  LSL: askDescriptor('loadSegmentLimit'),
  VERR: verify('verifyRead'),
  VERW: verify('verifyWrite'),
  MOV_FROM_CR: readSystemRegister('readControl'),
  MOV_TO_CR: writeSystemRegister('writeControl'),
  MOV_FROM_DR: readSystemRegister('readDebug'),
  MOV_TO_DR: writeSystemRegister('writeDebug'),
  RDMSR: (e) => void e.helper('readMsr'),
  WRMSR: (e) => void e.helper('writeMsr'),
  RDTSC: (e) => readTimestamp(e),
  RDTSCP: (e) => {
    readTimestamp(e);
    e.setRegister('rcx', e.truncate(e.state('tscAux'), 32));
  },
  RDPMC: (e) => void e.helper('readPerformanceCounter'),
  CPUID: (e) => void e.helper('identify'),
  INVLPG: invlpg,
  HLT: hlt,
  CLAC: setAlignmentCheck(0),
  STAC: setAlignmentCheck(EFLAGS_AC),
  MONITOR: monitor,
  MWAIT: monitor,
  RDRAND: rdrand,
  CLFLUSH: clflush,
  INVD: nothing,
  WBINVD: nothing,
  NOP: nothing,
  PAUSE: nothing,
  LFENCE: nothing,
  MFENCE: nothing,
  SFENCE: nothing,
  PREFETCHNTA: nothing,
  PREFETCHT0: nothing,
  PREFETCHT1: nothing,
  PREFETCHT2: nothing,
  PREFETCHW: nothing,
  // RSM is valid only in system-management mode, which these models never enter.
  RSM: invalidOpcode,
  UD0: invalidOpcode,
  UD1: invalidOpcode,
  UD2: invalidOpcode,
};
