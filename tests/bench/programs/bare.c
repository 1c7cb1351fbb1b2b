// The program as a kernel of its own: words from the boot loader's command line, lines to the debug console, the end by
// isa-debug-exit (status 1 when all went well). Time is the TSC, measured against channel 2 of the 8254.
// References: Multiboot 0.6.96, 3.3; Intel 8254 data sheet (mode 0); IBM PC AT technical reference, port 61h.

#include "platform.h"
#include "workload.h"

enum { DEBUG_CONSOLE = 0xe9, DEBUG_EXIT = 0xf4, PIT_CHANNEL_2 = 0x42, PIT_CONTROL = 0x43, SYSTEM_CONTROL = 0x61 };
enum { GATE_2 = 1, SPEAKER = 2, OUT_2 = 0x20 };
enum { CALIBRATIONS = 3, CALIBRATION_MS = 20, CALIBRATION_TICKS = 1193182 * CALIBRATION_MS / 1000 };

struct multiboot_information {
  u32 flags, memory_lower, memory_upper, boot_device, command_line;
};
enum { HAS_COMMAND_LINE = 1 << 2 };

static u32 cycles_per_ms;
static u64 started;

static void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static void out32(u16 port, u32 value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }

static u8 in8(u16 port) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static u64 cycles(void) {
  u32 low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (u64)high << 32 | low;
}

// Where the quotient is known to fit; the compiler would call a library for more.
static u32 divided(u64 number, u32 by) {
  u32 quotient, remainder;
  __asm__("divl %4" : "=a"(quotient), "=d"(remainder) : "a"((u32)number), "d"((u32)(number >> 32)), "r"(by) : "cc");
  return quotient;
}

// From before the count begins: a machine that stands still for a moment gives too many, never too few.
static u64 calibration_cycles(void) {
  out8(PIT_CONTROL, 0xb0); // Channel 2, low byte then high, mode 0.
  out8(PIT_CHANNEL_2, CALIBRATION_TICKS & 0xff);
  u64 before = cycles();
  out8(PIT_CHANNEL_2, CALIBRATION_TICKS >> 8);
  while (!(in8(SYSTEM_CONTROL) & OUT_2)) {}
  return cycles() - before;
}

static void calibrate(void) {
  out8(SYSTEM_CONTROL, (u8)((in8(SYSTEM_CONTROL) & ~SPEAKER) | GATE_2));
  u64 least = calibration_cycles();
  for (u32 i = 1; i < CALIBRATIONS; i++) {
    u64 again = calibration_cycles();
    if (again < least) least = again;
  }
  cycles_per_ms = divided(least, CALIBRATION_MS);
  started = cycles();
}

unsigned milliseconds(void) { return divided(cycles() - started, cycles_per_ms); }

void put(const char *text, unsigned length) {
  for (unsigned i = 0; i < length; i++) out8(DEBUG_CONSOLE, (u8)text[i]);
}

// Called by bare-start.S.
_Noreturn void bare_main(struct multiboot_information *information) {
  enum { MAX_WORDS = 16 };
  const char *words[MAX_WORDS];
  u32 count = 0;
  calibrate();
  char *at = information->flags & HAS_COMMAND_LINE ? (char *)(unsigned long)information->command_line : "";
  while (*at && *at != ' ') at++; // The name of the kernel.
  while (*at) {
    while (*at == ' ') *at++ = 0;
    if (*at && count < MAX_WORDS) words[count++] = at;
    while (*at && *at != ' ') at++;
  }
  u32 status = (u32)run_workloads(count, words);
  for (;;) out32(DEBUG_EXIT, status);
}

// The compiler may call these.
void *memcpy(void *to, const void *from, unsigned long length) {
  void *start = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
  return start;
}

void *memset(void *at, int value, unsigned long length) {
  void *start = at;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(value) : "memory");
  return start;
}
