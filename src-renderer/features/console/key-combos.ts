// Combinations of keys that the window or the host's system would keep for itself, to be sent from a menu.
// Names of keys: W3C UI Events KeyboardEvent code values.

export const COMBOS = {
  'ctrl-alt-del': ['ControlLeft', 'AltLeft', 'Delete'],
  'ctrl-alt-backspace': ['ControlLeft', 'AltLeft', 'Backspace'],
  'ctrl-esc': ['ControlLeft', 'Escape'],
  'ctrl-break': ['ControlLeft', 'Pause'],
  'alt-tab': ['AltLeft', 'Tab'],
  'alt-f4': ['AltLeft', 'F4'],
  meta: ['MetaLeft'],
  'print-screen': ['PrintScreen'],
  'alt-print-screen': ['AltLeft', 'PrintScreen'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Combo = keyof typeof COMBOS;

export const FUNCTION_KEYS = Array.from({ length: 12 }, (_, index) => `F${index + 1}`);

export function consoleCombo(functionKey: string): readonly string[] {
  return ['ControlLeft', 'AltLeft', functionKey];
}

/** As it is written on keys: "Ctrl+Alt+F1". */
export function comboText(keys: readonly string[]): string {
  return keys.map(keyText).join('+');
}

const NAMES: Readonly<Record<string, string>> = {
  ControlLeft: 'Ctrl', ControlRight: 'Right Ctrl', AltLeft: 'Alt', AltRight: 'AltGr', ShiftLeft: 'Shift',
  ShiftRight: 'Right Shift', MetaLeft: 'Win', MetaRight: 'Right Win', Escape: 'Esc', Delete: 'Del', Insert: 'Ins',
  PageUp: 'PgUp', PageDown: 'PgDn', PrintScreen: 'PrtSc', ContextMenu: 'Menu', Space: 'Space',
};

function keyText(code: string): string {
  return NAMES[code] ?? code.replace(/^(Key|Digit|Arrow)/, '').replace(/^Numpad/, 'Num ');
}
