// Entry of the program as a Multiboot kernel, with no operating system below it. Assembled for amd64, it enters long
// mode with the first GiB mapped one to one by pages of 2 MiB.
// References: Multiboot 0.6.96, 3.1-3.3; Intel SDM volume 3A, 9.8.5 (long mode), 9.6 (SSE).

  .set MAGIC, 0x1badb002
  .set FLAGS, 3                   // Modules on page boundaries, memory sizes.

  .section .multiboot, "a"
  .balign 4
  .long MAGIC, FLAGS, -(MAGIC + FLAGS)

  .text
  .code32
  .globl _start
_start:
  mov $stack_end, %esp
  mov %cr0, %ecx
  and $~(1 << 2), %ecx            // EM off: there is a floating point unit.
  or $(1 << 1), %ecx              // MP on.
  mov %ecx, %cr0
  fninit
#ifdef __x86_64__
  mov %cr4, %ecx
  or $(1 << 5 | 1 << 9 | 1 << 10), %ecx   // PAE, OSFXSR, OSXMMEXCPT.
  mov %ecx, %cr4
  movl $directories + 3, root
  movl $pages + 3, directories
  mov $pages, %edi
  mov $0x83, %eax                 // Present, writable, 2 MiB.
1:
  mov %eax, (%edi)
  add $8, %edi
  add $0x200000, %eax
  cmp $pages + 4096, %edi
  jb 1b
  mov $root, %eax
  mov %eax, %cr3
  mov $0xc0000080, %ecx           // EFER
  rdmsr
  or $(1 << 8), %eax              // LME
  wrmsr
  mov %cr0, %ecx
  or $(1 << 31), %ecx
  mov %ecx, %cr0
  lgdt descriptor_table_register
  ljmp $8, $long_mode
  .code64
long_mode:
  mov $16, %eax
  mov %eax, %ss
  mov %eax, %ds
  mov %eax, %es
  mov $stack_end, %esp
  mov %ebx, %edi
  call bare_main
#else
  sub $12, %esp
  push %ebx
  call bare_main
#endif

#ifdef __x86_64__
  .section .rodata
  .balign 8
descriptor_table:
  .quad 0
  .quad 0x00af9b000000ffff        // Code, 64 bits.
  .quad 0x00cf93000000ffff        // Data.
descriptor_table_register:
  .word . - descriptor_table - 1
  .long descriptor_table
#endif

  .bss
  .balign 4096
#ifdef __x86_64__
root:
  .skip 4096
directories:
  .skip 4096
pages:
  .skip 4096
#endif
  .skip 65536
stack_end:

  .section .note.GNU-stack, "", @progbits
