// Every combination that the menu offers is made of keys that a PC keyboard has.

import { describe, expect, it } from 'vitest';
import { chordScanCodes, untypableIn } from '../../../../shared/rpc/typed-text.ts';
import { COMBOS, comboText, consoleCombo, FUNCTION_KEYS } from '../../../../src-renderer/features/console/key-combos.ts';

describe('combinations of keys', () => {
  it.each([...Object.values(COMBOS), ...FUNCTION_KEYS.map(consoleCombo)])('%s %s %s can be sent', (...keys) => {
    expect(chordScanCodes(keys.filter((key) => key !== undefined))).toBeInstanceOf(Array);
  });

  it('are written as on keys', () => {
    expect(comboText(['ControlLeft', 'ShiftRight', 'KeyA', 'Digit1', 'ArrowUp', 'Numpad5'])).toBe(
      'Ctrl+Right Shift+A+1+Up+Num 5',
    );
  });
});

describe('text that cannot be typed', () => {
  it('is named character by character, each once', () => {
    expect(untypableIn('plain text\r\nwith\ttabs')).toBe('');
    expect(untypableIn('é€é 😀')).toBe('é€😀');
  });
});
