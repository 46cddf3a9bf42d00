//! The terminal: the only room that writes to standard output and standard error.
//!
//! Data goes to standard output, talk to standard error. Everything reads well without colour.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the room that prints")]

pub mod audit;
mod diagnostic;
pub mod edits;
pub mod explanation;
pub mod inventory;
pub mod matrix;
pub mod outputs;
mod progress;
pub mod promotion;
mod prompt;
mod reporter;
pub mod status;
mod style;
mod sync;
mod table;

use std::io::IsTerminal as _;

use serde::Serialize;

use crate::{
    args::{ColorChoice, Format, GlobalArgs},
    error::{CliError, ErrorKind},
    exit::ExitCode,
    hcl::Diagnostic,
};

use diagnostic::Severity;
pub use diagnostic::document as diagnostic_document;
pub use progress::{Progress, Task};
pub use reporter::Reporter;
pub use style::Styles;
pub use sync::SyncReporter;
pub use table::Table;

/// What a run may say, where and how.
#[derive(Debug)]
pub struct Ui {
    format: Format,
    quiet: bool,
    verbose: bool,
    styles_out: Styles,
    styles_err: Styles,
    progress: Progress,
}

impl Ui {
    /// Settles colour and progress from the flags, `NO_COLOR`, `CLICOLOR_FORCE` and the terminal.
    pub fn new(args: &GlobalArgs) -> Self {
        let colored = |terminal: bool| match args.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                !set("NO_COLOR") && (terminal || set("CLICOLOR_FORCE"))
            }
        };
        let terminal = std::io::stderr().is_terminal();
        let bars =
            terminal && !args.quiet && args.format == Format::Human && std::env::var("TERM").as_deref() != Ok("dumb");
        Self {
            format: args.format,
            quiet: args.quiet,
            verbose: args.verbose,
            styles_out: Styles::new(colored(std::io::stdout().is_terminal())),
            styles_err: Styles::new(colored(terminal)),
            progress: Progress::new(bars),
        }
    }

    /// Whether standard output carries JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether the user asked for details.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Styles for text on standard output.
    pub fn styles(&self) -> &Styles {
        &self.styles_out
    }

    /// Styles for text on standard error.
    pub fn styles_err(&self) -> &Styles {
        &self.styles_err
    }

    /// Progress bars, which show only on a terminal; clones draw into the same area.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Data for people on standard output, with a line end.
    pub fn data(&self, text: &str) {
        self.progress.suspend(|| println!("{}", text.trim_end_matches('\n')));
    }

    /// A value on standard output as it is, without a line end: for programs.
    pub fn raw(&self, text: &str) {
        self.progress.suspend(|| print!("{text}"));
    }

    /// A line of standard output that is JSON already.
    fn line(&self, line: &str) {
        self.progress.suspend(|| println!("{line}"));
    }

    /// One JSON document on a line of standard output.
    ///
    /// # Errors
    /// Never for the types of this program; a value that cannot be written is a bug.
    pub fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        let line = serde_json::to_string(value).map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        self.line(&line);
        Ok(())
    }

    /// An event of a run as a JSON line. An event that cannot be written would be a bug; it must not end the run.
    fn event(&self, event: &impl Serialize) {
        let mut document = serde_json::json!({ "type": "event", "version": 1 });
        if let (Some(document), Ok(serde_json::Value::Object(fields))) =
            (document.as_object_mut(), serde_json::to_value(event))
        {
            document.extend(fields);
        }
        self.line(&document.to_string());
    }

    /// What was done, in a short sentence on standard error.
    pub fn status(&self, message: &str) {
        if !self.quiet {
            self.progress.suspend(|| eprintln!("{message}"));
        }
    }

    /// Says what [`Ui::status`] would say, from anywhere: for engines that work on other threads.
    pub fn teller(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let (quiet, progress) = (self.quiet, self.progress.clone());
        move |message| {
            if !quiet {
                progress.suspend(|| eprintln!("{message}"));
            }
        }
    }

    /// A detail that only `--verbose` shows.
    pub fn detail(&self, message: &str) {
        if self.verbose {
            self.progress.suspend(|| eprintln!("{}", self.styles_err.dim(message)));
        }
    }

    /// Something that works but should be looked at.
    pub fn warn(&self, message: &str) {
        self.progress.suspend(|| eprintln!("{} {message}", self.styles_err.warning("warning:")));
    }

    /// Things that have a place in a file and work, but should be looked at.
    pub fn warnings(&self, warnings: &[Diagnostic]) {
        for warning in warnings {
            let text = diagnostic::render(warning, Severity::Warning, self.styles_err.is_colored());
            self.progress.suspend(|| eprintln!("{text}\n"));
        }
    }

    /// What to do next.
    pub fn hint(&self, message: &str) {
        if !self.quiet {
            self.progress.suspend(|| eprintln!("{} {message}", self.styles_err.hint("hint:")));
        }
    }

    /// An error with its causes, its places in files, and its hints.
    pub fn error(&self, error: &CliError) {
        self.progress.clear();
        let styles = &self.styles_err;
        if self.format == Format::Json {
            let document = serde_json::json!({
                "type": "error", "version": 1, "message": error.to_string(),
                "causes": error.causes().collect::<Vec<_>>(), "hints": error.hints(),
                "problems": error.located().iter().map(diagnostic::document).collect::<Vec<_>>(),
            });
            println!("{document}");
        }
        eprintln!("{} {error}", styles.error("error:"));
        for cause in error.causes() {
            eprintln!("  caused by: {cause}");
        }
        for problem in error.located() {
            eprintln!("\n{}", diagnostic::render(problem, Severity::Error, styles.is_colored()));
        }
        if error.kind() == ErrorKind::Internal {
            eprintln!("\n{} this is a bug in kstack; please report it with the command you ran", styles.hint("hint:"));
        }
        for (index, hint) in error.hints().iter().enumerate() {
            eprintln!("{}{} {hint}", if index == 0 { "\n" } else { "" }, styles.hint("hint:"));
        }
    }
}

/// Prints clap's own message (help, version or a usage error) and tells the exit code.
pub fn clap_message(error: &clap::Error) -> ExitCode {
    // A closed pipe is the only way this fails, and then nobody reads.
    let _ = error.print();
    if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done }
}
