//! How every command runs: after an init, in an environment of its own, with secrets masked in what it says.

use std::sync::{PoisonError, atomic::Ordering};

use tokio::process::Command;

use super::{
    Cause, Diagnostic, InitOutcome, Severity, Terraform, TerraformError, TerraformEvent, Watch, environment,
    process::{Ended, Run, Stdout},
};

impl Terraform {
    /// Runs a command after init; once more after a real init if Terraform asks for one.
    pub(super) async fn prepared(
        &self,
        name: &'static str,
        stdout: Stdout,
        also_good: &'static [i32],
        watch: &Watch<'_>,
        command: impl Fn() -> Command,
    ) -> Result<Ended, TerraformError> {
        let fresh = if self.ready.load(Ordering::Relaxed) {
            // Hours may have passed since, and what is started is what the store looked at.
            self.provide(watch).await?;
            InitOutcome::Skipped
        } else {
            self.init(watch).await?
        };
        if fresh == InitOutcome::Done {
            return self.follow(command(), name, stdout, also_good, watch).await;
        }
        // What makes us try again is not the user's concern.
        let quiet = |event: TerraformEvent| match event {
            TerraformEvent::Diagnostic(found)
                if found.severity == Severity::Error && Cause::of_diagnostic(&found) == Some(Cause::InitNeeded) => {}
            event => (watch.events)(event),
        };
        let first = Watch { events: &quiet, interrupt: watch.interrupt };
        match self.follow(command(), name, stdout, also_good, &first).await {
            Err(TerraformError::Failed(failure)) if failure.cause() == Cause::InitNeeded => {
                self.supply.doubt(&failure);
                self.forget_init()?;
                self.init(watch).await?;
                self.follow(command(), name, stdout, also_good, watch).await
            }
            result => result,
        }
    }

    pub(super) async fn follow(
        &self,
        command: Command,
        name: &'static str,
        stdout: Stdout,
        also_good: &'static [i32],
        watch: &Watch<'_>,
    ) -> Result<Ended, TerraformError> {
        let program = self.binary.product.program();
        let command_name = format!("{program} {name}");
        let directory = &self.workspace.directory;
        let logs = &self.workspace.data;
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_news = |diagnostic: &Diagnostic| !self.cli_config.is_of_overrides(diagnostic);
        let clear = |event| match event {
            TerraformEvent::Diagnostic(diagnostic) if !is_news(&diagnostic) => {}
            event => (watch.events)(secrets.clear_event(event)),
        };
        let cleared = Watch { events: &clear, interrupt: watch.interrupt };
        let run = Run { command: command_name, name, directory, logs, stdout, also_good };
        let mut ended = run.follow(command, &cleared).await.map_err(|mut error| {
            if let TerraformError::Failed(failure) = &mut error {
                failure.diagnostics.retain(is_news);
            }
            secrets.clear_error(error)
        })?;
        ended.diagnostics.retain(is_news);
        ended.diagnostics.iter_mut().for_each(|diagnostic| secrets.clear_diagnostic(diagnostic));
        Ok(ended)
    }

    /// A command that changes nothing: Terraform starts what the store provides without hashing it once more.
    pub(super) fn reading_command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = self.command(arguments);
        if let Some(path) = self.cli_config.reading_file() {
            command.env("TF_CLI_CONFIG_FILE", path);
        }
        command
    }

    pub(super) fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(&self.binary.path);
        command.args(arguments);
        environment::apply(&mut command);
        command.envs(&self.workspace.environment);
        command.env("TF_DATA_DIR", self.workspace.data.join("terraform"));
        if let Some(path) = self.cli_config.file() {
            command.env("TF_CLI_CONFIG_FILE", path);
        }
        command
    }
}
