// What the program in `programs/` can do, and the sum each workload must give for one round.
// The sums are those of a real processor; x87 and SSE2 differ in the last bits.

/** @typedef {'integer' | 'memory' | 'floating point' | 'system' | 'compile job'} Group Floating point is x87 on i386, SSE2 on amd64. */

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {Group} group
 * @property {string} what
 * @property {{ readonly i386: string, readonly amd64: string }} checksum Of one round.
 * @property {boolean} [needsLinux]
 * @property {boolean} [needsCompiler] It runs in the folder that compile-job.mjs makes.
 */

/** @param {string} sum */
const both = (sum) => ({ i386: sum, amd64: sum });

/** @type {readonly Workload[]} */
export const WORKLOADS = [
  { name: 'sha256', group: 'integer', what: 'hashing: rotates, adds, long expressions', checksum: both('2dbbd6a4') },
  { name: 'sieve', group: 'integer', what: 'bytes written at strides', checksum: both('3cde2999') },
  { name: 'crc32', group: 'integer', what: 'a table looked up for each byte', checksum: both('c6ea4755') },
  { name: 'sort', group: 'integer', what: 'quicksort: branches nobody foresees, recursion', checksum: both('8d529a78') },
  { name: 'bytecode', group: 'integer', what: 'an interpreter: an indirect jump each step', checksum: both('5ddf9138') },
  { name: 'copy', group: 'memory', what: '1 MiB by loop and by REP MOVS', checksum: both('7ee34bcf') },
  { name: 'walk', group: 'memory', what: 'random reads in 4 MiB', checksum: both('351fad83') },
  { name: 'matrix', group: 'floating point', what: 'double products and sums', checksum: { i386: '9a3f8ab3', amd64: 'e7f21c' } },
  { name: 'mandelbrot', group: 'floating point', what: 'double arithmetic and comparisons', checksum: both('272b68a3') },
  { name: 'syscall', group: 'system', what: '10000 entries into the kernel', checksum: both('1'), needsLinux: true },
  {
    name: 'switch',
    group: 'system',
    what: '1000 bytes to another process and back',
    checksum: both('fa3e5ebb'),
    needsLinux: true,
  },
  {
    name: 'fault',
    group: 'system',
    what: '1024 pages mapped, touched and unmapped',
    checksum: both('a4665ae5'),
    needsLinux: true,
  },
  { name: 'fork', group: 'system', what: '10 processes made and buried', checksum: both('a'), needsLinux: true },
  {
    name: 'compile',
    group: 'compile job',
    what: '32000 lines of C by tcc',
    checksum: { i386: '36d38082', amd64: '7e03bd40' },
    needsLinux: true,
    needsCompiler: true,
  },
];
