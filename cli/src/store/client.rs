//! What the clients of all clouds have in common.

use std::time::Duration;

use object_store::{BackoffConfig, RetryConfig};

/// How often and how long a request is repeated: long enough for a hiccup of the network, short enough
/// that a wrong address or a missing role is told before anybody presses Ctrl-C.
const RETRIES: usize = 4;
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);

/// How requests are repeated.
pub(super) fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    }
}

/// Chooses ring for TLS before a client needs it.
pub(super) fn install_tls() {
    // Fails only when there is a provider already, and the whole program has ring alone.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
