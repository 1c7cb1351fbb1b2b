// Arguments as getopt_long takes them apart for qemu-img.

import { describe, expect, it } from 'vitest';
import { parseArguments, type VerbSpec, verbHelp } from '../../../../src-main/cli/img/arguments.ts';

const SPEC: VerbSpec = {
  name: 'test',
  operands: 'FILE',
  summary: 'A test.',
  options: [
    { names: ['-p'], help: 'progress' },
    { names: ['-c'], help: 'compress' },
    { names: ['-O'], value: 'FORMAT', help: 'format' },
    { names: ['-o'], value: 'OPTIONS', help: 'options' },
    { names: ['--output'], value: 'KIND', help: 'output' },
    { names: ['--backing-chain'], help: 'chain' },
    { names: ['-U', '--force-share'], help: 'share' },
    { names: ['--image-opts'], help: '', refused: 'not supported' },
  ],
};

const parse = (line: string) => parseArguments(SPEC, line.split(' '));

describe('the arguments of an image command', () => {
  it('stand in any order', () => {
    const args = parse('a.vmdk -O qcow b.img');
    expect(args.operands).toEqual(['a.vmdk', 'b.img']);
    expect(args.value('-O')).toBe('qcow');
  });

  it('may be bundled, with a value at the end', () => {
    const args = parse('-pcOqcow2 a b');
    expect([args.has('-p'), args.has('-c'), args.value('-O')]).toEqual([true, true, 'qcow2']);
  });

  it('take long values in both spellings, and long names cut short', () => {
    expect(parse('--output=json a').value('--output')).toBe('json');
    expect(parse('--output json a').value('--output')).toBe('json');
    expect(parse('--back a').has('--backing-chain')).toBe(true);
    expect(parse('--force-share a').has('-U')).toBe(true);
  });

  it('collect what is repeated, and end at --', () => {
    expect(parse('-o a=1 -o b=2 x').all('-o')).toEqual(['a=1', 'b=2']);
    expect(parse('-p -- -c').operands).toEqual(['-c']);
  });

  it('are refused by name when unknown, unsupported or incomplete', () => {
    expect(() => parse('-z a')).toThrow('-z: not an option of “img test”; “img test --help” lists them');
    expect(() => parse('--zoom a')).toThrow('--zoom: not an option');
    expect(() => parse('--image-opts a')).toThrow('--image-opts: not supported');
    expect(() => parse('a -O')).toThrow('-O: needs a value (FORMAT)');
    expect(() => parse('--backing-chain=1 a')).toThrow('takes no value');
    expect(() => parse('--o a')).not.toThrow('could be');
  });

  it('have a help without what is refused', () => {
    expect(verbHelp(SPEC)).toContain('-U, --force-share');
    expect(verbHelp(SPEC)).not.toContain('--image-opts');
  });
});
