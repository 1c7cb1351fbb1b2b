// The table of speeds in the README, written from a benchmark's results: by group of workloads, how many times as long
// as Boxwright the others take.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { groupRows } from './report.mjs';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const MARKED = /(<!-- speed: begin;[^>]*-->\n)[\s\S]*(<!-- speed: end -->)/;

/**
 * @param {readonly import('./report.mjs').Result[]} results
 * @param {readonly string[]} contestants
 * @param {string} machine What it was measured on, and with.
 */
export function writeSpeeds(results, contestants, machine) {
  const readme = readFileSync(README, 'utf8');
  if (!MARKED.test(readme)) throw new Error(`${README} has no marks for the table of speeds`);
  const [heading = [], ...rows] = groupRows(results, contestants);
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const body = [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
  writeFileSync(
    README,
    readme.replace(MARKED, (_all, begin, end) => `${begin}\nMeasured on ${machine}:\n\n${body}\n\n${end}`),
  );
}
