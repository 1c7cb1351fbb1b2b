// Reads and writes of a block device without the system's cache, one request after another, as a Linux process:
// `disk DEVICE MEBIBYTES`. Prints what came out: `read`, `write` and `random` in bytes and requests a second.
// Reference: Linux Documentation/admin-guide/devices; open(2), O_DIRECT.

#include "linux.h"

#ifndef __x86_64__
#error "written for x86-64: offsets of files are one argument"
#endif

enum { PREAD = 17, PWRITE = 18, SYNC = 74 };
enum { READ_WRITE = 2, DIRECT = 040000 };
enum { BLOCK = 1 << 20, SMALL = 4096, RANDOM_READS = 1000 };

static unsigned long length(const char *text) {
  unsigned long count = 0;
  while (text[count]) count++;
  return count;
}

static void put(const char *text) { linux_write(1, text, length(text)); }

static void put_number(unsigned long value) {
  char digits[24], *at = digits + sizeof digits;
  *--at = 0;
  do *--at = (char)('0' + value % 10);
  while (value /= 10);
  put(at);
}

static _Noreturn void fail(const char *what, const char *device) {
  put(what);
  put(" failed: ");
  put(device);
  put("\n");
  linux_exit(1);
}

static unsigned long microseconds(void) {
  struct linux_time now = linux_clock();
  return (unsigned long)now.seconds * 1000000 + (unsigned long)now.nanoseconds / 1000;
}

static void report(const char *name, unsigned long amount, unsigned long since) {
  unsigned long passed = microseconds() - since;
  put(name);
  put("=");
  put_number(amount * 1000000 / (passed ? passed : 1));
  put("\n");
}

// Called by linux-start.S with the stack as the kernel left it: the count of arguments, then they.
_Noreturn void linux_main(const long *stack) {
  const char *const *words = (const char *const *)(stack + 1);
  if (stack[0] != 3) fail("usage: disk DEVICE MEBIBYTES;", "arguments");
  const char *device = words[1];
  unsigned long count = 0;
  for (const char *at = words[2]; *at; at++) count = count * 10 + (unsigned long)(*at - '0');
  long file = linux_call(OPEN, (long)device, READ_WRITE | DIRECT, 0, 0);
  // Whole pages, as direct transfers need.
  char *block = linux_map(BLOCK);
  if (file < 0 || !block) fail("opening", device);

  unsigned long start = microseconds();
  for (unsigned long at = 0; at < count; at++)
    if (linux_call(PREAD, file, (long)block, BLOCK, (long)(at * BLOCK)) != BLOCK) fail("reading", device);
  report("read", count * BLOCK, start);

  start = microseconds();
  for (unsigned long at = 0; at < count; at++)
    if (linux_call(PWRITE, file, (long)block, BLOCK, (long)(at * BLOCK)) != BLOCK) fail("writing", device);
  if (linux_call(SYNC, file, 0, 0, 0)) fail("flushing", device);
  report("write", count * BLOCK, start);

  unsigned long blocks = count * (BLOCK / SMALL);
  start = microseconds();
  for (unsigned long n = 0; n < RANDOM_READS; n++)
    if (linux_call(PREAD, file, (long)block, SMALL, (long)(n * 7919 % blocks * SMALL)) != SMALL) fail("reading", device);
  report("random", RANDOM_READS, start);
  linux_exit(0);
}
