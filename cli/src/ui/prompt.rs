//! Questions, asked only where a person can answer them.

use std::io::{self, IsTerminal as _};

use dialoguer::{Confirm, Input, Select, console::Term, theme::SimpleTheme};

use super::Ui;

impl Ui {
    /// Whether questions can be asked: standard input and standard error are a terminal.
    pub fn can_ask(&self) -> bool {
        !self.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks until there is an answer that `check` takes; an empty one takes `default`, where there is one.
    ///
    /// # Errors
    /// When the terminal goes away or the user interrupts.
    pub fn ask(
        &self,
        question: &str,
        default: Option<String>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> io::Result<String> {
        let mut input = Input::<String>::with_theme(&SimpleTheme)
            .with_prompt(question)
            .validate_with(move |text: &String| check(text));
        if let Some(default) = default {
            input = input.default(default);
        }
        self.progress.suspend(|| input.interact_text()).map_err(given_up)
    }

    /// Lets a person choose one of `items`; gives its number.
    ///
    /// # Errors
    /// As [`Ui::ask`].
    pub fn choose(&self, question: &str, items: &[&str]) -> io::Result<usize> {
        let select = Select::with_theme(&SimpleTheme).with_prompt(question).items(items).default(0);
        self.progress.suspend(|| select.interact()).map_err(given_up)
    }

    /// Asks for yes or no; an empty answer is no.
    ///
    /// # Errors
    /// As [`Ui::ask`].
    pub fn confirm(&self, question: &str) -> io::Result<bool> {
        let confirm = Confirm::with_theme(&SimpleTheme).with_prompt(question).default(false);
        self.progress.suspend(|| confirm.interact()).map_err(given_up)
    }
}

/// A question that got no answer leaves the cursor hidden and in its line; what comes next begins a new one.
fn given_up(dialoguer::Error::IO(error): dialoguer::Error) -> io::Error {
    let terminal = Term::stderr();
    match terminal.show_cursor().and_then(|()| terminal.write_line("")) {
        Ok(()) => error,
        // The terminal has gone, which is the better reason unless somebody interrupted.
        Err(gone) if error.kind() != io::ErrorKind::Interrupted => gone,
        Err(_) => error,
    }
}
