// Makes the icons of packages from assets/icons/icon.svg: PNG in many sizes, drawn by Chromium; ICO and ICNS, which are
// containers of such PNGs. References: Microsoft, "Icons" (ICONDIR); Apple, icns types with PNG content (ic07 to ic14).

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { findChromium } from '../../tests/setup/find-chromium.mjs';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
const ICO_SIZES = [16, 24, 32, 48, 64, 128, 256];
/** @type {readonly (readonly [string, number])[]} */
const ICNS_TYPES = [
  ['ic11', 32], ['ic12', 64], ['ic07', 128], ['ic13', 256], ['ic08', 256], ['ic14', 512], ['ic09', 512], ['ic10', 1024],
];

/** @returns {Promise<Map<number, Buffer>>} */
async function draw() {
  const executablePath = findChromium();
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
  const page = await browser.newPage();
  const source = `data:image/svg+xml;base64,${readFileSync(here('../icons/icon.svg')).toString('base64')}`;
  const pictures = new Map();
  for (const size of SIZES) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>body{margin:0}</style><img src="${source}" width="${size}" height="${size}" style="display:block">`);
    await page.locator('img').evaluate((/** @type {HTMLImageElement} */ image) => image.decode());
    pictures.set(size, await page.screenshot({ omitBackground: true }));
  }
  await browser.close();
  return pictures;
}

/** @param {ReadonlyMap<number, Buffer>} pictures */
export function ico(pictures) {
  const header = Buffer.alloc(6 + 16 * ICO_SIZES.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(ICO_SIZES.length, 4);
  let at = header.length;
  const parts = ICO_SIZES.map((size, index) => {
    const picture = of(pictures, size);
    const entry = 6 + 16 * index;
    // 0 stands for 256.
    header.writeUInt8(size % 256, entry);
    header.writeUInt8(size % 256, entry + 1);
    header.writeUInt16LE(1, entry + 4);
    header.writeUInt16LE(32, entry + 6);
    header.writeUInt32LE(picture.length, entry + 8);
    header.writeUInt32LE(at, entry + 12);
    at += picture.length;
    return picture;
  });
  return Buffer.concat([header, ...parts]);
}

/** @param {ReadonlyMap<number, Buffer>} pictures */
export function icns(pictures) {
  const parts = ICNS_TYPES.map(([type, size]) => {
    const picture = of(pictures, size);
    const header = Buffer.alloc(8);
    header.write(type, 'ascii');
    header.writeUInt32BE(picture.length + 8, 4);
    return Buffer.concat([header, picture]);
  });
  const header = Buffer.alloc(8);
  header.write('icns', 'ascii');
  header.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return Buffer.concat([header, ...parts]);
}

/** @param {ReadonlyMap<number, Buffer>} pictures @param {number} size */
function of(pictures, size) {
  const picture = pictures.get(size);
  if (!picture) throw new Error(`There is no picture of ${size} dots.`);
  return picture;
}

const pictures = await draw();
mkdirSync(here('linux/'), { recursive: true });
for (const size of SIZES) writeFileSync(here(`linux/${size}x${size}.png`), of(pictures, size));
writeFileSync(here('icon.ico'), ico(pictures));
writeFileSync(here('icon.icns'), icns(pictures));
