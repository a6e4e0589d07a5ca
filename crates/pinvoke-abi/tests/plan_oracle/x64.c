/* x86-64: `ints` by hardware number, `xmm0` to `xmm7`, `st(0)` and `st(1)`. */
__asm__(
  ".text\n.globl capture\ncapture:\n"
  "mov %rax, image+0(%rip)\nmov %rcx, image+8(%rip)\nmov %rdx, image+16(%rip)\n"
  "mov %rsi, image+48(%rip)\nmov %rdi, image+56(%rip)\nmov %r8, image+64(%rip)\nmov %r9, image+72(%rip)\n"
  "movups %xmm0, image+256(%rip)\nmovups %xmm1, image+272(%rip)\nmovups %xmm2, image+288(%rip)\n"
  "movups %xmm3, image+304(%rip)\nmovups %xmm4, image+320(%rip)\nmovups %xmm5, image+336(%rip)\n"
  "movups %xmm6, image+352(%rip)\nmovups %xmm7, image+368(%rip)\n"
  /* what Microsoft x64 wants preserved, for the C code below */
  "mov %rdi, saved(%rip)\nmov %rsi, saved+8(%rip)\n"
  "movaps %xmm6, saved+16(%rip)\nmovaps %xmm7, saved+32(%rip)\nmovaps %xmm8, saved+48(%rip)\n"
  "movaps %xmm9, saved+64(%rip)\nmovaps %xmm10, saved+80(%rip)\nmovaps %xmm11, saved+96(%rip)\n"
  "movaps %xmm12, saved+112(%rip)\nmovaps %xmm13, saved+128(%rip)\nmovaps %xmm14, saved+144(%rip)\n"
  "movaps %xmm15, saved+160(%rip)\n"
  "lea 8(%rsp), %rsi\nlea image+424(%rip), %rdi\nmov $1024, %ecx\nrep movsb\n"
  "push %rbp\nmov %rsp, %rbp\nand $-16, %rsp\ncall *inspect(%rip)\nmov %rbp, %rsp\npop %rbp\n"
  "mov saved(%rip), %rdi\nmov saved+8(%rip), %rsi\n"
  "movaps saved+16(%rip), %xmm6\nmovaps saved+32(%rip), %xmm7\nmovaps saved+48(%rip), %xmm8\n"
  "movaps saved+64(%rip), %xmm9\nmovaps saved+80(%rip), %xmm10\nmovaps saved+96(%rip), %xmm11\n"
  "movaps saved+112(%rip), %xmm12\nmovaps saved+128(%rip), %xmm13\nmovaps saved+144(%rip), %xmm14\n"
  "movaps saved+160(%rip), %xmm15\nret\n"
  /* void result(function, address of memory in rdi/rcx, x87 results) */
  ".globl result\nresult:\npush %rbx\nsub $32, %rsp\nmov %edx, %ebx\nmov %rdi, %rax\n"
  "mov %rsi, %rdi\nmov %rsi, %rcx\ncall *%rax\n"
  "mov %rax, image+0(%rip)\nmov %rdx, image+16(%rip)\n"
  "movups %xmm0, image+256(%rip)\nmovups %xmm1, image+272(%rip)\n"
  "test %ebx, %ebx\njz 1f\nfstpt image+384(%rip)\ncmp $20, %ebx\njne 1f\nfstpt image+400(%rip)\n"
  "1:\nadd $32, %rsp\npop %rbx\nret\n");
