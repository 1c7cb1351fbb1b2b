// The tables of a benchmark: what each contestant needed, and how many times as long as the second tier, by workload and
// by group. Of several rounds it is the median, with the least and the greatest.

import { WORKLOADS } from './workloads.mjs';

/**
 * @typedef {object} Result
 * @property {string} guest
 * @property {string} contestant
 * @property {number} round
 * @property {string} measure "shell", "peak memory", or a workload.
 * @property {number} value In its unit.
 * @property {'s' | 'MB' | 'ms'} unit
 * @property {number} [mips]
 */

/** What everything is compared with. */
const BASE = 'jit';
/** The same in a later start. */
export const AGAIN = 'again';
const TO_SHELL = 'boot to the shell';
/** Of time; by group, and its measures. */
const GROUPS = new Map(
  [...new Set(WORKLOADS.map(({ group }) => group))].map((group) => [
    /** @type {string} */ (group),
    WORKLOADS.filter((workload) => workload.group === group).map(({ name }) => name),
  ]),
).set(TO_SHELL, ['shell']);

/**
 * @param {readonly Result[]} results
 * @param {readonly string[]} contestants
 */
export function table(results, contestants) {
  const others = comparedWith(contestants, BASE);
  const rows = [['guest', 'measure', 'unit', ...contestants, ...others.map((name) => `${name}/${BASE}`), 'MIPS']];
  for (const [guest, measure] of pairsOf(results.map((r) => [r.guest, r.measure]))) {
    const here = results.filter((r) => r.guest === guest && r.measure === measure);
    const of = (/** @type {string} */ name) => here.filter((r) => r.contestant === name);
    const mips = contestants.flatMap((name) => of(name).flatMap((r) => r.mips ?? []).slice(-1));
    rows.push([
      guest,
      measure,
      here[0]?.unit ?? '',
      ...contestants.map((name) => spread(of(name).map((r) => r.value), significant)),
      ...others.map((name) => spread(ratios(here, [name, BASE], [measure]), hundredths)),
      mips.map((value) => value.toFixed(0)).join(' / '),
    ]);
  }
  return aligned(rows, 3);
}

/**
 * How many times as long as one contestant, the second tier, each of the others takes: the geometric mean of a group's workloads.
 * @param {readonly Result[]} results
 * @param {readonly string[]} contestants
 * @param {string} [base]
 * @returns {string[][]} With a heading.
 */
export function groupRows(results, contestants, base = BASE) {
  const others = comparedWith(contestants, base);
  const rows = [['guest', 'group', ...others.map((name) => `${name}/${base}`)]];
  for (const guest of new Set(results.map((r) => r.guest))) {
    const here = results.filter((r) => r.guest === guest);
    for (const [group, measures] of GROUPS) {
      const cells = others.map((name) => spread(ratios(here, [name, base], measures), hundredths));
      if (cells.some((cell) => cell !== NOTHING)) rows.push([guest, group, ...cells]);
    }
  }
  return rows;
}

/** @param {readonly Result[]} results @param {readonly string[]} contestants */
export const groupTable = (results, contestants) => aligned(groupRows(results, contestants), 2);

/** @param {readonly string[]} contestants @param {string} base */
const comparedWith = (contestants, base) => (contestants.includes(base) ? contestants.filter((name) => name !== base) : []);

/**
 * For each round in which both have all of the measures that a guest has of a group: the geometric mean of quotients.
 * @param {readonly Result[]} results Of one guest.
 * @param {readonly [string, string]} names Who is divided by whom.
 * @param {readonly string[]} measures
 */
function ratios(results, [other, base], measures) {
  const wanted = measures.filter((measure) => results.some((r) => r.measure === measure));
  const value = (/** @type {number} */ round, /** @type {string} */ name, /** @type {string} */ measure) =>
    results.find((r) => r.round === round && r.contestant === name && r.measure === measure)?.value ?? Number.NaN;
  return [...new Set(results.map((r) => r.round))]
    .map((round) => wanted.map((measure) => Math.log(value(round, other, measure) / value(round, base, measure))))
    .map((logarithms) => Math.exp(logarithms.reduce((sum, x) => sum + x, 0) / logarithms.length))
    .filter(Number.isFinite);
}

/** @param {readonly [string, string][]} pairs */
const pairsOf = (pairs) => [...new Map(pairs.map((pair) => [pair.join(' '), pair])).values()];

const NOTHING = '-';

/**
 * @param {readonly number[]} values
 * @param {(value: number) => string} written
 */
function spread(values, written) {
  if (values.length === 0) return NOTHING;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (Number(sorted[Math.floor(middle)]) + Number(sorted[Math.ceil(middle)])) / 2;
  if (sorted.length === 1) return written(median);
  return `${written(median)} (${written(Number(sorted[0]))}–${written(Number(sorted.at(-1)))})`;
}

/** @param {number} value */
const significant = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
/** @param {number} value */
const hundredths = (value) => value.toFixed(2);

/**
 * @param {readonly (readonly string[])[]} rows
 * @param {number} leftColumns
 */
function aligned(rows, leftColumns) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i < leftColumns ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
