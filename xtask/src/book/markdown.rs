//! Pages as the checks need them: headings, links, blocks of code.

/// A page's parts.
#[derive(Debug, Default)]
pub struct Markdown {
    /// Where links can lead to within the page.
    pub anchors: Vec<String>,
    /// Links, with the number of their line.
    pub links: Vec<(usize, String)>,
    /// Words in backticks, with the number of their line.
    pub spans: Vec<(usize, String)>,
    /// Blocks of code.
    pub blocks: Vec<Block>,
}

/// A block of code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Number of its first line.
    pub line: usize,
    /// The word behind the fence.
    pub language: String,
    /// What the comment before it says.
    pub comment: Option<String>,
    /// Its lines.
    pub lines: Vec<String>,
}

impl Block {
    /// Whether it shows commands for a shell.
    pub fn is_shell(&self) -> bool {
        matches!(self.language.as_str(), "sh" | "bash" | "shell" | "console")
            || self.lines.iter().any(|line| line.starts_with("$ "))
    }

    /// Its commands: lines behind a prompt, or all where there is no prompt. A line that ends in `\` goes on in the next.
    pub fn commands(&self) -> Vec<String> {
        let has_prompt = self.lines.iter().any(|line| line.starts_with("$ "));
        let mut commands: Vec<String> = Vec::new();
        let mut goes_on = false;
        for line in &self.lines {
            let command = match line.strip_prefix("$ ") {
                Some(command) => command,
                None if goes_on || !has_prompt => line,
                None => continue,
            };
            let (text, continues) = match command.strip_suffix('\\') {
                Some(text) => (text, true),
                None => (command, false),
            };
            match commands.last_mut() {
                Some(last) if goes_on => *last = format!("{} {}", last.trim_end(), text.trim()),
                _ => commands.push(text.to_owned()),
            }
            goes_on = continues;
        }
        commands.retain(|command| !command.trim().is_empty() && !command.trim_start().starts_with('#'));
        commands
    }
}

impl Markdown {
    /// Reads a page.
    pub fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut comment: Option<String> = None;
        let mut open: Option<(String, Block)> = None;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let trimmed = line.trim();
            if let Some((fence, block)) = &mut open {
                if trimmed.trim_end_matches('`').is_empty() && trimmed.len() >= fence.len() {
                    page.blocks.extend(open.take().map(|(_, block)| block));
                } else {
                    block.lines.push(line.to_owned());
                }
            } else if trimmed.starts_with("```") {
                let fence: String = trimmed.chars().take_while(|character| *character == '`').collect();
                let language = trimmed[fence.len()..].split([',', ' ']).next().unwrap_or_default().to_owned();
                let block = Block { line: number, language, comment: comment.take(), lines: Vec::new() };
                open = Some((fence, block));
            } else if let Some(text) = trimmed.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"))
            {
                comment = Some(text.trim().to_owned());
            } else if !trimmed.is_empty() {
                comment = None;
                page.add_line(number, line);
            }
        }
        page
    }

    fn add_line(&mut self, number: usize, line: &str) {
        if line.starts_with('#') {
            self.add_anchor(line.trim_start_matches('#').trim());
        }
        let mut prose = String::new();
        for (index, part) in line.split('`').enumerate() {
            match index % 2 {
                0 => prose.push_str(part),
                _ => {
                    self.spans.push((number, part.to_owned()));
                    prose.push('`');
                }
            }
        }
        for part in prose.split("](").skip(1) {
            let target = part.split([')', ' ']).next().unwrap_or_default();
            self.links.push((number, target.to_owned()));
        }
    }

    fn add_anchor(&mut self, heading: &str) {
        let anchor = anchor(heading);
        let same = self.anchors.iter().filter(|found| **found == anchor).count();
        self.anchors.push(anchor.clone());
        if same > 0 {
            self.anchors.push(format!("{anchor}-{same}"));
        }
    }
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let keep = |character: char| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ if character.is_alphanumeric() => Some(character),
        _ => None,
    };
    heading.to_lowercase().chars().filter_map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_links_and_headings_are_found() {
        let page = Markdown::read(
            "# What else, an IDL can't say\n\nSee [a](b.md#c), `[no](link)`.\n\n<!-- run: one -->\n```console\n$ grid init\nkey\n```\n",
        );
        assert_eq!(page.anchors, ["what-else-an-idl-cant-say"]);
        assert_eq!(page.links, [(3, "b.md#c".to_owned())]);
        assert_eq!(page.spans, [(3, "[no](link)".to_owned())]);
        let block = &page.blocks[0];
        assert_eq!((block.line, block.comment.as_deref()), (6, Some("run: one")));
        assert_eq!(block.commands(), ["grid init"]);
    }

    #[test]
    fn a_comment_counts_only_right_before_its_block() {
        let page = Markdown::read("<!-- run: one -->\n\ntext\n\n```sh\nls\n```\n");
        assert_eq!(page.blocks[0].comment, None);
    }

    #[test]
    fn commands_go_on_behind_a_backslash() {
        let page = Markdown::read("```sh\ngrid job \\\n  post\n# a note\nls\n```\n");
        assert_eq!(page.blocks[0].commands(), ["grid job post", "ls"]);
    }
}
