// What the program below needs of the Linux process or bare machine it runs on.
#ifndef PLATFORM_H
#define PLATFORM_H

// Of some past moment; wraps.
unsigned milliseconds(void);
void put(const char *text, unsigned length);

// Runs the workloads that the words name; returns 0, or 1 if a word names none. Called by the platform.
int run_workloads(unsigned count, const char *const *words);

#endif
