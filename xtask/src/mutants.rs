//! Wrong versions of the 128-bit functions, each of which the self-test has to refuse.

/// One fault, as a replacement in `sbf/builtins.ll`.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// What is wrong.
    pub fault: &'static str,
    /// Text that occurs once.
    from: &'static str,
    /// What it becomes.
    to: &'static str,
}

/// The faults: first the trap itself, then slips of the algorithm from gross to subtle.
pub const MUTANTS: [Mutant; 5] = [
    Mutant {
        fault: "multiplication left to the compiler's own definition",
        from: "define i128 @__multi3(",
        to: "define i128 @grid_not_called(",
    },
    Mutant {
        fault: "a carry of the multiplication lost",
        from: "add i64 %high.more, %mid.high",
        to: "add i64 %high.more, 0",
    },
    Mutant {
        fault: "a trial digit corrected once instead of twice",
        from: "%digit.2 = trunc i128 %step.2 to i64",
        to: "%digit.2 = trunc i128 %step.1 to i64",
    },
    Mutant {
        fault: "an estimated quotient not corrected upwards",
        from: "%more = icmp uge i128 %rest, %d",
        to: "%more = icmp ugt i128 %rest, %d",
    },
    Mutant {
        fault: "the remainder given the divisor's sign",
        from: "call i128 @grid_negate_if(i128 %r.abs, i128 %n.sign)",
        to: "call i128 @grid_negate_if(i128 %r.abs, i128 %d.sign)",
    },
];

impl Mutant {
    /// The faulty source.
    pub fn apply(&self, source: &str) -> String {
        source.replacen(self.from, self.to, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toolchain::std_copy::BUILTINS;

    #[test]
    fn each_fault_hits_one_place() {
        for mutant in MUTANTS {
            assert_eq!(BUILTINS.matches(mutant.from).count(), 1, "{}", mutant.fault);
            assert_ne!(mutant.apply(BUILTINS), BUILTINS, "{}", mutant.fault);
        }
    }
}
