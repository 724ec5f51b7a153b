//! Rust source as tokens: enough to see what a function names and calls.

/// A token. Comments are left out; a literal of text or a lifetime is [`Token::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word or a number.
    Word(String),
    /// A character of punctuation.
    Mark(char),
    /// Something that names nothing.
    Other,
}

impl Token {
    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is this character.
    pub fn is(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }
}

/// The tokens of a file up to its unit tests.
pub fn tokens(source: &str) -> Vec<Token> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let characters: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let next = characters.get(at + 1).copied();
        match character {
            '/' if next == Some('/') => at = past(&characters, at, |c| c != '\n'),
            '"' => {
                at = end_of_text(&characters, at);
                tokens.push(Token::Other);
            }
            '\'' => {
                at = end_of_quote(&characters, at);
                tokens.push(Token::Other);
            }
            _ if is_word(character) => {
                let end = past(&characters, at, is_word);
                tokens.push(Token::Word(characters[at..end].iter().collect()));
                at = end;
            }
            _ => {
                if !character.is_whitespace() {
                    tokens.push(Token::Mark(character));
                }
                at += 1;
            }
        }
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn past(characters: &[char], from: usize, is_within: impl Fn(char) -> bool) -> usize {
    let length = characters[from..].iter().take_while(|character| is_within(**character)).count();
    from + length
}

fn end_of_text(characters: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(character) = characters.get(at) {
        match character {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    characters.len()
}

/// Behind a lifetime, or a literal of one character.
fn end_of_quote(characters: &[char], from: usize) -> usize {
    match (characters.get(from + 1), characters.get(from + 2)) {
        (Some('\\'), _) => past(characters, from + 3, |c| c != '\'') + 1,
        (Some(_), Some('\'')) => from + 3,
        _ => past(characters, from + 1, is_word),
    }
}

/// The index behind the bracket that closes the one at `open`.
pub fn behind(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comments_and_lifetimes_name_nothing() {
        let found = tokens("a(\"b(\\\" c\") // d()\n'x', '\\n', &'life e\n#[cfg(test)]\nmod tests {}");
        let words: Vec<&str> = found.iter().filter_map(Token::word).collect();
        assert_eq!(words, ["a", "e"]);
    }

    #[test]
    fn brackets_close_as_they_open() {
        let found = tokens("f(a, [b; 3], { c }) d");
        assert_eq!(found[behind(&found, 1)].word(), Some("d"));
    }
}
