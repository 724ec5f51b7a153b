target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
target triple = "bpfel"

; 128-bit multiplication, division and remainder for programs linked with upstream LLVM.
;
; LLVM turns wide arithmetic (and the overflow check of a u64 multiplication) into calls of these
; functions and expects the result in registers (r0:r2). rustc compiles a function that returns
; an i128 on this target so that it writes the result through a hidden pointer instead, which is how the
; Rust definitions of the same names come out: linked as they are, they write to a wild address.
; The definitions below have the signature LLVM calls; being strong, they win over the weak Rust ones.
; `cargo xtask build` checks them against the host's arithmetic, on the VM (tests/builtins-program).
;
; Nothing here may multiply, divide or shift an i128 by a variable: LLVM would call these functions
; again. (The linker recognises this file as LLVM IR by its first line.)

declare i64 @llvm.ctlz.i64(i64, i1)
declare i64 @llvm.fshl.i64(i64, i64, i64)

define internal i128 @grid_wide(i64 %high, i64 %low) alwaysinline {
  %h = zext i64 %high to i128
  %l = zext i64 %low to i128
  %s = shl i128 %h, 64
  %r = or i128 %s, %l
  ret i128 %r
}

; The full product of two 64-bit numbers, from their 32-bit halves.
define internal i128 @grid_mul64(i64 %a, i64 %b) alwaysinline {
  %a1 = lshr i64 %a, 32
  %a0 = and i64 %a, 4294967295
  %b1 = lshr i64 %b, 32
  %b0 = and i64 %b, 4294967295
  %p00 = mul i64 %a0, %b0
  %p01 = mul i64 %a0, %b1
  %p10 = mul i64 %a1, %b0
  %p11 = mul i64 %a1, %b1
  %p00.high = lshr i64 %p00, 32
  %p01.low = and i64 %p01, 4294967295
  %p10.low = and i64 %p10, 4294967295
  %mid.part = add i64 %p00.high, %p01.low
  %mid = add i64 %mid.part, %p10.low
  %p01.high = lshr i64 %p01, 32
  %p10.high = lshr i64 %p10, 32
  %mid.high = lshr i64 %mid, 32
  %high.part = add i64 %p11, %p01.high
  %high.more = add i64 %high.part, %p10.high
  %high = add i64 %high.more, %mid.high
  %low.part = shl i64 %mid, 32
  %p00.low = and i64 %p00, 4294967295
  %low = or i64 %low.part, %p00.low
  %r = call i128 @grid_wide(i64 %high, i64 %low)
  ret i128 %r
}

define i128 @__multi3(i128 %a, i128 %b) {
  %a.low = trunc i128 %a to i64
  %a.shifted = lshr i128 %a, 64
  %a.high = trunc i128 %a.shifted to i64
  %b.low = trunc i128 %b to i64
  %b.shifted = lshr i128 %b, 64
  %b.high = trunc i128 %b.shifted to i64
  %low = call i128 @grid_mul64(i64 %a.low, i64 %b.low)
  %cross.1 = mul i64 %a.high, %b.low
  %cross.2 = mul i64 %a.low, %b.high
  %cross = add i64 %cross.1, %cross.2
  %high = call i128 @grid_wide(i64 %cross, i64 0)
  %r = add i128 %low, %high
  ret i128 %r
}

; One correction of a trial digit (Knuth, The Art of Computer Programming, volume 2, 4.3.1, step D3):
; the digit is one too large while digit * v0 > rest * 2^32 + next and the rest fits in 32 bits.
; Returns rest:digit.
define internal i128 @grid_correct(i64 %digit, i64 %rest, i64 %v1, i64 %v0, i64 %next) alwaysinline {
  %fits = icmp ult i64 %rest, 4294967296
  %wide.digit = icmp uge i64 %digit, 4294967296
  %product = mul i64 %digit, %v0
  %rest.shifted = shl i64 %rest, 32
  %bound = or i64 %rest.shifted, %next
  %above = icmp ugt i64 %product, %bound
  %large = or i1 %wide.digit, %above
  %wrong = and i1 %large, %fits
  %one = zext i1 %wrong to i64
  %add = select i1 %wrong, i64 %v1, i64 0
  %digit.new = sub i64 %digit, %one
  %rest.new = add i64 %rest, %add
  %r = call i128 @grid_wide(i64 %rest.new, i64 %digit.new)
  ret i128 %r
}

; One 32-bit digit of (high * 2^32 + next) / v, where v has its top bit set and high < v.
define internal i64 @grid_digit(i64 %high, i64 %next, i64 %v) alwaysinline {
  %v1 = lshr i64 %v, 32
  %v0 = and i64 %v, 4294967295
  %digit.0 = udiv i64 %high, %v1
  %taken = mul i64 %digit.0, %v1
  %rest.0 = sub i64 %high, %taken
  %step.1 = call i128 @grid_correct(i64 %digit.0, i64 %rest.0, i64 %v1, i64 %v0, i64 %next)
  %digit.1 = trunc i128 %step.1 to i64
  %shifted.1 = lshr i128 %step.1, 64
  %rest.1 = trunc i128 %shifted.1 to i64
  %step.2 = call i128 @grid_correct(i64 %digit.1, i64 %rest.1, i64 %v1, i64 %v0, i64 %next)
  %digit.2 = trunc i128 %step.2 to i64
  ret i64 %digit.2
}

; The quotient (below 2^64) of high:low by v, where v has its top bit set and high < v.
; Returns remainder:quotient.
define internal i128 @grid_divide_normal(i64 %high, i64 %low, i64 %v) {
  %low.1 = lshr i64 %low, 32
  %low.0 = and i64 %low, 4294967295
  %digit.1 = call i64 @grid_digit(i64 %high, i64 %low.1, i64 %v)
  %high.shifted = shl i64 %high, 32
  %high.next = or i64 %high.shifted, %low.1
  %taken.1 = mul i64 %digit.1, %v
  %rest.1 = sub i64 %high.next, %taken.1
  %digit.0 = call i64 @grid_digit(i64 %rest.1, i64 %low.0, i64 %v)
  %rest.shifted = shl i64 %rest.1, 32
  %rest.next = or i64 %rest.shifted, %low.0
  %taken.0 = mul i64 %digit.0, %v
  %rest.0 = sub i64 %rest.next, %taken.0
  %quotient.high = shl i64 %digit.1, 32
  %quotient = add i64 %quotient.high, %digit.0
  %r = call i128 @grid_wide(i64 %rest.0, i64 %quotient)
  ret i128 %r
}

; The quotient; the remainder goes to the pointer. (Division by zero never gets here: Rust checks first.)
define internal i128 @grid_divide(i128 %n, i128 %d, ptr %remainder) {
entry:
  %n.low = trunc i128 %n to i64
  %n.shifted = lshr i128 %n, 64
  %n.high = trunc i128 %n.shifted to i64
  %d.low = trunc i128 %d to i64
  %d.shifted = lshr i128 %d, 64
  %d.high = trunc i128 %d.shifted to i64
  %narrow.d = icmp eq i64 %d.high, 0
  br i1 %narrow.d, label %divisor.64, label %divisor.128

divisor.64:
  %narrow.n = icmp eq i64 %n.high, 0
  br i1 %narrow.n, label %both.64, label %long

both.64:
  %q.64 = udiv i64 %n.low, %d.low
  %taken.64 = mul i64 %q.64, %d.low
  %r.64 = sub i64 %n.low, %taken.64
  %r.64.wide = zext i64 %r.64 to i128
  store i128 %r.64.wide, ptr %remainder, align 8
  %q.64.wide = zext i64 %q.64 to i128
  ret i128 %q.64.wide

; Two long-division steps in base 2^64.
long:
  %q.high = udiv i64 %n.high, %d.low
  %taken.high = mul i64 %q.high, %d.low
  %r.high = sub i64 %n.high, %taken.high
  %shift.64 = call i64 @llvm.ctlz.i64(i64 %d.low, i1 true)
  %v.64 = shl i64 %d.low, %shift.64
  %u.high = call i64 @llvm.fshl.i64(i64 %r.high, i64 %n.low, i64 %shift.64)
  %u.low = shl i64 %n.low, %shift.64
  %step = call i128 @grid_divide_normal(i64 %u.high, i64 %u.low, i64 %v.64)
  %q.low = trunc i128 %step to i64
  %step.shifted = lshr i128 %step, 64
  %r.normal = trunc i128 %step.shifted to i64
  %r.long = lshr i64 %r.normal, %shift.64
  %r.long.wide = zext i64 %r.long to i128
  store i128 %r.long.wide, ptr %remainder, align 8
  %q.long = call i128 @grid_wide(i64 %q.high, i64 %q.low)
  ret i128 %q.long

divisor.128:
  %smaller = icmp ult i128 %n, %d
  br i1 %smaller, label %zero, label %estimate

zero:
  store i128 %n, ptr %remainder, align 8
  ret i128 0

; The quotient fits in 64 bits. Estimate it with the top 64 bits of the divisor: n / 2 divided by them is
; at most one too large once scaled back, so take one off and correct upwards (Hacker's Delight, 9-5).
estimate:
  %shift.128 = call i64 @llvm.ctlz.i64(i64 %d.high, i1 true)
  %v.128 = call i64 @llvm.fshl.i64(i64 %d.high, i64 %d.low, i64 %shift.128)
  %half.high = lshr i64 %n.high, 1
  %half.low = call i64 @llvm.fshl.i64(i64 %n.high, i64 %n.low, i64 63)
  %trial = call i128 @grid_divide_normal(i64 %half.high, i64 %half.low, i64 %v.128)
  %trial.q = trunc i128 %trial to i64
  %back = sub i64 63, %shift.128
  %scaled = lshr i64 %trial.q, %back
  %none = icmp eq i64 %scaled, 0
  %less = sub i64 %scaled, 1
  %q.low.bound = select i1 %none, i64 0, i64 %less
  %product.low = call i128 @grid_mul64(i64 %q.low.bound, i64 %d.low)
  %product.cross = mul i64 %q.low.bound, %d.high
  %product.high = call i128 @grid_wide(i64 %product.cross, i64 0)
  %product = add i128 %product.low, %product.high
  %rest = sub i128 %n, %product
  %more = icmp uge i128 %rest, %d
  %one = zext i1 %more to i64
  %take = select i1 %more, i128 %d, i128 0
  %r.128 = sub i128 %rest, %take
  store i128 %r.128, ptr %remainder, align 8
  %q.128 = add i64 %q.low.bound, %one
  %q.128.wide = zext i64 %q.128 to i128
  ret i128 %q.128.wide
}

define i128 @__udivti3(i128 %n, i128 %d) {
  %remainder = alloca i128, align 8
  %q = call i128 @grid_divide(i128 %n, i128 %d, ptr %remainder)
  ret i128 %q
}

define i128 @__umodti3(i128 %n, i128 %d) {
  %remainder = alloca i128, align 8
  %q = call i128 @grid_divide(i128 %n, i128 %d, ptr %remainder)
  %r = load i128, ptr %remainder, align 8
  ret i128 %r
}

; -x where %sign is all ones, x where it is zero.
define internal i128 @grid_negate_if(i128 %x, i128 %sign) alwaysinline {
  %flipped = xor i128 %x, %sign
  %r = sub i128 %flipped, %sign
  ret i128 %r
}

define i128 @__divti3(i128 %n, i128 %d) {
  %remainder = alloca i128, align 8
  %n.sign = ashr i128 %n, 127
  %d.sign = ashr i128 %d, 127
  %n.abs = call i128 @grid_negate_if(i128 %n, i128 %n.sign)
  %d.abs = call i128 @grid_negate_if(i128 %d, i128 %d.sign)
  %q.abs = call i128 @grid_divide(i128 %n.abs, i128 %d.abs, ptr %remainder)
  %sign = xor i128 %n.sign, %d.sign
  %q = call i128 @grid_negate_if(i128 %q.abs, i128 %sign)
  ret i128 %q
}

define i128 @__modti3(i128 %n, i128 %d) {
  %remainder = alloca i128, align 8
  %n.sign = ashr i128 %n, 127
  %d.sign = ashr i128 %d, 127
  %n.abs = call i128 @grid_negate_if(i128 %n, i128 %n.sign)
  %d.abs = call i128 @grid_negate_if(i128 %d, i128 %d.sign)
  %q.abs = call i128 @grid_divide(i128 %n.abs, i128 %d.abs, ptr %remainder)
  %r.abs = load i128, ptr %remainder, align 8
  %r = call i128 @grid_negate_if(i128 %r.abs, i128 %n.sign)
  ret i128 %r
}
