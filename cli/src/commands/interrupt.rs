//! Ctrl-C and SIGTERM: the first one asks running programs to end by themselves, once.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    error::{CliError, ErrorKind},
    terraform::Interrupt,
};

use super::Context;

/// How long Terraform may take to finish what is in flight before it is killed. Cloud operations that
/// cannot be cancelled, such as creating a control plane, take up to half an hour.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// From now on signals raise the returned interrupt instead of ending the program.
///
/// # Errors
/// When the system refuses to tell us about signals.
pub fn listen(context: &Context<'_>) -> Result<Interrupt, CliError> {
    let interrupt = Interrupt::new(DEADLINE);
    let raised = interrupt.clone();
    context.block_on(async move {
        let refused = |error| CliError::new(ErrorKind::External, error);
        let mut interrupts = signal(SignalKind::interrupt()).map_err(refused)?;
        let mut terminations = signal(SignalKind::terminate()).map_err(refused)?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                }
                raised.raise();
            }
        });
        Ok(interrupt)
    })
}
