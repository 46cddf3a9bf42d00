//! Diagnostics as rustc and cargo print them: message, place, source line, caret.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::hcl::Diagnostic;

/// The diagnostic as text, without a line end.
pub fn render(diagnostic: &Diagnostic, colored: bool) -> String {
    let end = diagnostic.span.end.min(diagnostic.file.text.len());
    let start = diagnostic.span.start.min(end);
    let snippet = Snippet::source(&diagnostic.file.text)
        .path(&diagnostic.file.path)
        .annotation(AnnotationKind::Primary.span(start..end));
    let title = Level::ERROR.primary_title(diagnostic.message.as_str());
    let mut groups = vec![Group::with_title(title).element(snippet)];
    if let Some(help) = &diagnostic.help {
        groups.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
    }
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups).to_string()
}
