// Floating point workloads: x87 where the compiler is told i686, SSE2 on amd64. Their sums differ between the two, as
// x87 computes with 64 bits of precision.

#include "workload.h"

static u32 bits(double value) {
  union { double number; u32 words[2]; } both = {value};
  return mix(both.words[0], both.words[1]);
}

// A round multiplies two matrices of 64 by 64.
u32 matrix(u32 rounds) {
  enum { SIZE = 64 };
  static double left[SIZE][SIZE], right[SIZE][SIZE], product[SIZE][SIZE];
  u32 sum = 0;
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      left[i][j] = 1.0 / (i + j + 1);
      right[i][j] = (i - j) / 16.0;
    }
  for (u32 round = 0; round < rounds; round++) {
    for (int i = 0; i < SIZE; i++)
      for (int j = 0; j < SIZE; j++) {
        double total = 0;
        for (int k = 0; k < SIZE; k++) total += left[i][k] * right[k][j];
        product[i][j] = total;
      }
    left[round % SIZE][round / SIZE % SIZE] = product[round % SIZE][3] / 64;
  }
  for (int i = 0; i < SIZE; i++) sum = mix(sum, bits(product[i][i]));
  return sum;
}

// A round computes 64 by 64 points of the Mandelbrot set, 256 steps deep.
u32 mandelbrot(u32 rounds) {
  enum { SIZE = 64, DEPTH = 256 };
  u32 sum = 0;
  for (u32 round = 0; round < rounds; round++)
    for (int row = 0; row < SIZE; row++)
      for (int column = 0; column < SIZE; column++) {
        double cr = -2.0 + column * (2.5 / SIZE), ci = -1.25 + row * (2.5 / SIZE), r = 0, i = 0;
        u32 steps = 0;
        for (; steps < DEPTH && r * r + i * i < 4; steps++) {
          double next = r * r - i * i + cr;
          i = 2 * r * i + ci;
          r = next;
        }
        sum = mix(sum, steps);
      }
  return sum;
}
