// Integer workloads: hashing, bit sets, table look-up, sorting with recursion, and an interpreter's dispatch.
// References: FIPS 180-4 (SHA-256); ITU-T V.42 (CRC-32).

#include "workload.h"

// Fractional parts of the cube roots of the first 64 primes, by exact integer search.
static void sha256_constants(u32 k[64]) {
  u32 prime = 1;
  for (u32 i = 0; i < 64; i++) {
    u32 divisor;
    do {
      prime++;
      for (divisor = 2; divisor * divisor <= prime && prime % divisor; divisor++) {}
    } while (divisor * divisor <= prime);
    // The largest root with (root / 2^32)^3 <= prime: 35 bits, found from the top.
    u64 root = 0;
    for (int bit = 34; bit >= 0; bit--) {
      u64 candidate = root | 1ull << bit;
      // The cube has up to 105 bits: 16 bits are dropped from the square and compared with a margin of none,
      // as no root of a prime comes that near to a multiple of 2^-32.
      u64 high = candidate >> 16, low = candidate & 0xffff;
      u64 square = (high * high << 16) + 2 * high * low + (low * low >> 16); // candidate^2 / 2^16: 54 bits
      u64 product = (square >> 16) * high + ((square & 0xffff) * high >> 16) + ((square >> 16) * low >> 16);
      // candidate^3 / 2^48: 57 bits; prime * 2^96 / 2^48.
      if (product < (u64)prime << 48) root = candidate;
    }
    k[i] = (u32)root;
  }
}

static u32 sha256_state[8];

static void sha256_block(const u32 k[64], const u32 message[16]) {
  u32 w[64];
  for (int i = 0; i < 16; i++) w[i] = message[i];
  for (int i = 16; i < 64; i++) {
    u32 s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
    u32 s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  u32 a = sha256_state[0], b = sha256_state[1], c = sha256_state[2], d = sha256_state[3];
  u32 e = sha256_state[4], f = sha256_state[5], g = sha256_state[6], h = sha256_state[7];
  for (int i = 0; i < 64; i++) {
    u32 s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
    u32 t1 = h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i];
    u32 s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
    u32 t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  sha256_state[0] += a, sha256_state[1] += b, sha256_state[2] += c, sha256_state[3] += d;
  sha256_state[4] += e, sha256_state[5] += f, sha256_state[6] += g, sha256_state[7] += h;
}

// A round hashes 64 KiB.
u32 sha256(u32 rounds) {
  static const u32 initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  static u32 k[64];
  u32 message[16], seed = 1;
  sha256_constants(k);
  for (int i = 0; i < 8; i++) sha256_state[i] = initial[i];
  for (u32 block = 0; block < rounds * 1024; block++) {
    for (int i = 0; i < 16; i++) message[i] = next_random(&seed);
    sha256_block(k, message);
  }
  u32 sum = 0;
  for (int i = 0; i < 8; i++) sum = mix(sum, sha256_state[i]);
  return sum;
}

// A round finds the primes below 2^20.
u32 sieve(u32 rounds) {
  enum { LIMIT = 1 << 20 };
  static u8 composite[LIMIT];
  u32 sum = 0;
  for (u32 round = 0; round < rounds; round++) {
    u32 primes = 0;
    for (u32 i = 0; i < LIMIT; i++) composite[i] = 0;
    for (u32 i = 2; i < LIMIT; i++) {
      if (composite[i]) continue;
      primes++;
      for (u32 j = 2 * i; j < LIMIT; j += i) composite[j] = 1;
    }
    sum = mix(sum, primes);
  }
  return sum;
}

// A round sums 256 KiB.
u32 crc32(u32 rounds) {
  enum { LENGTH = 256 * 1024 };
  static u32 table[256];
  static u8 data[LENGTH];
  u32 seed = 2, sum = 0xffffffff;
  for (u32 i = 0; i < 256; i++) {
    u32 value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
  for (u32 i = 0; i < LENGTH; i++) data[i] = (u8)next_random(&seed);
  for (u32 round = 0; round < rounds; round++)
    for (u32 i = 0; i < LENGTH; i++) sum = table[(sum ^ data[i]) & 0xff] ^ sum >> 8;
  return ~sum;
}

static void quicksort(u32 *values, int low, int high) {
  while (low < high) {
    u32 pivot = values[low + (high - low) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        u32 swapped = values[i];
        values[i++] = values[j];
        values[j--] = swapped;
      }
    }
    quicksort(values, low, j);
    low = i;
  }
}

// A round sorts 65536 numbers.
u32 sort(u32 rounds) {
  enum { COUNT = 65536 };
  static u32 values[COUNT];
  u32 seed = 3, sum = 0;
  for (u32 round = 0; round < rounds; round++) {
    for (u32 i = 0; i < COUNT; i++) values[i] = next_random(&seed);
    quicksort(values, 0, COUNT - 1);
    for (u32 i = 0; i < COUNT; i += 1024) sum = mix(sum, values[i]);
  }
  return sum;
}

enum operation { PUSH, ADD, SUBTRACT, MULTIPLY, XOR, LOAD, STORE, JUMP_IF, CALL, RETURN, STOP };

// Two nested loops around a call: what an interpreter of a language does all day, an indirect jump for each step.
static u32 interpret(const int *program) {
  u32 stack[64], variables[8] = {0}, calls[16];
  u32 *top = stack;
  u32 depth = 0, at = 0;
  for (;;) {
    int operand = program[at + 1];
    switch ((enum operation)program[at]) {
      case PUSH: *top++ = (u32)operand; break;
      case ADD: top--; top[-1] += top[0]; break;
      case SUBTRACT: top--; top[-1] -= top[0]; break;
      case MULTIPLY: top--; top[-1] *= top[0]; break;
      case XOR: top--; top[-1] ^= top[0]; break;
      case LOAD: *top++ = variables[operand]; break;
      case STORE: variables[operand] = *--top; break;
      case JUMP_IF: if (*--top) { at = (u32)operand * 2; continue; } break;
      case CALL: calls[depth++] = at + 2; at = (u32)operand * 2; continue;
      case RETURN: at = calls[--depth]; continue;
      case STOP: return variables[2];
    }
    at += 2;
  }
}

// A round interprets about 1.2 million operations.
u32 bytecode(u32 rounds) {
  static const int program[] = {
    /*  0 */ PUSH, 300, STORE, 0,
    /*  2 */ PUSH, 200, STORE, 1,
    /*  4 */ CALL, 18,
    /*  5 */ LOAD, 1, PUSH, 1, SUBTRACT, 0, STORE, 1,
    /*  9 */ LOAD, 1, JUMP_IF, 4,
    /* 11 */ LOAD, 0, PUSH, 1, SUBTRACT, 0, STORE, 0,
    /* 15 */ LOAD, 0, JUMP_IF, 2,
    /* 17 */ STOP, 0,
    /* 18 */ LOAD, 2, PUSH, 1103515245, MULTIPLY, 0, PUSH, 12345, ADD, 0,
    /* 23 */ LOAD, 1, XOR, 0, LOAD, 0, ADD, 0, STORE, 2, RETURN, 0,
  };
  u32 sum = 0;
  for (u32 round = 0; round < rounds; round++) sum = mix(sum, interpret(program));
  return sum;
}
