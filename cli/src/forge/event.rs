//! What a client tells while it works.

use std::{sync::Arc, time::Duration};

/// Something that makes a call take longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The forge asks for patience.
    Limited {
        /// The forge's name.
        forge: &'static str,
        /// How long the client waits before it asks again.
        wait: Duration,
    },
    /// The forge did not answer, or with an error of its own; the client asks again.
    Repeated {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done, such as `read pull request #7`.
        action: String,
        /// What was the answer.
        reason: String,
    },
}

/// Takes events. Calls run on any thread.
pub type Sink = Arc<dyn Fn(&Event) + Send + Sync>;
