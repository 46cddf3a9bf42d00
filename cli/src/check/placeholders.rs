//! What nobody filled in.

use crate::{hcl::Diagnostic, platform::layout};

use super::Files;

/// Reports `<LIKE_THIS>` and delimiters of kstack's templates, except in comments.
pub(super) fn check(files: &Files, problems: &mut Vec<Diagnostic>) {
    let checked = |path: &str| {
        let folder = [layout::ENVIRONMENTS, layout::INFRA, layout::CLUSTERS, layout::SERVICES, "apps"]
            .iter()
            .any(|folder| path.starts_with(&format!("{folder}/")));
        let kind = [".tf", ".tfvars", ".tfbackend", ".hcl", ".yaml", ".yml"].iter().any(|end| path.ends_with(end));
        // The engine's own manifests describe their fields in prose.
        (folder || path == layout::PLATFORM_FILE) && kind && !path.ends_with("/gotk-components.yaml")
    };
    for file in files.below("").filter(|file| checked(&file.path)) {
        let mut offset = 0;
        for line in file.text.split_inclusive('\n') {
            if !line.trim_start().starts_with(['#', '/']) {
                if let Some((start, end)) = placeholder(line) {
                    let text = &line[start..end];
                    problems.push(
                        Diagnostic::new(file, offset + start..offset + end, format!("`{text}` is not filled in"))
                            .with_help("write the value"),
                    );
                }
            } else if line.trim_start().starts_with("#%") {
                problems.push(Diagnostic::new(
                    file,
                    offset..offset + line.trim_end().len(),
                    "a line of a template is left",
                ));
            }
            offset += line.len();
        }
    }
}

/// The first placeholder of a line, as a byte range.
fn placeholder(line: &str) -> Option<(usize, usize)> {
    line.match_indices('<').find_map(|(at, _)| {
        let rest = &line[at + 1..];
        if rest.starts_with('%') {
            return Some((at, rest.find("%>").map_or(line.trim_end().len(), |end| at + 1 + end + 2)));
        }
        let name = rest.split('>').next()?;
        let shouted = name.len() > 1
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '-');
        (shouted && rest.len() > name.len()).then_some((at, at + 2 + name.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_shouted_or_template_tags() {
        assert_eq!(placeholder("bucket = \"<BUCKET_NAME>\"\n"), Some((10, 23)));
        assert_eq!(placeholder("a: <%= x %>\n"), Some((3, 11)));
        for line in ["<<EOT\n", "a < B > c\n", "x = <EOT\n", "# <name>\n", "<<-EOT>\n"] {
            assert_eq!(placeholder(line), None, "{line}");
        }
    }
}
