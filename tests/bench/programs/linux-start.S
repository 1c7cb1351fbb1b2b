// Entry of a Linux process. Reference: System V ABI, i386 and AMD64 supplements, "Process Initialization".

  .globl _start
  .text
_start:
#ifdef __x86_64__
  mov %rsp, %rdi
  and $-16, %rsp
  call linux_main
#else
  mov %esp, %eax
  and $-16, %esp
  sub $12, %esp
  push %eax
  call linux_main
#endif

  .section .note.GNU-stack, "", @progbits
