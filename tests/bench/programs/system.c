// Workloads of an operating system: entries into the kernel, page faults, processes that wait for each other, new
// processes, and a compiler at work. Linux only.

#include "linux.h"
#include "workload.h"

// A round enters and leaves the kernel 10000 times.
u32 system_call(u32 rounds) {
  u32 sum = 0;
  for (u32 i = 0; i < rounds * 10000; i++) sum |= (u32)linux_getppid();
  return sum != 0;
}

// A round sends a byte to another process and back 1000 times.
u32 context_switch(u32 rounds) {
  int there[2], back[2];
  u32 sum = 0;
  u8 byte = 0;
  if (linux_pipe(there) < 0 || linux_pipe(back) < 0) return 0;
  if (linux_fork() == 0) {
    linux_close(there[1]);
    while (linux_read(there[0], &byte, 1) == 1) {
      byte++;
      linux_write(back[1], &byte, 1);
    }
    linux_exit(0);
  }
  for (u32 i = 0; i < rounds * 1000; i++) {
    if (linux_write(there[1], &byte, 1) != 1 || linux_read(back[0], &byte, 1) != 1) return 0;
    sum = mix(sum, byte);
  }
  linux_close(there[1]);
  linux_wait();
  return sum;
}

// A round maps, touches and unmaps 1024 pages.
u32 page_fault(u32 rounds) {
  enum { PAGE = 4096, PAGES = 1024 };
  u32 sum = 0;
  for (u32 round = 0; round < rounds; round++) {
    volatile u8 *pages = linux_map(PAGES * PAGE);
    if (!pages) return 0;
    for (u32 i = 0; i < PAGES; i++) pages[i * PAGE] += (u8)i;
    for (u32 i = 0; i < PAGES; i++) sum = mix(sum, pages[i * PAGE]);
    linux_unmap((void *)pages, PAGES * PAGE);
  }
  return sum;
}

// A round makes and buries 10 processes.
u32 fork_child(u32 rounds) {
  u32 ended = 0;
  for (u32 i = 0; i < rounds * 10; i++) {
    long child = linux_fork();
    if (child == 0) linux_exit(0);
    if (child < 0 || linux_wait() != child) return 0;
    ended++;
  }
  return ended;
}

// A round compiles compile-job.c, with what compile-job.mjs has put into the present folder.
u32 compile(u32 rounds) {
  static const char *const words[] = {"./ld.so", "--library-path", ".", "./tcc", "-nostdinc", "-Iinclude", "-c", "compile-job.c", "-o", "out.o", 0};
  static u8 bytes[65536];
  u32 sum = 0;
  for (u32 round = 0; round < rounds; round++) {
    int status = 0;
    long child = linux_fork();
    if (child == 0) {
      linux_execute(words[0], words);
      linux_exit(127);
    }
    if (child < 0 || linux_wait_for(&status) != child || status != 0) return 0;
    long file = linux_open_to_read("out.o");
    if (file < 0) return 0;
    for (long count; (count = linux_read((int)file, bytes, sizeof bytes)) > 0;)
      for (long i = 0; i < count; i++) sum = mix(sum, bytes[i]);
    linux_close((int)file);
  }
  return sum;
}
