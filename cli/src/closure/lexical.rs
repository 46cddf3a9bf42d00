//! The words of a text: paths in commands and prose, and what can be seen of a file that no parser
//! accepts.

use super::{
    facts::{Facts, ModuleCall, Problem, Reference, ReferenceKind},
    reader::reader_named,
    text::Text,
};

/// The parts of `text` that could be a path: between white space, quotes and what shells separate by.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| c.is_whitespace() || "\"'`=;:,|&<>()[]{}".contains(c);
    text.split(separates).filter(|word| !word.is_empty())
}

/// Whether `word` has a part `..`.
pub(super) fn goes_up(word: &str) -> bool {
    word.split('/').any(|part| part == "..")
}

/// The characters that begin a wildcard in a pattern of `fileset`.
pub(super) const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];

/// The folder that everything lies in which a pattern of `fileset` finds.
pub(super) fn fixed(pattern: &str) -> &str {
    let start = pattern.split(WILDCARDS).next().unwrap_or_default();
    start.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What can be seen of a file that cannot be parsed: every relative path is mentioned, and may be a
/// module; a reading function whose path is no literal may read anything.
pub(super) fn facts(text: &str, problem: Problem) -> Facts {
    let mut facts = Facts { problem: Some(problem), ..Facts::default() };
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        for quoted in line.split('"') {
            let path = interpolated(quoted);
            if path.may_leave() || quoted.starts_with("./") {
                facts.references.push(Reference { path, kind: ReferenceKind::Mention, line: line_number });
            }
            if quoted.starts_with("./") || quoted.starts_with("../") {
                facts.modules.push(ModuleCall {
                    name: quoted.to_owned(),
                    source: Some(Text::Literal(quoted.to_owned())),
                    version: None,
                    arguments: Vec::new(),
                    line: line_number,
                });
            }
        }
    }
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let name = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
        let Some(kind) = reader_named(name) else { continue };
        let argument = text[at + 1..].trim_start();
        // A literal is mentioned above if it leaves the folder; `${` may begin with anything.
        if !argument.starts_with('"') || argument.starts_with("\"${") && !argument.starts_with("\"${path.") {
            let line = text[..at].matches('\n').count() + 1;
            facts.references.push(Reference { path: Text::Unknown, kind, line });
        }
    }
    facts
}

/// `${path.module}/x` without a parser.
fn interpolated(text: &str) -> Text {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        parts.push(Text::Literal(rest[..at].to_owned()));
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end);
        parts.push(match rest[at + 2..end.max(at + 2)].trim() {
            "path.module" => Text::ModulePath,
            "path.root" | "path.cwd" => Text::RootPath,
            _ => Text::Unknown,
        });
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    parts.push(Text::Literal(rest.to_owned()));
    // An unknown beginning hides where the rest lies; each known run counts by itself.
    let known = parts.iter().position(|part| *part == Text::ModulePath || *part == Text::RootPath);
    match known {
        Some(at) => Text::Concat(parts.split_off(at)),
        None => Text::Concat(parts),
    }
}
