//! The shards of a pull request in the words of each CI system.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    pipeline::{Parts, Shard},
    repo::CommitId,
};

/// Lines for the file that `$GITHUB_OUTPUT` names. GitHub fails a job whose matrix is empty, so the number is there to
/// skip it by.
pub fn github(parts: &Parts, shards: &[Shard]) -> String {
    let include: Vec<_> = shards
        .iter()
        .map(|shard| {
            let instances = parts.of(*shard);
            let stacks: BTreeSet<_> = instances.iter().map(|instance| &instance.stack).collect();
            json!({ "shard": shard, "stacks": stacks })
        })
        .collect();
    format!("matrix={}\nshards={}", json!({ "include": include }), shards.len())
}

/// A child pipeline. Its jobs extend hidden ones of the repository, where image and credentials are; a pipeline needs
/// a job,
/// so there is the report alone where there is nothing to plan.
pub fn gitlab(base: &CommitId, head: &CommitId, shards: &[Shard]) -> String {
    let names: Vec<String> = shards.iter().map(|shard| format!("\"{shard}\"")).collect();
    let (jobs, needs) = if names.is_empty() {
        (String::new(), "  needs: []\n")
    } else {
        let matrix = names.join(", ");
        let job =
            format!("\nshard:\n  extends: .kstack-shard\n  parallel:\n    matrix:\n      - KSTACK_SHARD: [{matrix}]\n");
        (job, "  needs:\n    - job: shard\n      artifacts: true\n")
    };
    format!(
        "# Written by `kstack ci matrix --for gitlab`.\n\
         include:\n  - local: .gitlab/kstack-shards.yml\n\n\
         variables:\n  KSTACK_BASE: \"{base}\"\n  KSTACK_HEAD: \"{head}\"\n{jobs}\n\
         report:\n  extends: .kstack-report\n{needs}"
    )
}

/// A list for `withParam` of Argo Workflows, which starts nothing for an empty one.
pub fn argo(shards: &[Shard]) -> String {
    let list: Vec<_> =
        shards.iter().map(|shard| json!({ "shard": shard, "index": shard.index().to_string() })).collect();
    json!(list).to_string()
}
