//! Folders that look like stacks and are none, since they lie too deep.

use std::{collections::BTreeSet, fmt};

use hcl_edit::structure::Body;

use super::layout;

/// A folder that is made like a stack and is none, since it does not lie directly in `infra/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuriedStack {
    /// The folder.
    pub folder: String,
}

impl BuriedStack {
    /// Finds them in `files`: paths and texts. What tells a stack from a module that lies beside stacks is a
    /// `stack.hcl`, a backend, or a provider of its own.
    pub fn find<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Self> {
        let buried = files.into_iter().filter_map(|(path, text)| {
            let (folder, name) = path.rsplit_once('/')?;
            let below = folder.strip_prefix(layout::INFRA)?.strip_prefix('/')?;
            (below.contains('/') && marks_a_stack(name, text)).then(|| folder.to_owned())
        });
        buried.collect::<BTreeSet<_>>().into_iter().map(|folder| Self { folder }).collect()
    }
}

impl fmt::Display for BuriedStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder } = self;
        write!(f, "`{folder}` is made like a stack, but only folders directly in `{}/` are stacks", layout::INFRA)
    }
}

fn marks_a_stack(name: &str, text: &str) -> bool {
    if name == layout::STACK_FILE {
        return true;
    }
    // A file that cannot be parsed is reported as such where it counts.
    let Some(Ok(body)) = name.ends_with(".tf").then(|| text.parse::<Body>()) else { return false };
    body.has_blocks("provider")
        || body.get_blocks("terraform").any(|block| block.body.has_blocks("backend") || block.body.has_blocks("cloud"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_that_lie_too_deep_are_told_from_modules_and_stacks() {
        let backend = "terraform {\n  backend \"s3\" {}\n}\n";
        let files = [
            ("infra/dns/main.tf", backend),
            ("infra/aws/eks/main.tf", backend),
            ("infra/aws/eks/providers.tf", "provider \"aws\" {}\n"),
            ("infra/aws/rds/stack.hcl", ""),
            ("infra/a/b/c/versions.tf", "terraform {\n  cloud {}\n}\n"),
            ("infra/modules/bucket/main.tf", "resource \"aws_s3_bucket\" \"this\" {}\n"),
            ("infra/aws/broken/main.tf", "terraform {"),
            ("infrastructure/aws/eks/main.tf", backend),
            ("elsewhere/aws/eks/main.tf", backend),
        ];
        let found = BuriedStack::find(files);
        let folders: Vec<&str> = found.iter().map(|stack| stack.folder.as_str()).collect();
        assert_eq!(folders, ["infra/a/b/c", "infra/aws/eks", "infra/aws/rds"]);
    }
}
