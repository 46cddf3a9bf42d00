//! One interrupt for everything that runs.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// A switch that is thrown once. Every Terraform that watches it gets exactly one SIGINT, however
/// often it is thrown: a second one would make Terraform leave at once and lose what it had not
/// recorded yet. What has not ended after the deadline is killed with its whole process group.
#[derive(Debug, Clone)]
pub struct Interrupt {
    raised: Arc<watch::Sender<bool>>,
    deadline: Duration,
}

impl Interrupt {
    /// A switch whose interrupted programs have `deadline` to end by themselves.
    pub fn new(deadline: Duration) -> Self {
        Self { raised: Arc::new(watch::Sender::new(false)), deadline }
    }

    /// Throws the switch. Every further call does nothing.
    pub fn raise(&self) {
        self.raised.send_if_modified(|raised| !std::mem::replace(raised, true));
    }

    /// Whether it was thrown.
    pub fn is_raised(&self) -> bool {
        *self.raised.borrow()
    }

    /// How long an interrupted program may take to end.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Waits until it is thrown.
    pub async fn wait(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.raised.subscribe().wait_for(|raised| *raised).await;
    }
}
