//! Anchored text edits: each one names the upstream lines it hangs on and fails loudly when they changed.

use anyhow::{Result, ensure};

/// Where the text goes, seen from the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Right before the anchor.
    Before,
    /// Right after the anchor.
    After,
}

/// One insertion into an upstream file.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    /// Path of the file below the library folder.
    pub file: &'static str,
    /// Upstream text that must occur exactly `times` times.
    pub anchor: &'static str,
    /// How often the anchor occurs; the text is inserted at each occurrence.
    pub times: usize,
    /// Side of the anchor the text goes to.
    pub place: Place,
    /// Text to insert.
    pub text: &'static str,
}

impl Edit {
    /// An insertion before an anchor that occurs once.
    pub const fn before(file: &'static str, anchor: &'static str, text: &'static str) -> Self {
        Self { file, anchor, times: 1, place: Place::Before, text }
    }

    /// An insertion after an anchor that occurs once.
    pub const fn after(file: &'static str, anchor: &'static str, text: &'static str) -> Self {
        Self { file, anchor, times: 1, place: Place::After, text }
    }

    /// The same insertion, for an anchor that occurs `times` times.
    pub const fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Applies the edit to the file's text.
    pub fn apply(&self, source: &str) -> Result<String> {
        let found = source.matches(self.anchor).count();
        ensure!(
            found == self.times,
            "the upstream file {} changed: expected {} time(s), found {} time(s), this text:\n{}\n\
             Adapt the edit in xtask/src/toolchain/std_edits.rs to the new source.",
            self.file,
            self.times,
            found,
            self.anchor
        );
        let edited = match self.place {
            Place::Before => format!("{}{}", self.text, self.anchor),
            Place::After => format!("{}{}", self.anchor, self.text),
        };
        Ok(source.replace(self.anchor, &edited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_on_the_named_side() {
        let source = "one\ntwo\nthree\n";
        assert_eq!(Edit::before("f", "two\n", "+\n").apply(source).unwrap(), "one\n+\ntwo\nthree\n");
        assert_eq!(Edit::after("f", "two\n", "+\n").apply(source).unwrap(), "one\ntwo\n+\nthree\n");
    }

    #[test]
    fn inserts_at_every_expected_occurrence() {
        let edit = Edit::after("f", "a", "b").times(2);
        assert_eq!(edit.apply("a-a").unwrap(), "ab-ab");
    }

    #[test]
    fn names_the_file_and_the_anchor_when_upstream_changed() {
        for source in ["nothing here", "anchor anchor"] {
            let error = Edit::after("std/src/x.rs", "anchor", "!").apply(source).unwrap_err().to_string();
            assert!(error.contains("std/src/x.rs") && error.contains("anchor"), "{error}");
        }
    }
}
