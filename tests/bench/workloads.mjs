// What the program in `programs/` can do, and the sum each workload must give for one round.
// The sums are those of a real processor; x87 and SSE2 differ in the last bits.

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} what
 * @property {{ readonly i386: string, readonly amd64: string }} checksum Of one round.
 * @property {boolean} [needsLinux]
 */

/** @param {string} sum */
const both = (sum) => ({ i386: sum, amd64: sum });

/** @type {readonly Workload[]} */
export const WORKLOADS = [
  { name: 'sha256', what: 'hashing: rotates, adds, long expressions', checksum: both('2dbbd6a4') },
  { name: 'sieve', what: 'bytes written at strides', checksum: both('3cde2999') },
  { name: 'crc32', what: 'a table looked up for each byte', checksum: both('c6ea4755') },
  { name: 'sort', what: 'quicksort: branches nobody foresees, recursion', checksum: both('8d529a78') },
  { name: 'bytecode', what: 'an interpreter: an indirect jump each step', checksum: both('5ddf9138') },
  { name: 'copy', what: '1 MiB by loop and by REP MOVS', checksum: both('7ee34bcf') },
  { name: 'walk', what: 'random reads in 4 MiB', checksum: both('351fad83') },
  { name: 'matrix', what: 'double products and sums', checksum: { i386: '9a3f8ab3', amd64: 'e7f21c' } },
  { name: 'mandelbrot', what: 'double arithmetic and comparisons', checksum: both('272b68a3') },
  { name: 'syscall', what: '10000 entries into the kernel', checksum: both('1'), needsLinux: true },
  {
    name: 'switch',
    what: '1000 bytes to another process and back',
    checksum: both('fa3e5ebb'),
    needsLinux: true,
  },
  {
    name: 'fault',
    what: '1024 pages mapped, touched and unmapped',
    checksum: both('a4665ae5'),
    needsLinux: true,
  },
  { name: 'fork', what: '10 processes made and buried', checksum: both('a'), needsLinux: true },
];
