//! What is printed: a line for each finding, for people or as JSON.

use crate::finding::Verdict;
use serde_json::json;

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// One JSON object a line, in place of a table.
    pub json: bool,
}

impl Report {
    /// A line of the table.
    pub fn line(self, step: &str, subject: &str, outcome: &str, text: &str) {
        if self.json {
            println!("{}", json!({ "step": step, "subject": subject, "outcome": outcome, "text": text }));
        } else {
            println!("{}", row(step, subject, outcome, text));
        }
    }

    /// A finding that nothing is done about.
    pub fn finding(self, step: &str, subject: &str, verdict: &Verdict) {
        let (outcome, text) = match verdict {
            Verdict::AsPlanned => ("ok", "as planned"),
            Verdict::Change(change) => ("differs", change.what.as_str()),
            Verdict::Waits(text) => ("waits", text.as_str()),
            Verdict::Blocked(text) => ("differs", text.as_str()),
        };
        self.line(step, subject, outcome, text);
    }

    /// The last line.
    pub fn summary(self, text: &str) {
        if self.json {
            println!("{}", json!({ "summary": text }));
        } else {
            println!("{text}");
        }
    }
}

fn row(step: &str, subject: &str, outcome: &str, text: &str) -> String {
    format!("{step:<20}  {subject:<28}  {outcome:<8}  {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_columns() {
        assert_eq!(
            row("1 programs", "grid_jobs", "ok", "as planned"),
            "1 programs            grid_jobs                     ok        as planned"
        );
    }
}
