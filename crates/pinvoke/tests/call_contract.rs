//! What a call must leave as it was, and what it must not depend on: callee-saved registers, the x87
//! stack, the mode of floating point, `al` of variadic calls, `errno`, other threads.
#![cfg(any(target_os = "linux", windows))]
#![allow(unsafe_code, reason = "calls native code")]

mod support;

use std::sync::Barrier;
use std::thread;

use pinvoke::call::{CallError, PreparedCall, Tier, stub_stats};
use pinvoke::last_error::LastError;
use pinvoke::native::CodePtr;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;

use support::{Block, CLibrary};

fn prepare(notation: &str, tier: Tier) -> PreparedCall {
    let signature: Signature = notation.parse().unwrap_or_else(|e| panic!("{notation}: {e}"));
    PreparedCall::with_tier(&signature, tier).unwrap_or_else(|e| panic!("{notation}: {e}"))
}

/// Calls with these bytes per argument.
fn call(call: &PreparedCall, target: CodePtr, args: &[&[u8]]) -> Vec<u8> {
    let record = Block::new(call.record_size(), call.record_align(), 0xA5);
    let ret = Block::new(call.ret_size().next_multiple_of(16), call.ret_align(), 0x5A);
    for (i, arg) in args.iter().enumerate() {
        record.write(call.arg_offset(i), arg);
    }
    // SAFETY: the tests pass functions of the call's signature.
    unsafe { call.invoke(target, record.at(), ret.at()) };
    ret.read(0, call.ret_size())
}

/// Calls through `invoke` with marks in all callee-saved registers, and reports what became of them.
///
/// `invoke` is a function of the system's convention: two pointers are enough to find everything.
#[cfg(all(target_arch = "x86_64", not(windows)))]
const REGISTERS: &str = r#"
    .globl keeps_registers
# int keeps_registers(void (*f)(void *), void *context): 0 if all callee-saved registers survive f.
keeps_registers:
    push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15
    sub $8, %rsp
    mov %rdi, %rax
    mov %rsi, %rdi
    mov $0x1111111111111111, %rbx; mov $0x2222222222222222, %rbp; mov $0x3333333333333333, %r12
    mov $0x4444444444444444, %r13; mov $0x5555555555555555, %r14; mov $0x6666666666666666, %r15
    call *%rax
    xor %eax, %eax
    mov $0x1111111111111111, %rcx; cmp %rcx, %rbx; jne 1f
    mov $0x2222222222222222, %rcx; cmp %rcx, %rbp; jne 1f
    mov $0x3333333333333333, %rcx; cmp %rcx, %r12; jne 1f
    mov $0x4444444444444444, %rcx; cmp %rcx, %r13; jne 1f
    mov $0x5555555555555555, %rcx; cmp %rcx, %r14; jne 1f
    mov $0x6666666666666666, %rcx; cmp %rcx, %r15; jne 1f
    jmp 2f
1:  mov $1, %eax
2:  add $8, %rsp
    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp
    ret
# Destroys every register that a System V callee may destroy.
    .globl clobbers
clobbers:
    mov $-1, %rax; mov %rax, %rcx; mov %rax, %rdx; mov %rax, %rsi; mov %rax, %rdi
    mov %rax, %r8; mov %rax, %r9; mov %rax, %r10; mov %rax, %r11
    pcmpeqd %xmm0, %xmm0; movaps %xmm0, %xmm1; movaps %xmm0, %xmm2; movaps %xmm0, %xmm3
    movaps %xmm0, %xmm4; movaps %xmm0, %xmm5; movaps %xmm0, %xmm6; movaps %xmm0, %xmm7
    movaps %xmm0, %xmm8; movaps %xmm0, %xmm9; movaps %xmm0, %xmm10; movaps %xmm0, %xmm11
    movaps %xmm0, %xmm12; movaps %xmm0, %xmm13; movaps %xmm0, %xmm14; movaps %xmm0, %xmm15
    ret
"#;

/// The same for Windows, where more registers survive: rdi, rsi and all of xmm6 to xmm15.
#[cfg(all(target_arch = "x86_64", windows))]
const REGISTERS: &str = r#"
    .globl keeps_registers
keeps_registers:
    push %rbp; push %rbx; push %rdi; push %rsi; push %r12; push %r13; push %r14; push %r15
    sub $200, %rsp
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movups %xmm\n, 16 * \n - 64(%rsp)
    .endr
    mov %rcx, %rax
    mov %rdx, %rcx
    mov $0x1111111111111111, %rbx; mov $0x2222222222222222, %rbp; mov $0x3333333333333333, %r12
    mov $0x4444444444444444, %r13; mov $0x5555555555555555, %r14; mov $0x6666666666666666, %r15
    mov $0x7777777777777777, %rdi; mov $0x8888888888888888, %rsi
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    lea \n(%rdi), %rdx; movq %rdx, %xmm\n; punpcklqdq %xmm\n, %xmm\n
    .endr
    call *%rax
    xor %eax, %eax
    mov $0x1111111111111111, %rcx; cmp %rcx, %rbx; jne 1f
    mov $0x2222222222222222, %rcx; cmp %rcx, %rbp; jne 1f
    mov $0x3333333333333333, %rcx; cmp %rcx, %r12; jne 1f
    mov $0x4444444444444444, %rcx; cmp %rcx, %r13; jne 1f
    mov $0x5555555555555555, %rcx; cmp %rcx, %r14; jne 1f
    mov $0x6666666666666666, %rcx; cmp %rcx, %r15; jne 1f
    mov $0x7777777777777777, %rcx; cmp %rcx, %rdi; jne 1f
    mov $0x8888888888888888, %rcx; cmp %rcx, %rsi; jne 1f
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    lea \n(%rdi), %rdx; movq %xmm\n, %rcx; cmp %rcx, %rdx; jne 1f
    punpckhqdq %xmm\n, %xmm\n; movq %xmm\n, %rcx; cmp %rcx, %rdx; jne 1f
    .endr
    jmp 2f
1:  mov $1, %eax
2:
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movups 16 * \n - 64(%rsp), %xmm\n
    .endr
    add $200, %rsp
    pop %r15; pop %r14; pop %r13; pop %r12; pop %rsi; pop %rdi; pop %rbx; pop %rbp
    ret
# Destroys every register that a callee may destroy there.
    .globl clobbers
clobbers:
    mov $-1, %rax; mov %rax, %rcx; mov %rax, %rdx
    mov %rax, %r8; mov %rax, %r9; mov %rax, %r10; mov %rax, %r11
    pcmpeqd %xmm0, %xmm0; movaps %xmm0, %xmm1; movaps %xmm0, %xmm2; movaps %xmm0, %xmm3
    movaps %xmm0, %xmm4; movaps %xmm0, %xmm5
    ret
"#;

/// The same for 32-bit x86.
#[cfg(target_arch = "x86")]
const REGISTERS: &str = r#"
    .globl keeps_registers
keeps_registers:
    push %ebp; push %ebx; push %esi; push %edi
    sub $12, %esp
    mov 32(%esp), %eax
    mov 36(%esp), %ecx
    mov %ecx, (%esp)
    mov $0x11111111, %ebx; mov $0x22222222, %ebp; mov $0x33333333, %esi; mov $0x44444444, %edi
    call *%eax
    xor %eax, %eax
    cmp $0x11111111, %ebx; jne 1f
    cmp $0x22222222, %ebp; jne 1f
    cmp $0x33333333, %esi; jne 1f
    cmp $0x44444444, %edi; jne 1f
    jmp 2f
1:  mov $1, %eax
2:  add $12, %esp
    pop %edi; pop %esi; pop %ebx; pop %ebp
    ret
# Destroys every register that a callee may destroy, but for the x87 stack, on which the result may be.
    .globl clobbers
clobbers:
    mov $-1, %eax; mov %eax, %ecx; mov %eax, %edx
    ret
# The same with a number as its result.
    .globl clobbers_x87
clobbers_x87:
    mov $-1, %eax; mov %eax, %ecx; mov %eax, %edx
    fld1
    ret
"#;

/// The same for AArch64: x19 to x28, the frame pointer, and the lower halves of v8 to v15.
#[cfg(target_arch = "aarch64")]
const REGISTERS: &str = r#"
    .globl keeps_registers
keeps_registers:
    stp x29, x30, [sp, #-176]!
    stp x19, x20, [sp, #16]; stp x21, x22, [sp, #32]; stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]; stp x27, x28, [sp, #80]
    stp d8, d9, [sp, #96]; stp d10, d11, [sp, #112]; stp d12, d13, [sp, #128]; stp d14, d15, [sp, #144]
    mov x9, x0
    mov x0, x1
    mov x19, #19; mov x20, #20; mov x21, #21; mov x22, #22; mov x23, #23; mov x24, #24
    mov x25, #25; mov x26, #26; mov x27, #27; mov x28, #28; mov x29, #29
    fmov d8, x19; fmov d9, x20; fmov d10, x21; fmov d11, x22
    fmov d12, x23; fmov d13, x24; fmov d14, x25; fmov d15, x26
    blr x9
    mov x0, #0
    cmp x19, #19; bne 1f; cmp x20, #20; bne 1f; cmp x21, #21; bne 1f; cmp x22, #22; bne 1f
    cmp x23, #23; bne 1f; cmp x24, #24; bne 1f; cmp x25, #25; bne 1f; cmp x26, #26; bne 1f
    cmp x27, #27; bne 1f; cmp x28, #28; bne 1f; cmp x29, #29; bne 1f
    fmov x1, d8; cmp x1, #19; bne 1f; fmov x1, d9; cmp x1, #20; bne 1f
    fmov x1, d10; cmp x1, #21; bne 1f; fmov x1, d11; cmp x1, #22; bne 1f
    fmov x1, d12; cmp x1, #23; bne 1f; fmov x1, d13; cmp x1, #24; bne 1f
    fmov x1, d14; cmp x1, #25; bne 1f; fmov x1, d15; cmp x1, #26; bne 1f
    b 2f
1:  mov x0, #1
2:  ldp d14, d15, [sp, #144]; ldp d12, d13, [sp, #128]; ldp d10, d11, [sp, #112]; ldp d8, d9, [sp, #96]
    ldp x27, x28, [sp, #80]; ldp x25, x26, [sp, #64]
    ldp x23, x24, [sp, #48]; ldp x21, x22, [sp, #32]; ldp x19, x20, [sp, #16]
    ldp x29, x30, [sp], #176
    ret
// Destroys every register that a callee may destroy.
    .globl clobbers
clobbers:
    mov x0, #-1; mov x1, x0; mov x2, x0; mov x3, x0; mov x4, x0; mov x5, x0; mov x6, x0; mov x7, x0
    mov x8, x0; mov x9, x0; mov x10, x0; mov x11, x0; mov x12, x0; mov x13, x0; mov x14, x0; mov x15, x0
    mov x16, x0; mov x17, x0
    movi v0.2d, #-1; movi v1.2d, #-1; movi v2.2d, #-1; movi v3.2d, #-1; movi v4.2d, #-1; movi v5.2d, #-1
    movi v6.2d, #-1; movi v7.2d, #-1; movi v16.2d, #-1; movi v17.2d, #-1; movi v18.2d, #-1
    movi v19.2d, #-1; movi v20.2d, #-1; movi v21.2d, #-1; movi v22.2d, #-1; movi v23.2d, #-1
    movi v24.2d, #-1; movi v25.2d, #-1; movi v26.2d, #-1; movi v27.2d, #-1; movi v28.2d, #-1
    movi v29.2d, #-1; movi v30.2d, #-1; movi v31.2d, #-1
    ret
"#;

/// The same for RISC-V: s0 to s11 and fs0 to fs11.
#[cfg(target_arch = "riscv64")]
const REGISTERS: &str = r#"
    .globl keeps_registers
keeps_registers:
    addi sp, sp, -208
    sd ra, 0(sp)
    sd s0, 8(sp); sd s1, 16(sp); sd s2, 24(sp); sd s3, 32(sp)
    sd s4, 40(sp); sd s5, 48(sp); sd s6, 56(sp); sd s7, 64(sp)
    sd s8, 72(sp); sd s9, 80(sp); sd s10, 88(sp); sd s11, 96(sp)
    fsd fs0, 104(sp); fsd fs1, 112(sp); fsd fs2, 120(sp); fsd fs3, 128(sp)
    fsd fs4, 136(sp); fsd fs5, 144(sp); fsd fs6, 152(sp); fsd fs7, 160(sp)
    fsd fs8, 168(sp); fsd fs9, 176(sp); fsd fs10, 184(sp); fsd fs11, 192(sp)
    mv t0, a0
    mv a0, a1
    li s0, 20; li s1, 21; li s2, 22; li s3, 23
    li s4, 24; li s5, 25; li s6, 26; li s7, 27
    li s8, 28; li s9, 29; li s10, 30; li s11, 31
    fmv.d.x fs0, s0; fmv.d.x fs1, s1; fmv.d.x fs2, s2; fmv.d.x fs3, s3
    fmv.d.x fs4, s4; fmv.d.x fs5, s5; fmv.d.x fs6, s6; fmv.d.x fs7, s7
    fmv.d.x fs8, s8; fmv.d.x fs9, s9; fmv.d.x fs10, s10; fmv.d.x fs11, s11
    jalr t0
    li a0, 0
    li t0, 20; bne s0, t0, 1f; fmv.x.d t1, fs0; bne t1, t0, 1f; li t0, 21; bne s1, t0, 1f; fmv.x.d t1, fs1; bne t1, t0, 1f
    li t0, 22; bne s2, t0, 1f; fmv.x.d t1, fs2; bne t1, t0, 1f; li t0, 23; bne s3, t0, 1f; fmv.x.d t1, fs3; bne t1, t0, 1f
    li t0, 24; bne s4, t0, 1f; fmv.x.d t1, fs4; bne t1, t0, 1f; li t0, 25; bne s5, t0, 1f; fmv.x.d t1, fs5; bne t1, t0, 1f
    li t0, 26; bne s6, t0, 1f; fmv.x.d t1, fs6; bne t1, t0, 1f; li t0, 27; bne s7, t0, 1f; fmv.x.d t1, fs7; bne t1, t0, 1f
    li t0, 28; bne s8, t0, 1f; fmv.x.d t1, fs8; bne t1, t0, 1f; li t0, 29; bne s9, t0, 1f; fmv.x.d t1, fs9; bne t1, t0, 1f
    li t0, 30; bne s10, t0, 1f; fmv.x.d t1, fs10; bne t1, t0, 1f; li t0, 31; bne s11, t0, 1f; fmv.x.d t1, fs11; bne t1, t0, 1f
    j 2f
1:  li a0, 1
2:
    ld s0, 8(sp); ld s1, 16(sp); ld s2, 24(sp); ld s3, 32(sp)
    ld s4, 40(sp); ld s5, 48(sp); ld s6, 56(sp); ld s7, 64(sp)
    ld s8, 72(sp); ld s9, 80(sp); ld s10, 88(sp); ld s11, 96(sp)
    fld fs0, 104(sp); fld fs1, 112(sp); fld fs2, 120(sp); fld fs3, 128(sp)
    fld fs4, 136(sp); fld fs5, 144(sp); fld fs6, 152(sp); fld fs7, 160(sp)
    fld fs8, 168(sp); fld fs9, 176(sp); fld fs10, 184(sp); fld fs11, 192(sp)
    ld ra, 0(sp)
    addi sp, sp, 208
    ret
# Destroys every register that a callee may destroy.
    .globl clobbers
clobbers:
    li a0, -1; mv a1, a0; mv a2, a0; mv a3, a0; mv a4, a0; mv a5, a0; mv a6, a0; mv a7, a0
    mv t0, a0; mv t1, a0; mv t2, a0; mv t3, a0; mv t4, a0; mv t5, a0; mv t6, a0
    fmv.d.x fa0, a0; fmv.d.x fa1, a0; fmv.d.x fa2, a0; fmv.d.x fa3, a0
    fmv.d.x fa4, a0; fmv.d.x fa5, a0; fmv.d.x fa6, a0; fmv.d.x fa7, a0
    fmv.d.x ft0, a0; fmv.d.x ft1, a0; fmv.d.x ft2, a0; fmv.d.x ft3, a0
    fmv.d.x ft4, a0; fmv.d.x ft5, a0; fmv.d.x ft6, a0; fmv.d.x ft7, a0
    fmv.d.x ft8, a0; fmv.d.x ft9, a0; fmv.d.x ft10, a0; fmv.d.x ft11, a0
    ret
"#;

/// `long double` of this machine, `_Complex long double`, and the bytes of one.
const LONG_DOUBLE: (&str, &str, usize) = if cfg!(target_arch = "x86_64") {
    ("f80", "c80", 16)
} else if cfg!(target_arch = "x86") {
    ("f80", "c80", 12)
} else {
    ("f128", "c128", 16)
};

/// `size_t`.
const SIZE: &str = if cfg!(target_pointer_width = "64") { "u64" } else { "u32" };

#[test]
fn callee_saved_registers_survive() {
    struct Context {
        call: PreparedCall,
        target: CodePtr,
        record: Block,
        ret: Block,
    }
    unsafe extern "C" fn run(context: *const Context) {
        // SAFETY: handed through from below.
        let c = unsafe { &*context };
        // SAFETY: `clobbers` takes and returns anything.
        unsafe { c.call.invoke(c.target, c.record.at(), c.ret.at()) };
    }
    type Keeps = unsafe extern "C" fn(unsafe extern "C" fn(*const Context), *const Context) -> i32;
    // There C puts an underscore before its names, and the assembler does not.
    let assembly = if cfg!(all(windows, target_arch = "x86")) {
        REGISTERS.replace("keeps_", "_keeps_").replace("clobbers", "_clobbers")
    } else {
        REGISTERS.to_owned()
    };
    let text = format!("__asm__({assembly:?});");
    let library = CLibrary::compile("registers", &text, &[]);
    // SAFETY: the assembly above.
    let keeps =
        unsafe { std::mem::transmute::<*const libc::c_void, Keeps>(library.address("keeps_registers")) };
    for notation in [
        "cdecl()",
        "cdecl(i32,f64)->i32",
        // On 32-bit x86 the callee would have to know the place of the result.
        #[cfg(not(target_arch = "x86"))]
        "cdecl(i64,i64,i64,i64,i64,i64,i64,i64)->{i64,f64}",
        "cdecl({[i8;300]},i32)->f64",
        "cdecl({[i8;9000]})->i64",
        #[cfg(not(target_arch = "x86"))]
        "cdecl({i64 align(64)})->i64",
    ] {
        for &tier in support::tiers() {
            let call = prepare(notation, tier);
            let record = Block::new(call.record_size(), call.record_align(), 0xA5);
            let ret = Block::new(16, 16, 0x5A);
            // A callee that leaves nothing on the x87 stack has not returned a number.
            let on_x87 = cfg!(target_arch = "x86") && notation.ends_with("->f64");
            let target = library.code(if on_x87 { "clobbers_x87" } else { "clobbers" });
            let context = Context { call, target, record, ret };
            // SAFETY: `run` takes this context.
            assert_eq!(unsafe { keeps(run, &raw const context) }, 0, "{notation} {tier:?}");
        }
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
#[test]
fn the_x87_stack_stays_balanced() {
    // A value left in st(i) makes the ninth load overflow and yield a NaN.
    let library = CLibrary::compile(
        "x87",
        "long double half(long double x) { return x / 2; }
         _Complex long double turn(_Complex long double z) { return z * 1.0iL; }
         unsigned depth(void) { unsigned short env[14]; __asm__(\"fnstenv %0; fldenv %0\" : \"+m\"(env)); return env[4]; }",
        &["-O1"],
    );
    // 3.0L and 1.5L in the x87 format.
    let three = [0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0x40];
    let one_and_a_half = [0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0x3F];
    let size = LONG_DOUBLE.2;
    let mut complex = vec![0_u8; 2 * size];
    complex[..10].copy_from_slice(&three);
    complex[size..size + 10].copy_from_slice(&one_and_a_half);
    for &tier in support::tiers() {
        let (half, turn, depth) = (
            prepare("cdecl(f80)->f80", tier),
            prepare("cdecl(c80)->c80", tier),
            prepare("cdecl()->u32", tier),
        );
        for _ in 0..20 {
            assert_eq!(call(&half, library.code("half"), &[&three])[..10], one_and_a_half);
            let turned = call(&turn, library.code("turn"), &[&complex]);
            // (3 + 1.5i) · i = -1.5 + 3i
            let mut minus = one_and_a_half;
            minus[9] |= 0x80;
            assert_eq!((&turned[..10], &turned[size..size + 10]), (&minus[..], &three[..]));
        }
        // All eight tags say "empty".
        assert_eq!(call(&depth, library.code("depth"), &[]), [0xFF, 0xFF, 0, 0]);
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
#[test]
fn the_floating_point_mode_is_handed_through() {
    let text = "unsigned mxcsr(void) { return __builtin_ia32_stmxcsr(); }";
    let library = CLibrary::compile("mxcsr", text, &["-O1", "-msse"]);
    let mut own = 0_u32;
    // SAFETY: stores MXCSR and changes nothing.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut own, options(nostack)) };
    for &tier in support::tiers() {
        let seen = call(&prepare("cdecl()->u32", tier), library.code("mxcsr"), &[]);
        assert_eq!(seen, own.to_le_bytes(), "{tier:?}");
    }
}

#[cfg(target_arch = "aarch64")]
#[test]
fn the_floating_point_mode_is_handed_through() {
    let text = "unsigned long fpcr(void) { unsigned long mode; __asm__(\"mrs %0, fpcr\" : \"=r\"(mode)); return mode; }";
    let library = CLibrary::compile("fpcr", text, &["-O1"]);
    let own: u64;
    // SAFETY: reads FPCR.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) own, options(nostack, nomem)) };
    for mode in [own, own | 3 << 22] {
        // Rounding towards zero: what the system begins with has no bit set.
        // SAFETY: a mode of rounding, which is put back below.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) mode, options(nostack, nomem)) };
        for &tier in support::tiers() {
            let seen = call(&prepare("cdecl()->u64", tier), library.code("fpcr"), &[]);
            assert_eq!(seen, mode.to_le_bytes(), "{tier:?}");
        }
    }
    // SAFETY: as it was.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) own, options(nostack, nomem)) };
}

#[cfg(target_arch = "riscv64")]
#[test]
fn the_floating_point_mode_is_handed_through() {
    let text =
        "unsigned long fcsr(void) { unsigned long mode; __asm__(\"frcsr %0\" : \"=r\"(mode)); return mode; }";
    let library = CLibrary::compile("fcsr", text, &["-O1"]);
    let own: u64;
    // SAFETY: reads FCSR.
    unsafe { std::arch::asm!("frcsr {}", out(reg) own, options(nostack, nomem)) };
    // Rounding towards zero: what the system begins with has no bit set.
    for mode in [own, own | 1 << 5] {
        // SAFETY: a mode of rounding, which is put back below.
        unsafe { std::arch::asm!("fscsr {}", in(reg) mode, options(nostack, nomem)) };
        for &tier in support::tiers() {
            let seen = call(&prepare("cdecl()->u64", tier), library.code("fcsr"), &[]);
            assert_eq!(seen, mode.to_le_bytes(), "{tier:?}");
        }
    }
    // SAFETY: as it was.
    unsafe { std::arch::asm!("fscsr {}", in(reg) own, options(nostack, nomem)) };
}

#[test]
fn variadic_functions_are_told_the_number_of_vector_registers() {
    let target = CodePtr::new(libc::snprintf as *const _).unwrap();
    for &tier in support::tiers() {
        let prepared = prepare(
            &format!("cdecl(ptr,{SIZE},ptr,...,f64,i32,f64,ptr,f64,f64,f64,f64,f64,f64,f64,i64)->i32"),
            tier,
        );
        assert_eq!(
            prepared.plan().vector_regs(),
            cfg!(all(target_arch = "x86_64", not(windows))).then_some(8)
        );
        let text = Block::new(200, 16, 0);
        let format = c"%.2f %d %g %s %g %g %g %g %g %g %g %lld";
        let doubles: Vec<[u8; 8]> = (1..=9).map(|i| (f64::from(i) * 1.5).to_le_bytes()).collect();
        let length = call(
            &prepared,
            target,
            &[
                &text.at().addr().to_le_bytes(),
                &200_usize.to_le_bytes(),
                &format.as_ptr().addr().to_le_bytes(),
                &doubles[0],
                &(-7_i32).to_le_bytes(),
                &doubles[1],
                &c"text".as_ptr().addr().to_le_bytes(),
                &doubles[2],
                &doubles[3],
                &doubles[4],
                &doubles[5],
                &doubles[6],
                &doubles[7],
                &doubles[8],
                &(1_i64 << 40).to_le_bytes(),
            ],
        );
        let expected = "1.50 -7 3 text 4.5 6 7.5 9 10.5 12 13.5 1099511627776";
        assert_eq!(text.read(0, expected.len()), expected.as_bytes(), "{tier:?}");
        assert_eq!(length, i32::try_from(expected.len()).unwrap().to_le_bytes());
    }
}

#[test]
fn errno_is_cleared_before_and_read_right_after() {
    let library = CLibrary::compile(
        "errno",
        "#ifdef _WIN32
         #include <windows.h>
         int before; void report(int e) { before = GetLastError(); if (e) SetLastError(e); }
         #else
         #include <errno.h>
         int before; void report(int e) { before = errno; if (e) errno = e; }
         #endif",
        &["-O1"],
    );
    let (target, before) = (library.code("report"), library.address("before").cast::<i32>());
    for &tier in support::tiers() {
        for reported in [libc::ENOENT, 0] {
            LastError(libc::EINTR).set_current();
            // Preparing, in whatever tier, leaves errno to the call.
            let call = prepare("cdecl(i32)", tier);
            let record = Block::new(call.record_size(), 16, 0);
            record.write(0, &reported.to_le_bytes());
            // SAFETY: `report` takes an int; there is no result.
            let captured = unsafe { call.invoke_capturing(target, record.at(), std::ptr::null_mut()) };
            assert_eq!(captured, LastError(reported), "{tier:?}");
            // SAFETY: a number of the library.
            assert_eq!(unsafe { *before }, 0, "{tier:?}: errno was not cleared");
        }
    }
}

#[test]
fn a_plain_call_leaves_errno_alone() {
    let nothing = CLibrary::compile("errno_alone", "void nothing(void) {}", &["-O1"]);
    for &tier in support::tiers() {
        let call = prepare("cdecl()", tier);
        LastError(libc::EINTR).set_current();
        let (record, ret) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: takes and returns nothing.
        unsafe { call.invoke(nothing.code("nothing"), record, ret) };
        assert_eq!(LastError::current(), LastError(libc::EINTR), "{tier:?}");
    }
}

#[test]
fn calls_may_be_shared_and_prepared_by_many_threads_at_once() {
    let library = CLibrary::compile(
        "threads",
        "#define LONG long long
         LONG weigh(int a, LONG b, int c, LONG d, int e, LONG f, int g, LONG h)
         { return a + 2*b + 3*c + 4*d + 5*e + 6*f + 7*g + 8*h; }",
        &["-O1"],
    );
    let target = library.code("weigh");
    let shared = prepare("cdecl(i32,i64,i32,i64,i32,i64,i32,i64)->i64", support::fastest());
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for thread in 0..16_u32 {
            let (shared, start) = (&shared, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..400_u32 {
                    // Every width pattern of eight arguments is a shape of its own; all threads race for
                    // the same ones.
                    let pattern = (round + thread) % 256;
                    let notation: Vec<&str> =
                        (0..8).map(|i| if pattern >> i & 1 == 1 { "i64" } else { "u8" }).collect();
                    let own = prepare(&format!("cdecl({})->i64", notation.join(",")), support::fastest());
                    // On 32-bit x86 the callee would look elsewhere for arguments of other widths.
                    let own = if cfg!(target_arch = "x86") { shared } else { &own };
                    for (call, wide) in [(own, pattern), (shared, 0b1010_1010)] {
                        let values: Vec<[u8; 8]> =
                            (0..8_u64).map(|i| ((i + u64::from(thread)) % 100).to_le_bytes()).collect();
                        let widths = (0..8).map(|i| if wide >> i & 1 == 1 { 8 } else { 1 });
                        let mut args: Vec<&[u8]> = values.iter().zip(widths).map(|(v, w)| &v[..w]).collect();
                        if std::ptr::eq(call, shared) {
                            args = values.iter().enumerate().map(|(i, v)| &v[..4 + i % 2 * 4]).collect();
                        }
                        let expected: u64 = (0..8).map(|i| (i + 1) * ((i + u64::from(thread)) % 100)).sum();
                        let got = self::call(call, target, &args);
                        assert_eq!(got, expected.to_le_bytes(), "{notation:?}");
                    }
                }
            });
        }
    });
    let stats = stub_stats();
    if support::fastest() == Tier::Thunk {
        assert_eq!((stats.stubs, stats.mapped_bytes), (0, 0));
        return;
    }
    assert!(stats.stubs >= 256 && stats.code_bytes <= stats.mapped_bytes, "{stats:?}");
}

#[test]
fn a_panic_passes_both_tiers() {
    extern "C-unwind" fn panics(value: i64) -> i64 {
        std::panic::resume_unwind(Box::new(value))
    }
    // Restored while unwinding, so a wrong frame pointer or stack pointer would be noticed.
    struct Marker<'a>(&'a std::cell::Cell<u64>, u64);
    impl Drop for Marker<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() ^ self.1);
        }
    }
    // With and without stack words, with each kind of registers, with a result that is stored, and with
    // frames of a page, of unknown size, and both.
    for notation in [
        "cdecl(i64)->i64",
        "cdecl(i64,f64)->i64",
        "cdecl(i64,{[i8;24]})->i64",
        "cdecl(i64,{[i8;100]})->LONG",
        "cdecl(i64)->LONG",
        // On RISC-V and Windows the callee's first argument would be the place of the result, too.
        #[cfg(not(any(target_arch = "x86", target_arch = "riscv64", windows)))]
        "cdecl(i64)->COMPLEX",
        "cdecl(i64,f64,{[i8;9000]})->LONG",
        #[cfg(not(target_arch = "x86"))]
        "cdecl(i64,{[i8;32] align(32)})->i64",
        #[cfg(not(target_arch = "x86"))]
        "cdecl(i64,{[i8;8192] align(64)})->LONG",
        "cdecl(i64,i64,i64,i64,i64,i64,i64,i64,i64)",
    ] {
        // So it would be for a long double on 64-bit Windows.
        let long = if cfg!(all(windows, target_arch = "x86_64")) { "f64" } else { LONG_DOUBLE.0 };
        let notation = &notation.replace("LONG", long).replace("COMPLEX", LONG_DOUBLE.1);
        for &tier in support::tiers() {
            let prepared = prepare(notation, tier);
            assert!(prepared.can_unwind(), "{notation} {tier:?}");
            let record = Block::new(prepared.record_size(), prepared.record_align(), 0);
            let ret = Block::new(32, 16, 0);
            record.write(0, &42_i64.to_le_bytes());
            let target = CodePtr::new(panics as *const _).unwrap();
            let passed = std::cell::Cell::new(0);
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _marker = Marker(&passed, 0x5555);
                // SAFETY: `panics` looks at its first argument only; the call can unwind.
                unsafe { prepared.invoke(target, record.at(), ret.at()) };
            }));
            assert_eq!(caught.unwrap_err().downcast_ref::<i64>(), Some(&42), "{notation} {tier:?}");
            assert_eq!(passed.get(), 0x5555, "{notation} {tier:?}");
        }
    }
}

// About stubs, which 32-bit x86 and RISC-V have none of.
#[cfg(all(unix, not(any(target_arch = "x86", target_arch = "riscv64"))))]
#[test]
fn no_memory_is_writable_and_executable() {
    let _call = prepare("cdecl({f64,i8},i32)->{i8,f64}", Tier::Stub);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut stubs = 0;
    for line in maps.lines() {
        let rights = line.split(' ').nth(1).unwrap();
        assert!(!(rights.contains('w') && rights.contains('x')), "{line}");
        stubs += usize::from(line.contains("pinvoke-stubs") && rights.contains('x'));
    }
    assert!(stubs > 0, "no page of stubs in\n{maps}");
}

#[test]
fn refusals_say_what_and_why() {
    let refused = |notation: &str, tier| {
        let signature: Signature = notation.parse().unwrap();
        PreparedCall::with_tier(&signature, tier).unwrap_err()
    };
    // On AArch64 only many arguments need so much stack: two travel in registers, one is too many.
    let (notation, argument) = if cfg!(target_arch = "aarch64") {
        let count = 2 + (1 << 20) / 32 + 1;
        (format!("cdecl({})", vec!["{f64,f64,f64,f64}"; count].join(",")), count)
    } else {
        ("cdecl({[i8;2000000]})".to_owned(), 1)
    };
    // On RISC-V no argument takes more than 16 bytes of the stack, and of 16 there is room for as many as there may be;
    // nor does any on 64-bit Windows, where none takes more than 8.
    let small = cfg!(any(target_arch = "riscv64", all(windows, target_arch = "x86_64")));
    if !small {
        let error = refused(&notation, Tier::Auto);
        let CallError::Plan(cause) = error else { panic!("{error:?}") };
        assert_eq!(
            cause.to_string(),
            format!("argument {argument} does not fit the 1048576 bytes of stack that one call can take")
        );
    }

    // On these its address travels.
    if !small && !cfg!(target_arch = "aarch64") {
        let error = refused("cdecl({i8 align(2097152)})", Tier::Thunk);
        assert!(matches!(error, CallError::StackAlignment { .. } | CallError::Plan(_)), "{error:?}");
    }

    let long = format!("cdecl({})", vec!["i32"; 4000].join(","));
    let error = refused(&long, Tier::Stub);
    assert!(matches!(error, CallError::NoStub(_)), "{error:?}");
    let signature: Signature = long.parse().unwrap();
    assert_eq!(PreparedCall::new(&signature).unwrap().tier(), Tier::Thunk);

    let (target, notation, name) = if cfg!(windows) {
        (Target::AARCH64_LINUX, "cdecl(i32)", "aarch64-linux")
    } else {
        (Target::X86_64_WINDOWS, "win64(i32)", "x86_64-windows-msvc")
    };
    let foreign = Signature::parse(target, notation).unwrap();
    let error = PreparedCall::new(&foreign).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the signature is one of {name}, and this program runs on {}", Target::HOST)
    );
}

#[test]
fn a_megabyte_of_stack_arrives() {
    let library = CLibrary::compile(
        "many",
        "struct big { unsigned char b[1048000]; };
         unsigned long long total(struct big s) { unsigned long long t = 0; for (int i = 0; i < 1048000; i++) t += s.b[i]; return t; }",
        &["-O1"],
    );
    for &tier in support::tiers() {
        let big = prepare("cdecl({[u8;1048000]})->u64", tier);
        // The frame of the call needs a thread with room.
        let library = &library;
        thread::scope(|scope| {
            let run = move || call(&big, library.code("total"), &[&vec![3; 1_048_000]]);
            let thread = thread::Builder::new().stack_size(4 << 20).spawn_scoped(scope, run).unwrap();
            assert_eq!(thread.join().unwrap(), 3_144_000_u64.to_le_bytes(), "{tier:?}");
        });
    }
}

#[test]
fn four_thousand_arguments_arrive() {
    let count = 4000_u32;
    let params: Vec<String> = (0..count).map(|i| format!("int a{i}")).collect();
    let terms: Vec<String> = (0..count).map(|i| format!("{}LL * a{i}", i % 7 + 1)).collect();
    let text = format!("long long total({}) {{ return {}; }}", params.join(","), terms.join("+"));
    let library = CLibrary::compile("four_thousand", &text, &["-O0"]);
    // Too much code for a stub: the thunk serves.
    let prepared = prepare(&format!("cdecl({})->i64", vec!["i32"; 4000].join(",")), Tier::Auto);
    assert_eq!(prepared.tier(), Tier::Thunk);
    let values: Vec<[u8; 4]> = (0..count).map(|i| (i * 3).to_le_bytes()).collect();
    let args: Vec<&[u8]> = values.iter().map(|v| &v[..]).collect();
    let expected: i64 = (0..i64::from(count)).map(|i| (i % 7 + 1) * i * 3).sum();
    assert_eq!(call(&prepared, library.code("total"), &args), expected.to_le_bytes());
}
