// The program as a Linux process: words from its arguments, lines to standard output.

#include "linux.h"
#include "platform.h"

unsigned milliseconds(void) {
  struct linux_time now = linux_clock();
  return (unsigned)now.seconds * 1000 + (unsigned)now.nanoseconds / 1000000;
}

void put(const char *text, unsigned length) { linux_write(1, text, length); }

// Called by linux-start.S with the stack as the kernel left it: the count of arguments, then they.
_Noreturn void linux_main(const long *stack) {
  linux_exit(run_workloads((unsigned)stack[0] - 1, (const char *const *)(stack + 2)));
}
