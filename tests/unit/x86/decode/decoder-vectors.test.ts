// The decoder against external vectors (shared/vectors/decoder): length, mnemonic, operands, #UD.
//
// Not compared: instruction sets no CPU model of ours has (VEX, EVEX, XOP, MVEX, 3DNow!, AES, SHA, VMX, SVM, MPX,
// CET, TBM, TSX, PadLock, Cyrix and others: these must be #UD, or the hint or legacy instruction that processors
// without them execute); lines with `decopt`, which describe other processors' decoding; SYSCALL and SYSRET outside
// 64-bit code (AMD only); FSTENV, FSAVE and the like with their WAIT, which is an instruction of its own; ES, CS, SS
// and DS overrides in 64-bit code, which the vectors report and we drop, as they have no effect.

import { describe, expect, it } from 'vitest';
import { decode } from '../../../../src-main/engine/x86/decode/decoder.ts';
import { formatInstruction } from '../../../../src-main/engine/x86/decode/format.ts';
import type { DecodeResult } from '../../../../src-main/engine/x86/decode/instruction.ts';
import { hasSharedData, skipReason } from '../../../support/shared-data.ts';
import { ALL_FEATURES } from './every-feature.ts';
import { difference, mnemonicMatches, sizeOf } from './vector-comparison.ts';
import {
  type CodeBits,
  type DecoderCase,
  FEATURE_OF_SET,
  type InfoCase,
  OUR_SETS,
  readDecoderCases,
  readInfoCases,
  readMemoryCases,
} from './vectors.ts';

const SIZES: readonly CodeBits[] = [16, 32, 64];
const DECODER_FILES: Readonly<Record<CodeBits, string>> = {
  16: 'DecoderTest16.txt.gz',
  32: 'DecoderTest32.txt.gz',
  64: 'DecoderTestMisc64.txt.gz',
};

const decodeCase = (bytes: Uint8Array, codeBits: CodeBits): DecodeResult =>
  decode(bytes, 0, bytes.length, { codeBits }, ALL_FEATURES, true);

const isOurs = (info: InfoCase): boolean =>
  info.encoding === 'Legacy' && info.features.every((set) => OUR_SETS.has(set));

/** Codes any of our CPUs has. */
const readOurCodes = (): Set<string> =>
  new Set(SIZES.flatMap((bits) => readInfoCases(bits).filter(isOurs)).map((info) => info.code));

const AMD_ONLY = /^(Syscall|Sysretd)$/;
/** What the encodings of instruction sets we lack mean to a processor without them. */
const LEGACY_MEANING = new Set(['NOP', 'BSF', 'BSR', 'WBINVD', 'PREFETCHW']);
/**
 * SYSCALL and SYSRET are 64-bit here; prefetches are hints on every CPU; LAHF in 64-bit code has a feature the
 * vectors do not mention; PADDQ on MMX registers came with SSE2 (the vectors and later manuals say MMX).
 */
const DIFFERENT_FEATURE = /^(Syscall|Sysretd|Prefetch\w+|[LS]ahf|Paddq_mm_mmm64)/;
/** Data pseudo-instructions, other processors' decoding, and WAIT glued to FNSTENV and the like. */
const UNCOMPARED_INFO = /decopt|, (Declare|Zero_bytes|INVALID)|-bit 9B ./;
const IGNORED_SEGMENT = /^(es|cs|ss|ds):?$/;

const describeResult = (result: DecodeResult): string =>
  result.ok ? formatInstruction(result.instruction) : JSON.stringify(result);

const hasIgnoredSegment = (one: DecoderCase): boolean =>
  one.codeBits === 64 && [...one.options.keys()].some((option) => IGNORED_SEGMENT.test(option));

describe.skipIf(!hasSharedData)(skipReason('decoder vectors'), () => {
  const ourCodes = hasSharedData ? readOurCodes() : new Set<string>();
  const casesOf = (bits: CodeBits): DecoderCase[] =>
    readDecoderCases(DECODER_FILES[bits], bits).filter((one) => !one.options.has('decopt'));

  it.each(SIZES)('decodes every %i-bit instruction our CPUs have', (bits) => {
    const cases = casesOf(bits).filter((one) => one.mnemonic !== 'INVALID' && ourCodes.has(one.code));
    const compared = cases.filter(
      (one) => !hasIgnoredSegment(one) && !(bits !== 64 && AMD_ONLY.test(one.code)),
    );
    const wrong = compared.flatMap((one) => {
      const result = decodeCase(one.bytes, bits);
      const text = result.ok ? difference(result.instruction, one) : 'rejected';
      return text === undefined ? [] : [`${one.text} => ${describeResult(result)}: ${text}`];
    });
    expect(wrong).toEqual([]);
    expect(compared.length).toBeGreaterThan(bits === 64 ? 80 : 3000);
  });

  it.each(SIZES)('rejects every invalid %i-bit encoding', (bits) => {
    const cases = casesOf(bits).filter(
      (one) => one.mnemonic === 'INVALID' && (one.code === 'INVALID' || ourCodes.has(one.code)),
    );
    const accepted = cases.filter((one) => decodeCase(one.bytes, bits).ok);
    expect(accepted.map((one) => one.text)).toEqual([]);
    const short = cases.filter((one) => one.options.get('err') === 'NoMoreBytes');
    for (const one of short)
      expect(decodeCase(one.bytes, bits), one.text).toEqual({ ok: false, fault: 'short' });
  });

  it.each(SIZES)('does not know foreign %i-bit instruction sets', (bits) => {
    const foreign = casesOf(bits).filter((one) => one.mnemonic !== 'INVALID' && !ourCodes.has(one.code));
    const known = foreign.filter((one) => {
      const result = decodeCase(one.bytes, bits);
      return result.ok && !LEGACY_MEANING.has(result.instruction.row.mnemonic);
    });
    expect(known.map((one) => one.text)).toEqual([]);
  });

  it.each(SIZES)('agrees on length, mnemonic and memory size of the %i-bit information cases', (bits) => {
    const named = SIZES.flatMap(casesOf).filter((one) => one.mnemonic !== 'INVALID');
    const names = new Map(named.map((one) => [one.code, one.mnemonic] as const));
    const cases = readInfoCases(bits).filter(
      (one) => isOurs(one) && !UNCOMPARED_INFO.test(one.text) && !(bits !== 64 && AMD_ONLY.test(one.code)),
    );
    const wrong = cases.flatMap((one) => {
      const result = decodeCase(one.bytes, bits);
      // Codes of 64-bit instructions are named in no other file; theirs may end in a size: "Pushq_FS".
      const mnemonic =
        names.get(one.code) ??
        one.code.replace(/(?<=^(Push|Pop|Leave|Monitor|Ret|Retf|Enter|Nop))n?q|64/, '');
      if (!result.ok || result.instruction.length !== one.bytes.length) return [one.text];
      return mnemonicMatches(result.instruction, mnemonic.split('_')[0] ?? '') && sizeMatches(one, result)
        ? []
        : [one.text];
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(bits === 64 ? 1000 : 200);
  });

  it.each(SIZES)('ties %i-bit instructions to the feature that brought them, and to no other', (bits) => {
    const cases = readInfoCases(bits).filter(
      (one) => isOurs(one) && !UNCOMPARED_INFO.test(one.text) && !DIFFERENT_FEATURE.test(one.code),
    );
    const wrong = cases.flatMap((one) => {
      const needed = new Set(one.features.flatMap((set) => FEATURE_OF_SET[set] ?? []));
      if (!decode(one.bytes, 0, one.bytes.length, { codeBits: bits }, needed, true).ok)
        return [`needs more: ${one.text}`];
      // Two sets stand for "both": without either, one of ours may do.
      if (needed.size !== 1) return [];
      const others = new Set([...ALL_FEATURES].filter((feature) => !needed.has(feature)));
      const without = decode(one.bytes, 0, one.bytes.length, { codeBits: bits }, others, true);
      return without.ok ? [`needs less: ${one.text}`] : [];
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(200);
  });

  it.each(SIZES)('finds base, index, scale and displacement in %i-bit code', (bits) => {
    const cases = readMemoryCases(bits).filter((one) => one.code.startsWith('Add_'));
    const wrong = cases.flatMap((one) => {
      const result = decodeCase(one.bytes, bits);
      const fake: DecoderCase = {
        ...one,
        mnemonic: 'Add',
        operandCount: 2,
        options: new Map([
          [
            'op0',
            `m;${one.segment};${blank(one.base)};${blank(one.index)};${2 ** one.scale};${one.displacement};0;UInt${operandBitsOf(one.code)}`,
          ],
          ['op1', `r;${one.register}`],
        ]),
      };
      const text = result.ok ? difference(result.instruction, fake) : 'rejected';
      return text === undefined ? [] : [`${one.text} => ${describeResult(result)}: ${text}`];
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(900);
  });
});

const blank = (register: string): string => (register === 'none' ? '' : register);

const operandBitsOf = (code: string): string => /_rm(\d+)/.exec(code)?.[1] ?? '';

/** "rm=ds:rax;UInt8", "wm=" or "rwm=": what is read or written, if the case says so for its one memory operand. */
const sizeMatches = (one: InfoCase, result: DecodeResult): boolean => {
  const sizes = [...one.text.matchAll(/\br?c?w?m=\S+?;(\w+)/g)].map((match) => match[1] ?? '');
  if (!result.ok || result.instruction.memory === undefined || sizes.length === 0) return true;
  if (result.instruction.row.mnemonic === 'CLFLUSH') return true;
  const bits = result.instruction.operands.find((operand) => operand.kind === 'memory')?.bits;
  return sizes.some((name) => sizeOf(name) === bits);
};
