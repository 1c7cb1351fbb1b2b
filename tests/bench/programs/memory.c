// Memory workloads: blocks copied by loop and by string instruction, and a walk that no cache or TLB foresees.

#include "workload.h"

enum { WORDS = 256 * 1024, NODES = 1024 * 1024 };

static void copy_string(u32 *to, const u32 *from, unsigned long count) {
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static void copy_loop(u32 *to, const u32 *from, u32 count) {
  for (u32 i = 0; i < count; i++) {
    to[i] = from[i];
    __asm__ volatile("" : : : "memory"); // Kept as written: one load and one store for each word.
  }
}

// A round copies 1 MiB by each way.
u32 copy(u32 rounds) {
  static u32 first[WORDS], second[WORDS];
  u32 seed = 4, sum = 0;
  for (u32 i = 0; i < WORDS; i++) first[i] = next_random(&seed);
  for (u32 round = 0; round < rounds; round++) {
    copy_loop(second, first, WORDS);
    second[round % WORDS] = round;
    copy_string(first, second, WORDS);
  }
  for (u32 i = 0; i < WORDS; i += 256) sum = mix(sum, first[i]);
  return mix(sum, first[(rounds - 1) % WORDS]);
}

// A round takes 2^20 steps along one cycle through 4 MiB (Sattolo's shuffle makes it).
u32 walk(u32 rounds) {
  static u32 next[NODES];
  u32 seed = 5, at = 0;
  for (u32 i = 0; i < NODES; i++) next[i] = i;
  for (u32 i = NODES - 1; i > 0; i--) {
    u32 other = next_random(&seed) % i, swapped = next[i];
    next[i] = next[other];
    next[other] = swapped;
  }
  // An odd number of steps: the whole cycle would end where it began.
  for (u32 step = 0; step < rounds * (NODES + 1); step++) at = next[at];
  return mix(0, at);
}
