// Runs workloads by name. A word is NAME=ROUNDS, or NAME for one round, two, four and so on until a run that is not
// the first, which warms up, takes long enough to be measured. Prints "BENCH name rounds checksum milliseconds" for each run.

#include "platform.h"
#include "workload.h"

const struct workload workloads[] = {
  {"sha256", sha256}, {"sieve", sieve}, {"crc32", crc32},   {"sort", sort},             {"bytecode", bytecode},
  {"copy", copy},     {"walk", walk},   {"matrix", matrix}, {"mandelbrot", mandelbrot},
#ifdef LINUX
  {"syscall", system_call}, {"switch", context_switch}, {"fault", page_fault}, {"fork", fork_child}, {"compile", compile},
#endif
};
const u32 workload_count = sizeof workloads / sizeof workloads[0];

static void put_text(const char *text) {
  u32 length = 0;
  while (text[length]) length++;
  put(text, length);
}

static void put_number(u32 number, u32 base) {
  char digits[10];
  u32 at = sizeof digits;
  do digits[--at] = "0123456789abcdef"[number % base];
  while (number /= base);
  put(digits + at, sizeof digits - at);
}

// Of a measured run, at least.
enum { LONG_ENOUGH_MS = 500 };
// What a word without a number asks for.
enum { UNTIL_LONG_ENOUGH = 0xffffffff };

// The rounds that a word asks for if it names this workload, else 0.
static u32 rounds_of(const struct workload *workload, const char *word) {
  const char *name = workload->name;
  while (*name && *name == *word) name++, word++;
  if (*name) return 0;
  if (!*word) return UNTIL_LONG_ENOUGH;
  if (*word++ != '=') return 0;
  u32 rounds = 0;
  for (; *word >= '0' && *word <= '9'; word++) rounds = rounds * 10 + (u32)(*word - '0');
  return *word ? 0 : rounds;
}

// Returns the milliseconds it took.
static u32 run(const struct workload *workload, u32 rounds) {
  u32 before = milliseconds();
  u32 checksum = workload->run(rounds);
  u32 spent = milliseconds() - before;
  put_text("BENCH ");
  put_text(workload->name);
  put_text(" ");
  put_number(rounds, 10);
  put_text(" ");
  put_number(checksum, 16);
  put_text(" ");
  put_number(spent, 10);
  put_text("\n");
  return spent;
}

static void measure(const struct workload *workload) {
  run(workload, 1);
  for (u32 rounds = 2; run(workload, rounds) < LONG_ENOUGH_MS; rounds *= 2) {}
}

int run_workloads(u32 count, const char *const *words) {
  int status = 0;
  for (u32 i = 0; i < count; i++) {
    u32 rounds = 0;
    for (u32 j = 0; j < workload_count && !rounds; j++) {
      rounds = rounds_of(&workloads[j], words[i]);
      if (rounds == UNTIL_LONG_ENOUGH) measure(&workloads[j]);
      else if (rounds) run(&workloads[j], rounds);
    }
    if (!rounds) {
      put_text("BENCH-UNKNOWN ");
      put_text(words[i]);
      put_text("\n");
      status = 1;
    }
  }
  return status;
}
