// What a workload is: work that depends on nothing but its number of rounds, and a sum that proves it was done.
// The same objects are linked into a Linux program and into kernels that run on the bare machine.
#ifndef WORKLOAD_H
#define WORKLOAD_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

// Returns the checksum: the same on every machine and word size, for the same rounds.
typedef u32 workload_fn(u32 rounds);

struct workload {
  const char *name;
  workload_fn *run;
};

extern const struct workload workloads[];
extern const u32 workload_count;

workload_fn sha256, sieve, crc32, sort, bytecode, copy, walk, matrix, mandelbrot;
workload_fn system_call, context_switch, page_fault, fork_child, compile;

static inline u32 rotate_right(u32 value, u32 count) { return value >> count | value << (32 - count); }

// A sequence without pattern, the same everywhere (Marsaglia, "Xorshift RNGs", 2003).
static inline u32 next_random(u32 *state) {
  u32 x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

// One more value into a checksum.
static inline u32 mix(u32 sum, u32 value) { return (rotate_right(sum, 27) ^ value) * 0x9e3779b1u; }

#endif
