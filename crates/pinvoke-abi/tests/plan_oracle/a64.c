/* AArch64: `x0` to `x8`, `v0` to `v7`. */
__asm__(
  ".text\n"
  "store_registers:\nadrp x9, image\nadd x9, x9, :lo12:image\n"
  "stp x0, x1, [x9]\nstp x2, x3, [x9, 16]\nstp x4, x5, [x9, 32]\nstp x6, x7, [x9, 48]\nstr x8, [x9, 64]\n"
  "stp q0, q1, [x9, 256]\nstp q2, q3, [x9, 288]\nstp q4, q5, [x9, 320]\nstp q6, q7, [x9, 352]\nret\n"
  ".globl capture\ncapture:\nstp x29, x30, [sp, -16]!\nmov x29, sp\nbl store_registers\n"
  "add x9, x9, 424\nadd x10, sp, 16\nmov x11, 1024\n"
  "1:\nldr x12, [x10], 8\nstr x12, [x9], 8\nsubs x11, x11, 8\nb.ne 1b\n"
  "adrp x9, inspect\nldr x9, [x9, :lo12:inspect]\nblr x9\nldp x29, x30, [sp], 16\nret\n"
  /* void result(function, address of memory in x8, x87 results) */
  ".globl result\nresult:\nstp x29, x30, [sp, -16]!\nmov x29, sp\nmov x8, x1\nblr x0\nbl store_registers\n"
  "ldp x29, x30, [sp], 16\nret\n");
