//! What the file of an instruction says about it, in the sentences that head it.

const SIGNS: &str = "Signs";
const MONEY: &str = "Money";
const REMAINING: &str = "Remaining accounts";
/// It may go on: "It shall fail, as a whole, when".
const FAILS: &str = "It shall fail";
const LABELS: [&str; 4] = [SIGNS, MONEY, REMAINING, FAILS];

/// The sentences, by what they tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Handler {
    /// What it does, with what does not fit elsewhere.
    pub does: String,
    /// Who signs.
    pub signs: Option<String>,
    /// Which amounts move.
    pub money: Option<String>,
    /// Accounts behind the declared ones.
    pub remaining: Option<String>,
    /// When it fails.
    pub fails: Option<String>,
}

impl Handler {
    /// Reads the comment at the head of a file.
    pub fn read(source: &str) -> Self {
        let mut parts = vec![(String::new(), String::new())];
        for line in source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim) {
            let label = LABELS.into_iter().find(|label| line.starts_with(label));
            let text = match (label, line.split_once(':')) {
                (Some(label), Some((_, text))) => {
                    parts.push((label.to_owned(), String::new()));
                    text.trim()
                }
                _ => line,
            };
            if let Some((_, part)) = parts.last_mut() {
                *part = format!("{part} {text}").trim().to_owned();
            }
        }
        let part = |label: &str| parts.iter().find(|(found, _)| found == label).map(|(_, text)| plain(text));
        Self {
            does: part("").unwrap_or_default(),
            signs: part(SIGNS),
            money: part(MONEY),
            remaining: part(REMAINING),
            fails: part(FAILS),
        }
    }
}

/// A sentence of rustdoc for readers of a page: a link becomes its name, a path a name with points.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (index, part) in text.split('`').enumerate() {
        let is_code = index % 2 == 1;
        if index > 0 {
            plain.push('`');
        }
        match is_code {
            true => plain.push_str(&part.trim_start_matches("crate::").replace("::", ".")),
            false => plain.push_str(part),
        }
    }
    plain.replace("[`", "`").replace("`]", "`").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_goes_to_its_place() {
        let found = Handler::read(
            "//! `take`: takes a\n//! thing.\n//!\n//! Signs: the owner.\n//! Money: a → b.\n//! It shall fail when: it is late;\n//! it is early.\n\nuse x;\n",
        );
        let expected = Handler {
            does: "`take`: takes a thing.".into(),
            signs: Some("the owner.".into()),
            money: Some("a → b.".into()),
            remaining: None,
            fails: Some("it is late; it is early.".into()),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn links_of_rustdoc_become_names() {
        assert_eq!(plain("see [`crate::math::fee`] of [a](b)"), "see `math.fee` of [a](b)");
    }
}
