// The few Linux system calls that the programs make, without a C library.
// References: Linux arch/x86/entry/syscalls/syscall_{32,64}.tbl; System V ABI, AMD64 supplement, A.2.1.
#ifndef LINUX_H
#define LINUX_H

#ifdef __x86_64__
enum { READ = 0, WRITE = 1, OPEN = 2, CLOSE = 3, MAP = 9, UNMAP = 11, PIPE = 22, FORK = 57, EXECUTE = 59, EXIT = 60, WAIT = 61, GETPPID = 110, CLOCK = 228 };

static inline long linux_call6(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(number)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return number;
}

static inline long linux_call(long number, long a, long b, long c, long d) {
  return linux_call6(number, a, b, c, d, 0, 0);
}
#else
// MAP is the old call, whose six arguments are in memory.
enum { EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6, EXECUTE = 11, PIPE = 42, GETPPID = 64, MAP = 90, UNMAP = 91, WAIT = 114, CLOCK = 265 };

static inline long linux_call(long number, long a, long b, long c, long d) {
  __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
  return number;
}

static inline long linux_call6(long number, long a, long b, long c, long d, long e, long f) {
  long arguments[] = {a, b, c, d, e, f};
  return linux_call(number, (long)arguments, 0, 0, 0);
}
#endif

struct linux_time { long seconds, nanoseconds; };

static inline long linux_read(int file, void *to, unsigned long length) { return linux_call(READ, file, (long)to, (long)length, 0); }
static inline long linux_write(int file, const void *from, unsigned long length) { return linux_call(WRITE, file, (long)from, (long)length, 0); }
static inline long linux_close(int file) { return linux_call(CLOSE, file, 0, 0, 0); }
static inline long linux_pipe(int ends[2]) { return linux_call(PIPE, (long)ends, 0, 0, 0); }
static inline long linux_fork(void) { return linux_call(FORK, 0, 0, 0, 0); }
static inline long linux_wait(void) { return linux_call(WAIT, -1, 0, 0, 0); }
static inline long linux_wait_for(int *status) { return linux_call(WAIT, -1, (long)status, 0, 0); }
static inline long linux_open_to_read(const char *path) { return linux_call(OPEN, (long)path, 0, 0, 0); }
static inline long linux_execute(const char *path, const char *const *words) {
  const char *const environment[] = {0};
  return linux_call(EXECUTE, (long)path, (long)words, (long)environment, 0);
}
static inline long linux_getppid(void) { return linux_call(GETPPID, 0, 0, 0, 0); }
static inline long linux_unmap(void *at, unsigned long length) { return linux_call(UNMAP, (long)at, (long)length, 0, 0); }

static inline _Noreturn void linux_exit(int status) {
  for (;;) linux_call(EXIT, status, 0, 0, 0);
}

// Fresh memory of this process; 0 if there is none.
static inline void *linux_map(unsigned long length) {
  enum { READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22 };
  long at = linux_call6(MAP, 0, (long)length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
  return at < 0 && at > -4096 ? (void *)0 : (void *)at;
}

static inline struct linux_time linux_clock(void) {
  enum { MONOTONIC = 1 };
  struct linux_time now;
  linux_call(CLOCK, MONOTONIC, (long)&now, 0, 0);
  return now;
}

#endif
