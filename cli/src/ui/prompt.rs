//! Questions, asked only where a person can answer them.

use std::io::{self, IsTerminal as _};

use dialoguer::{Input, theme::SimpleTheme};

use super::Ui;

impl Ui {
    /// Whether questions can be asked: standard input and standard error are a terminal.
    pub fn can_ask(&self) -> bool {
        !self.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks until there is an answer; an empty one takes `default`, where there is one.
    ///
    /// # Errors
    /// When the terminal goes away or the user interrupts.
    pub fn ask(&self, question: &str, default: Option<String>) -> io::Result<String> {
        let mut input = Input::<String>::with_theme(&SimpleTheme).with_prompt(question);
        if let Some(default) = default {
            input = input.default(default);
        }
        self.progress.suspend(|| input.interact_text()).map_err(|dialoguer::Error::IO(error)| error)
    }
}
