// A screen in small: the mean colour of each field of ten by ten dots of CSS, with bars for characters. What differs
// between systems and between runs (fonts, how edges are smoothed, times of day) hardly touches it; colours and distances do.

import type { Page } from '@playwright/test';
import { encodePng } from '../../../src-main/host/png.ts';
import { type Picture, readPng } from '../../support/png-reader.ts';
import { barFont } from './bar-font.ts';

const FIELD = 10;
const STILL = { animations: 'disabled', caret: 'hide' } as const;
const FONTS = { 'bars-sans': barFont(540), 'bars-mono': barFont(600) };

/** From now on the page's characters are bars. `unsteady` is a selector of what small pictures leave out. */
export async function showBars(page: Page, unsteady: string): Promise<void> {
  for (const [family, font] of Object.entries(FONTS))
    await page.evaluate(
      async ([family, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        document.fonts.add(await new FontFace(family, bytes).load());
      },
      [family, font.toString('base64')] as const,
    );
  await page.evaluate(
    (rules) => {
      document.adoptedStyleSheets = rules.map((rule) => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(rule);
        return sheet;
      });
    },
    // What is transparent keeps its place and the focus.
    [':root { --sans: bars-sans; --mono: bars-mono; }', `:is(${unsteady}) { opacity: 0 !important; }`],
  );
  await enable(page, { bars: true, leavingOut: false });
}

/** The screen as a person sees it, in a file. */
export async function takeAsSeen(page: Page, path: string): Promise<void> {
  await enable(page, { bars: false, leavingOut: false });
  await page.screenshot({ path, ...STILL });
  await enable(page, { bars: true, leavingOut: false });
}

export async function takeSmall(page: Page): Promise<Uint8Array> {
  await enable(page, { bars: true, leavingOut: true });
  const { width, height, pixels } = await meanColours(page, await page.screenshot(STILL));
  await enable(page, { bars: true, leavingOut: false });
  return encodePng(width, height, Uint8Array.from(pixels));
}

function enable(page: Page, { bars, leavingOut }: { readonly bars: boolean; readonly leavingOut: boolean }): Promise<void> {
  return page.evaluate(
    (enabled) => document.adoptedStyleSheets.forEach((sheet, index) => (sheet.disabled = !enabled[index])),
    [bars, leavingOut],
  );
}

/** How many fields have another colour, by more than `tolerance` in its red, green or blue. */
export function differingFields(one: Uint8Array, other: Uint8Array, tolerance: number): number {
  const [a, b] = [readPng(one), readPng(other)];
  if (a.width !== b.width || a.height !== b.height) return Number.POSITIVE_INFINITY;
  let count = 0;
  for (let y = 0; y < a.height; y++) for (let x = 0; x < a.width; x++) if (distance(a, b, x, y) > tolerance) count += 1;
  return count;
}

function distance(one: Picture, other: Picture, x: number, y: number): number {
  const colour = other.pixel(x, y);
  return Math.max(...one.pixel(x, y).map((component, index) => Math.abs(component - colour[index]!)));
}

/** Only a browser reads its pictures: in a page of its own, which has no rules against that. */
async function meanColours(page: Page, png: Buffer): Promise<{ width: number; height: number; pixels: number[] }> {
  const field = FIELD * (await page.evaluate(() => devicePixelRatio));
  const reader = await page.context().newPage();
  try {
    return await reader.evaluate(
      async ([base64, field]) => {
        const response = await fetch(`data:image/png;base64,${base64}`);
        const bitmap = await createImageBitmap(await response.blob());
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        if (!context) throw new Error('There is no 2D canvas.');
        context.drawImage(bitmap, 0, 0);
        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const [width, height] = [bitmap.width / field, bitmap.height / field];
        const sums = new Float64Array(width * height * 4);
        for (let at = 0; at < data.length; at += 4) {
          const [x, y] = [(at / 4) % bitmap.width, Math.floor(at / 4 / bitmap.width)];
          const to = (Math.floor(y / field) * width + Math.floor(x / field)) * 4;
          for (let component = 0; component < 4; component++) sums[to + component]! += data[at + component]!;
        }
        return { width, height, pixels: [...sums].map((sum) => Math.round(sum / field ** 2)) };
      },
      [png.toString('base64'), field] as const,
    );
  } finally {
    await reader.close();
  }
}
