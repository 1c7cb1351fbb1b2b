// What the README says is missing is what the tables lack, and both tables mean the same bits by their names.

import { describe, expect, it } from 'vitest';
import { OPCODE_ROWS } from '../../src-main/engine/x86/decode/opcode-map.ts';
import { FEATURE_BITS } from '../../src-main/engine/x86/helpers/identification.ts';
import { DOCUMENTED_FEATURES, DOCUMENTED_INSTRUCTIONS } from './documented.table.ts';
import { COMMAND, namedBits, notImplemented, README, withSection, writtenSection } from './not-implemented.ts';

describe('what is documented and not there', () => {
  it('stands in the README as the tables have it', () => {
    expect(writtenSection(), `${README} is out of date: run ${COMMAND}`).toBe(notImplemented());
  });

  it('is noticed where the README says something else', () => {
    const readme = 'before\n<!-- not-implemented: begin -->\n\n- Devices: a fax.\n\n<!-- not-implemented: end -->\nafter\n';
    expect(writtenSection(readme)).toBe('- Devices: a fax.');
    const mended = withSection(readme);
    expect(writtenSection(mended)).toBe(notImplemented());
    expect(mended).toMatch(/^before\n[\s\S]*\nafter\n$/);
  });

  it('is measured against a catalogue that knows whatever the engine has', () => {
    const documented = new Set(DOCUMENTED_INSTRUCTIONS.flatMap(([, text]) => text.trim().split(/\s+/)));
    const undocumented = new Set(OPCODE_ROWS.map(({ mnemonic }) => mnemonic).filter((name) => !documented.has(name)));
    // Every processor has these two, and no manual does.
    expect([...undocumented].sort()).toEqual(['FFREEP', 'SALC']);
  });
});

describe('the places of CPUID features', () => {
  it('are those of the manual', () => {
    for (const [place, bits] of Object.entries(FEATURE_BITS)) {
      const documented = new Map(namedBits(DOCUMENTED_FEATURES[place as keyof typeof FEATURE_BITS]));
      for (const [name, bit] of bits) expect([place, name, documented.get(name)]).toEqual([place, name, bit]);
    }
  });
});
