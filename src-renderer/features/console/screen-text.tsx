// The characters of a text screen as text, lying invisibly over the picture: for screen readers, for selecting and for
// searching. The browser's own characters are stretched over the guest's cells.

import { useMemo } from 'react';
import type { TextLayer } from '../../../shared/rpc/console-protocol.ts';
import { t } from '../../i18n/strings.ts';
import type { Size } from './scaling.ts';

interface ScreenTextProps {
  readonly text: TextLayer;
  /** The picture in CSS pixels. */
  readonly size: Size;
  readonly isSelectable: boolean;
}

export function ScreenText({ text, size, isSelectable }: ScreenTextProps) {
  const content = useMemo(() => textOf(text), [text]);
  const fontSize = size.width / text.columns / advance();
  return (
    <section
      className="screen-text"
      aria-label={t.console.screenText}
      data-selectable={isSelectable || undefined}
      style={{ fontSize: `${fontSize}px`, lineHeight: `${size.height / Math.max(1, text.rows.length)}px` }}
    >
      <pre>{content}</pre>
    </section>
  );
}

/** Lines without the blanks that fill them. */
export function textOf({ rows }: TextLayer): string {
  return rows.map((row) => row.replace(/[\s\0]+$/, '').replaceAll('\0', ' ')).join('\n');
}

/** Width of a character of the monospaced font, as a share of the font's size. */
let measured: number | undefined;
function advance(): number {
  if (measured === undefined) {
    const context = document.createElement('canvas').getContext('2d');
    if (context) context.font = '100px monospace';
    measured = context ? context.measureText('0').width / 100 : 0.6;
  }
  return measured;
}
