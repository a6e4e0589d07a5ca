/* 32-bit x86: `ints` by hardware number, `st(0)` in the width asked for, the bytes that a callee removed. */
unsigned esp_before, returns_to;
__asm__(
  ".text\n.globl capture\ncapture:\n"
  "mov %eax, image+0\nmov %ecx, image+8\nmov %edx, image+16\n"
  "push %esi\npush %edi\nlea 12(%esp), %esi\nmov $image+424, %edi\nmov $256, %ecx\nrep movsl\npop %edi\npop %esi\n"
  "push %ebp\nmov %esp, %ebp\nand $-16, %esp\ncall *inspect\nmov %ebp, %esp\npop %ebp\n"
  "pop returns_to\nadd removed, %esp\njmp *returns_to\n"
  /* void result(function, address of memory on the stack and in ecx, width of an x87 result) */
  ".globl result\nresult:\npush %ebp\nmov %esp, %ebp\nand $-16, %esp\nsub $16, %esp\n"
  "mov 12(%ebp), %ecx\nmov %ecx, (%esp)\nmov %esp, esp_before\ncall *8(%ebp)\n"
  "mov %eax, image+0\nmov %edx, image+16\nsub esp_before, %esp\nmov %esp, image+416\n"
  "mov %ebp, %esp\nmov 16(%ebp), %eax\n"
  "cmp $4, %eax\njne 1f\nfstps image+384\n1:\ncmp $8, %eax\njne 1f\nfstpl image+384\n1:\n"
  "cmp $10, %eax\njne 1f\nfstpt image+384\n1:\npop %ebp\nret\n");
