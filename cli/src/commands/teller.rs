//! What a forge that makes us wait says to the user.

use std::sync::Arc;

use super::Context;
use crate::forge::{Event, Sink};

/// Tells about waits and repetitions.
pub fn teller(context: &Context<'_>) -> Sink {
    let tell = context.ui.teller();
    Arc::new(move |event: &Event| match event {
        Event::Limited { forge, wait } => {
            tell(&format!("{forge} takes no more calls for now; waiting {} s", wait.as_secs()));
        }
        Event::Repeated { forge, action, reason } => {
            tell(&format!("{forge}: {reason} to \"{action}\"; trying again"));
        }
    })
}
