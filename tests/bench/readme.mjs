// The tables of speeds in the README, written from a benchmark's results: by group of workloads, how many times as long
// as Boxwright the others take; where later starts were measured, a second one compares with these.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AGAIN, groupRows } from './report.mjs';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const MARKED = /(<!-- speed: begin;[^>]*-->\n)[\s\S]*(<!-- speed: end -->)/;
const LATER_STARTS = `### Later starts

The same compared with \`again\`: Boxwright where the same Linux was started once before, ran the same programs, and the
compiled code was kept (\`run -code-cache FILE\`). \`jit\` is Boxwright without it, as above.`;

/**
 * @param {readonly import('./report.mjs').Result[]} results
 * @param {readonly string[]} contestants
 * @param {string} machine What it was measured on, and with.
 */
export function writeSpeeds(results, contestants, machine) {
  const readme = readFileSync(README, 'utf8');
  if (!MARKED.test(readme)) throw new Error(`${README} has no marks for the table of speeds`);
  const speeds = speedsText(results, contestants, machine);
  writeFileSync(README, readme.replace(MARKED, (_all, begin, end) => `${begin}\n${speeds}\n\n${end}`));
}

/**
 * What stands between the marks.
 * @param {readonly import('./report.mjs').Result[]} results
 * @param {readonly string[]} contestants
 * @param {string} machine
 */
export function speedsText(results, contestants, machine) {
  const first = groupRows(results, contestants.filter((name) => name !== AGAIN));
  const later = contestants.includes(AGAIN) ? [LATER_STARTS, markdown(groupRows(results, contestants, AGAIN))] : [];
  return [`Measured on ${machine}:`, markdown(first), ...later].join('\n\n');
}

/** @param {readonly (readonly string[])[]} rows With a heading. */
function markdown([heading = [], ...rows]) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}
