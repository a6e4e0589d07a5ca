/* RISC-V: `a0` to `a7`, `fa0` to `fa7`. */
__asm__(
  ".text\n"
  "store_registers:\nla t0, image\n"
  "sd a0, 0(t0)\nsd a1, 8(t0)\nsd a2, 16(t0)\nsd a3, 24(t0)\nsd a4, 32(t0)\nsd a5, 40(t0)\nsd a6, 48(t0)\n"
  "sd a7, 56(t0)\naddi t1, t0, 256\n"
  "fsd fa0, 0(t1)\nfsd fa1, 16(t1)\nfsd fa2, 32(t1)\nfsd fa3, 48(t1)\nfsd fa4, 64(t1)\nfsd fa5, 80(t1)\n"
  "fsd fa6, 96(t1)\nfsd fa7, 112(t1)\nret\n"
  ".globl capture\ncapture:\naddi sp, sp, -16\nsd ra, 8(sp)\ncall store_registers\n"
  "addi t0, t0, 424\naddi t1, sp, 16\nli t2, 1024\n"
  "1:\nld t3, 0(t1)\nsd t3, 0(t0)\naddi t0, t0, 8\naddi t1, t1, 8\naddi t2, t2, -8\nbnez t2, 1b\n"
  "ld t0, inspect\njalr t0\nld ra, 8(sp)\naddi sp, sp, 16\nret\n"
  /* void result(function, address of memory in a0, x87 results) */
  ".globl result\nresult:\naddi sp, sp, -16\nsd ra, 8(sp)\nmv t0, a0\nmv a0, a1\njalr t0\ncall store_registers\n"
  "ld ra, 8(sp)\naddi sp, sp, 16\nret\n");
