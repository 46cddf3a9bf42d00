//! A change to files: as a diff that `git apply` takes, as a list, as a document.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Styles;
use crate::{
    review::{Paint, Role},
    scaffold::{Edit, Edits},
};

/// The change as a unified diff.
pub fn diff(styles: Styles, edits: &Edits) -> String {
    let mut text = String::new();
    for (path, Edit { before, after }) in edits.files() {
        let name = |side: &str, text: &Option<String>| match text {
            Some(_) => format!("{side}/{path}"),
            None => "/dev/null".to_owned(),
        };
        let (old, new) = (before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
        // Git tells new and deleted files by this line.
        let mode = match (before, after) {
            (None, _) => "new file mode 100644\n",
            (_, None) => "deleted file mode 100644\n",
            _ => "",
        };
        let _ = write!(text, "{}\n{mode}", styles.bold(format!("diff --git a/{path} b/{path}")));
        let changes = similar::TextDiff::from_lines(old, new);
        let (old, new) = (name("a", before), name("b", after));
        for line in changes.unified_diff().header(&old, &new).to_string().lines() {
            let line = match line.chars().next() {
                Some('+') if !line.starts_with("+++") => Paint::paint(&styles, Role::Added, line),
                Some('-') if !line.starts_with("---") => Paint::paint(&styles, Role::Removed, line),
                _ => line.to_owned(),
            };
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// The changed files, one a line, with how they change.
pub fn list(edits: &Edits) -> String {
    let line = |(path, edit): (&str, &Edit)| format!("{:7}  {path}\n", change(edit));
    edits.files().map(line).collect()
}

/// The change as a document; `is_preview` when nothing was written.
pub fn document(edits: &Edits, is_preview: bool) -> Json {
    let file = |(path, edit): (&str, &Edit)| json!({ "path": path, "change": change(edit) });
    json!({
        "type": "edit", "version": 1, "dry_run": is_preview, "files": edits.files().map(file).collect::<Vec<_>>(),
    })
}

fn change(edit: &Edit) -> &'static str {
    match (&edit.before, &edit.after) {
        (None, _) => "created",
        (_, None) => "removed",
        _ => "changed",
    }
}
