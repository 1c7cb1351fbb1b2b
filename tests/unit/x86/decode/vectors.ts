// Reads the external decoder vectors: their line format, and which of their codes our CPUs know.
// Formats: comments in the files under shared/vectors/decoder.

import type { CpuFeature } from '../../../../src-main/engine/x86/models/cpu-model.ts';
import { readSharedText } from '../../../support/shared-data.ts';

export type CodeBits = 16 | 32 | 64;

export interface DecoderCase {
  readonly text: string;
  readonly codeBits: CodeBits;
  readonly bytes: Uint8Array;
  readonly code: string;
  readonly mnemonic: string;
  readonly operandCount: number;
  /** `op0`, `op1`, … and flags such as `lock`. */
  readonly options: ReadonlyMap<string, string>;
}

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const lines = (file: string): string[] =>
  readSharedText(`vectors/decoder/${file}`)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

const parseOptions = (text: string): Map<string, string> =>
  new Map(
    text
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => {
        const at = word.indexOf('=');
        return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
      }),
  );

export const readDecoderCases = (file: string, codeBits: CodeBits): DecoderCase[] =>
  lines(file).map((line) => {
    const [hex = '', code = '', mnemonic = '', count = '', ...rest] = line
      .split(',')
      .map((part) => part.trim());
    const options = parseOptions(rest.join(','));
    return {
      text: `${codeBits}-bit ${line}`,
      codeBits,
      bytes: bytesOf(hex),
      code: code === 'INVALID' ? (options.get('code') ?? code) : code,
      mnemonic,
      operandCount: Number(count),
      options,
    };
  });

/** `hex, code, encoding, feature, …` of the instruction information files. */
export interface InfoCase {
  readonly text: string;
  readonly codeBits: CodeBits;
  readonly bytes: Uint8Array;
  readonly code: string;
  readonly encoding: string;
  readonly features: readonly string[];
}

export const readInfoCases = (codeBits: CodeBits): InfoCase[] =>
  lines(`InstructionInfoTest_${codeBits}.txt.gz`).map((line) => {
    const [hex = '', code = '', encoding = '', feature = ''] = line.split(',').map((part) => part.trim());
    return {
      text: `${codeBits}-bit ${line}`,
      codeBits,
      bytes: bytesOf(hex),
      code,
      encoding,
      features: (feature.split(' ')[0] ?? '').split(';'),
    };
  });

/** Instruction sets that some CPU model of ours has. */
export const OUR_SETS: ReadonlySet<string> = new Set([
  'INTEL8086',
  'INTEL186',
  'INTEL286',
  'INTEL386',
  'INTEL486',
  'X64',
  'CMOV',
  'FPU',
  'FPU287',
  'FPU387',
  'MMX',
  'SSE',
  'SSE2',
  'SSE3',
  'SSSE3',
  'SSE4_1',
  'SSE4_2',
  'MULTIBYTENOP',
  'MONITOR',
  'PREFETCHW',
  'FSGSBASE',
  'POPCNT',
  'MSR',
  'MOVBE',
  'SYSCALL',
  'SEP',
  'FXSR',
  'TSC',
  'RDRAND',
  'RDPMC',
  'CPUID',
  'SMAP',
  'RDTSCP',
  'CX8',
  'CLFSH',
  'SMM',
  'PAUSE',
  'CMPXCHG16B',
]);

export interface MemoryCase {
  readonly text: string;
  readonly codeBits: CodeBits;
  readonly bytes: Uint8Array;
  readonly code: string;
  readonly register: string;
  readonly segment: string;
  readonly base: string;
  readonly index: string;
  readonly scale: number;
  readonly displacement: bigint;
}

export const readMemoryCases = (codeBits: CodeBits): MemoryCase[] =>
  lines(`MemoryTest${codeBits}.txt.gz`).map((line) => {
    const parts = line.split(',').map((part) => part.trim());
    const [
      hex = '',
      code = '',
      register = '',
      ,
      segment = '',
      base = '',
      index = '',
      scale = '0',
      displacement = '0',
    ] = parts;
    return {
      text: `${codeBits}-bit ${line}`,
      codeBits,
      bytes: bytesOf(hex),
      code,
      register,
      segment,
      base,
      index,
      scale: Number(scale),
      displacement: BigInt(displacement),
    };
  });

/** The CPUID feature an instruction set of the vectors stands for; sets without one are in every CPU. */
export const FEATURE_OF_SET: Readonly<Record<string, CpuFeature>> = {
  CMOV: 'cmov',
  FPU: 'fpu',
  FPU287: 'fpu',
  FPU387: 'fpu',
  MMX: 'mmx',
  SSE: 'sse',
  SSE2: 'sse2',
  SSE3: 'sse3',
  SSSE3: 'ssse3',
  SSE4_1: 'sse4.1',
  SSE4_2: 'sse4.2',
  MONITOR: 'monitor',
  FSGSBASE: 'fsgsbase',
  POPCNT: 'popcnt',
  MSR: 'msr',
  MOVBE: 'movbe',
  SYSCALL: 'syscall',
  SEP: 'sep',
  FXSR: 'fxsr',
  TSC: 'tsc',
  RDRAND: 'rdrand',
  SMAP: 'smap',
  RDTSCP: 'rdtscp',
  CX8: 'cx8',
  CLFSH: 'clfsh',
  CMPXCHG16B: 'cx16',
};
