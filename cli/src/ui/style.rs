//! Colour by meaning; without colour every function returns its text as it is.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::review::{Paint, Role};

/// Styles of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Styles {
    colored: bool,
}

impl Styles {
    /// Styles that do nothing unless `colored`.
    pub fn new(colored: bool) -> Self {
        Self { colored }
    }

    /// Whether escape codes are written.
    pub fn is_colored(self) -> bool {
        self.colored
    }

    fn paint(self, style: Style, text: impl Display) -> String {
        if self.colored { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// `error:` and what is lost.
    pub fn error(self, text: impl Display) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    /// `warning:` and what changes.
    pub fn warning(self, text: impl Display) -> String {
        self.paint(AnsiColor::Yellow.on_default().bold(), text)
    }

    /// `hint:`.
    pub fn hint(self, text: impl Display) -> String {
        self.paint(AnsiColor::Cyan.on_default().bold(), text)
    }

    /// What succeeded, and what is new.
    pub fn good(self, text: impl Display) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// Headings.
    pub fn bold(self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// What matters less.
    pub fn dim(self, text: impl Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }
}

impl Paint for Styles {
    fn paint(&self, role: Role, text: &str) -> String {
        match role {
            Role::Heading => self.bold(text),
            Role::Added => self.good(text),
            Role::Changed => Self::paint(*self, AnsiColor::Yellow.on_default(), text),
            Role::Removed => Self::paint(*self, AnsiColor::Red.on_default(), text),
            Role::Danger => self.error(text),
            Role::Dim => self.dim(text),
        }
    }
}
