//! Diagnostics as rustc and cargo print them: message, place, source line, caret.

use std::{borrow::Cow, ops::Range, sync::Arc};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::hcl::{Diagnostic, SourceFile};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It must be mended.
    Error,
    /// It works, but should be looked at.
    Warning,
}

/// The diagnostic as text, without a line end.
pub fn render(diagnostic: &Diagnostic, severity: Severity, colored: bool) -> String {
    let Diagnostic { file, span, notes, .. } = diagnostic;
    let title = match severity {
        Severity::Error => Level::ERROR.primary_title(masked(&diagnostic.message)),
        Severity::Warning => Level::WARNING.primary_title(masked(&diagnostic.message)),
    };
    // Notes of the same file are marked in the same excerpt, others get their own.
    let (here, elsewhere): (Vec<_>, Vec<_>) = notes.iter().partition(|note| Arc::ptr_eq(&note.file, file));
    let mark = |kind: AnnotationKind, file: &SourceFile, span: &Range<usize>| -> Annotation<'_> {
        let end = span.end.min(file.text.len());
        kind.span(span.start.min(end)..end)
    };
    let mut snippet = source(file).annotation(mark(AnnotationKind::Primary, file, span));
    for note in here {
        snippet = snippet.annotation(mark(AnnotationKind::Context, file, &note.span).label(note.message.as_str()));
    }
    let mut group = Group::with_title(title).element(snippet);
    for note in elsewhere {
        let mark = mark(AnnotationKind::Context, &note.file, &note.span).label(note.message.as_str());
        group = group.element(source(&note.file).annotation(mark));
    }
    let mut groups = vec![group];
    if let Some(help) = &diagnostic.help {
        groups.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
    }
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups).to_string()
}

/// What the excerpts of `file` are cut from.
fn source(file: &SourceFile) -> Snippet<'_, Annotation<'_>> {
    Snippet::source(masked(&file.text)).path(&file.path)
}

/// What the secret half of an age key begins with (<https://age-encryption.org/v1>).
const SECRET_KEY: &str = "AGE-SECRET-KEY-";

/// `text` with stars for what follows [`SECRET_KEY`], so that every byte keeps its place: whoever writes the wrong half
/// of a key into a file is told so by a CI system's log, which must not have it.
fn masked(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    for (start, _) in text.match_indices(SECRET_KEY) {
        let start = start + SECRET_KEY.len();
        let length = text[start..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        masked.to_mut().replace_range(start..start + length, &"*".repeat(length));
    }
    masked
}

/// The diagnostic for readers of JSON.
pub fn document(diagnostic: &Diagnostic) -> serde_json::Value {
    let line = |file: &SourceFile, span: &Range<usize>| file.line_of(span.start);
    let notes = diagnostic.notes.iter().map(|note| {
        serde_json::json!({ "message": note.message, "file": note.file.path, "line": line(&note.file, &note.span) })
    });
    serde_json::json!({
        "message": masked(&diagnostic.message), "file": diagnostic.file.path, "line": line(&diagnostic.file, &diagnostic.span),
        "help": diagnostic.help, "notes": notes.collect::<Vec<_>>(),
    })
}
