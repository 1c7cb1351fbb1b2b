// The table of a benchmark: what each contestant needed, and by how much the second tier is ahead.

/** @typedef {import('./measure.mjs').Sample} Sample */

/**
 * @typedef {object} Result
 * @property {string} guest
 * @property {string} contestant
 * @property {string} measure "shell", "peak memory", or a workload.
 * @property {number} value In its unit.
 * @property {'s' | 'MB' | 'ms'} unit
 * @property {number} [mips]
 */

/**
 * @param {readonly Result[]} results
 * @param {readonly string[]} contestants
 */
export function table(results, contestants) {
  const rows = [heading(contestants)];
  for (const { guest, measure } of rowsOf(results)) {
    const of = (/** @type {string} */ contestant) =>
      results.find((r) => r.guest === guest && r.measure === measure && r.contestant === contestant);
    const unit = results.find((r) => r.guest === guest && r.measure === measure)?.unit ?? '';
    const mips = contestants.map((name) => of(name)?.mips);
    rows.push([
      guest,
      measure,
      unit,
      ...contestants.map((name) => number(of(name)?.value)),
      ratio(of('interp')?.value, of('jit')?.value),
      ...(contestants.includes('qemu') ? [ratio(of('jit')?.value, of('qemu')?.value)] : []),
      mips
        .map((value) => (value === undefined ? '' : value.toFixed(0)))
        .join(' / ')
        .replace(/^[ /]+$/, ''),
    ]);
  }
  return aligned(rows);
}

/** @param {readonly string[]} contestants */
function heading(contestants) {
  const peer = contestants.includes('qemu') ? ['jit/qemu'] : [];
  return ['guest', 'measure', 'unit', ...contestants, 'interp/jit', ...peer, 'MIPS'];
}

/** @param {readonly Result[]} results */
function rowsOf(results) {
  return [
    ...new Map(results.map(({ guest, measure }) => [`${guest} ${measure}`, { guest, measure }])).values(),
  ];
}

/** @param {number | undefined} value */
const number = (value) =>
  value === undefined ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

/**
 * @param {number | undefined} slow
 * @param {number | undefined} fast
 */
const ratio = (slow, fast) => (slow === undefined || fast === undefined ? '-' : (slow / fast).toFixed(2));

/** @param {readonly (readonly string[])[]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const LEFT_COLUMNS = 3;
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i < LEFT_COLUMNS ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
