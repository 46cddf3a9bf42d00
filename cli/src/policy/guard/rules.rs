//! What a change makes of `kstack.hcl`: the blocks that say who may do what with whose rights.

use crate::{
    platform::{Level, Platform, Policy, layout},
    policy::Finding,
};

use super::{Examined, Guarded};

pub(super) fn examine(change: &Guarded<'_>, examined: &mut Examined) {
    let before = change.base.map(crate::closure::load_platform);
    let told = match before {
        Some(Ok(before)) => differences(&before, change.platform),
        Some(Err(_)) | None => vec!["there is no platform yet that could be trusted".to_owned()],
    };
    examined.pipeline.extend(
        told.into_iter()
            .map(|message| Finding::new(Level::Warn, "pipeline", message).in_file(layout::PLATFORM_FILE, None)),
    );
}

/// What differs, one sentence each.
fn differences(before: &Platform, after: &Platform) -> Vec<String> {
    let mut told = Vec::new();
    let mut tell = |differs: bool, what: &str| {
        if differs {
            told.push(what.to_owned());
        }
    };
    // Its files are told by themselves.
    let plain = |policy: &Policy| Policy { files: Default::default(), ..policy.clone() };
    tell(plain(&before.policy) != plain(&after.policy), "block `policy` changes");
    tell(before.pipeline != after.pipeline, "block `pipeline` changes");
    tell(before.state != after.state, "block `state` changes");
    tell(before.forge != after.forge, "block `forge` changes");
    tell(before.repository != after.repository, "`repository` of block `platform` changes");
    tell(before.default_branch != after.default_branch, "`default_branch` of block `platform` changes");
    let order = |platform: &Platform, other: &Platform| -> Vec<String> {
        let names = platform.environments.iter().map(|environment| environment.name.to_string());
        names.filter(|name| other.environment(name).is_some()).collect()
    };
    tell(order(before, after) != order(after, before), "the order of promotion changes");
    for environment in &before.environments {
        let name = environment.name.as_str();
        match after.environment(name) {
            Some(now) => tell(now != environment, &format!("environment `{name}` changes")),
            None => tell(true, &format!("environment `{name}` goes")),
        }
    }
    // A new one at the front would be applied first.
    let first = |platform: &Platform| platform.environments.first().map(|environment| environment.name.clone());
    tell(
        first(before) != first(after) && order(before, after) == order(after, before),
        "the first environment is another one",
    );
    told
}
