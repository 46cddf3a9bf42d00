//! How `kstack status` is laid out.

use serde_json::{Value, json};

use super::{Styles, Table};
use crate::{
    pipeline::{EnvironmentStatus, InstanceState, InstanceStatus},
    sync::{RegistryStatus, State},
};

/// Who holds the lock of an environment, if anybody does.
pub fn lock(status: &EnvironmentStatus) -> Option<String> {
    let (environment, lock) = (&status.environment, status.lock.as_ref()?);
    let who = format!("process {} on `{}` since {:.0}", lock.pid, lock.host, lock.since);
    Some(match lock.live {
        true => format!("`{environment}` is locked by {who}"),
        false => format!("`{environment}` has a lock that was left by {who}; the next apply takes it over"),
    })
}

/// A row for each instance.
pub fn infrastructure(styles: Styles, instances: &[InstanceStatus]) -> String {
    let mut table = Table::new(styles, &["INSTANCE", "STATE", "COMMIT", "WHEN", "NOTE"]);
    for status in instances {
        let commit = status.commit.as_deref().map(|commit| commit.get(..7).unwrap_or(commit).to_owned());
        let when = status.since.map(|since| since.strftime("%Y-%m-%d %H:%M").to_string());
        let note = status.note.clone().unwrap_or_default();
        table.row([
            status.instance.to_string(),
            state(styles, status.state),
            commit.unwrap_or_default(),
            when.unwrap_or_default(),
            note,
        ]);
    }
    table.render()
}

fn state(styles: Styles, state: InstanceState) -> String {
    match state {
        InstanceState::Applied => styles.good("applied"),
        InstanceState::Planned => "planned".to_owned(),
        InstanceState::Stale => styles.warning("stale"),
        InstanceState::Unplanned => "unplanned".to_owned(),
        InstanceState::Applying => styles.bold("applying"),
        InstanceState::Waiting => styles.dim("waiting"),
        InstanceState::Interrupted => styles.warning("interrupted"),
        InstanceState::Unknown => styles.error("unknown"),
        InstanceState::Errored => styles.error("errored"),
    }
}

/// A row for each object of a cluster's registry.
pub fn cluster(styles: Styles, status: &RegistryStatus) -> String {
    let mut table = Table::new(styles, &["object", "state", "brought", "message"]);
    for object in &status.objects {
        let (state, message) = match &object.state {
            State::Ready => (styles.good("ready"), status.revision.clone()),
            State::Waiting { message, .. } => (styles.dim("waiting"), message.clone()),
            State::Failed { reason, message } => (styles.error("failed"), format!("{reason}: {message}")),
            State::Suspended => (styles.warning("suspended"), String::new()),
        };
        let brought = status.delivered.get(&object.object).map(|brought| brought.len().to_string());
        table.row([object.object.to_string(), state, brought.unwrap_or_default(), message]);
    }
    table.render()
}

/// The document of an environment.
pub fn environment_document(status: &EnvironmentStatus) -> Value {
    json!({ "type": "environment-status", "version": 1, "environment": status.environment, "lock": status.lock })
}

/// The document of an instance.
pub fn instance_document(status: &InstanceStatus) -> Value {
    json!({
        "type": "instance-status", "version": 1, "instance": status.instance, "state": status.state,
        "commit": status.commit, "since": status.since, "note": status.note,
    })
}
