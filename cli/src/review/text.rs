//! Text from outside made harmless, for terminals and for Markdown as GitHub reads it.

use std::fmt::Write as _;

/// `text` with every character that moves the cursor, changes direction or cannot be seen written
/// as `\u{…}`, on one line.
pub fn visible(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => result.push('↵'),
            '\t' => result.push(' '),
            character if is_hidden(character) => {
                // Writing to a string cannot fail.
                let _ = write!(result, "\\u{{{:x}}}", u32::from(character));
            }
            character => result.push(character),
        }
    }
    result
}

/// Control characters, and Unicode's format characters: marks of direction, joiners, tags.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff
            | 0xfff9..=0xfffb | 0xe0000..=0xe0fff)
}

/// At most `limit` characters of `text`: its beginning and its end, which tell the most.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit {
        return text.to_owned();
    }
    let tail = limit / 4;
    let head: String = text.chars().take(limit.saturating_sub(tail + 1)).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

/// `text` as an inline code span that nothing inside can end. `in_table` for table cells.
pub(super) fn code(text: &str, in_table: bool) -> String {
    let text = if text.is_empty() { "\"\"" } else { text };
    let text = unmarked(&visible(text));
    let text = if in_table { text.replace('|', "\\|") } else { text };
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim() != text { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence with names in backticks: those become code, everything else stays plain text that
/// formats, mentions and links nothing.
pub fn prose(text: &str) -> String {
    let text = visible(text.trim());
    let parts: Vec<_> = text.split('`').collect();
    if parts.len() % 2 == 0 {
        return plain(&text);
    }
    let parts = parts.iter().enumerate().map(|(index, part)| match index % 2 {
        0 => plain(part),
        _ if part.is_empty() => "\\`\\`".to_owned(),
        _ => code(part, false),
    });
    parts.collect()
}

/// Plain text in Markdown. A zero-width space breaks mentions, references and links, which GitHub
/// finds after Markdown's own escapes are gone.
fn plain(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let starts = at == 0 && (matches!(character, '-' | '+' | '=') || character.is_ascii_digit());
        match character {
            '@' => result.push_str("@\u{200b}"),
            '#' => result.push_str("\\#\u{200b}"),
            ':' if text[at..].starts_with("://") => result.push_str(":\u{200b}"),
            '.' if text[..at].to_ascii_lowercase().ends_with("www") => result.push_str("\u{200b}."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' => {
                result.push('\\');
                result.push(character);
            }
            character if starts && !character.is_ascii_digit() => {
                result.push('\\');
                result.push(character);
            }
            character if starts => {
                // `1.` would begin a list.
                result.push('\u{200b}');
                result.push(character);
            }
            character => result.push(character),
        }
    }
    unmarked(&result)
}

/// `text` inside an HTML element.
pub(super) fn html(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '@' => result.push_str("&#64;"),
            character => result.push(character),
        }
    }
    result
}

/// `lines` as a code block that nothing inside can end.
pub(super) fn fence(language: &str, lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| unmarked(line)).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

/// Our marker is an HTML comment; nothing else in the text begins one.
fn unmarked(text: &str) -> String {
    text.replace("<!--", "<! --")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c\nd"), "a\\u{1b}[31mb\\u{202e}c↵d");
        assert_eq!(visible("grün – 日本"), "grün – 日本");
    }

    #[test]
    fn code_spans_cannot_be_ended() {
        assert_eq!(code("a`b``c", false), "```a`b``c```");
        assert_eq!(code("`", false), "`` ` ``");
        assert_eq!(code("a|b", true), "`a\\|b`");
    }

    #[test]
    fn prose_mentions_nobody() {
        assert_eq!(
            prose("`x` asks @team to <b>see</b> https://e.vil #12 $x$"),
            "`x` asks @\u{200b}team to \\<b\\>see\\</b\\> https:\u{200b}//e.vil \\#\u{200b}12 \\$x\\$"
        );
        assert_eq!(prose("one ` backtick"), "one \\` backtick");
    }

    #[test]
    fn long_text_keeps_both_ends() {
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("abcdefghijk", 9), "abcdef…jk");
    }
}
