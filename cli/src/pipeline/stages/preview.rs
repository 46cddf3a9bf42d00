//! Previews an instance whose inputs are not known yet, and keeps what it shows as an envelope.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    sync::Arc,
};

use tempfile::TempPath;

use crate::{
    pipeline::{
        Event, EventSink, PipelineError, PlanResult, Workshop,
        bundle::Bundle,
        exported::Tree,
        planning::{self, Done, Fresh, Ground, Made},
        seal::Recipients,
        target::Target,
        trouble,
    },
    terraform::{ChangeList, Interrupt, StandIn, TerraformError},
};

use super::{
    Producer, Staged, Staging,
    graph::{Read, Wait},
};

/// Overrides are merged in the order of their names, so this one has the last word
/// (<https://developer.hashicorp.com/terraform/language/files/override>).
const OVERRIDE: &str = "zz_kstack_override.tf";

/// What a preview showed.
struct Preview {
    changes: ChangeList,
    notices: Vec<String>,
    outputs: Result<Arc<StandIn>, String>,
    made: Made,
}

impl Workshop {
    /// Previews `target`, which waits for others, and keeps its envelope. A preview that fails is none: then nothing can be
    /// told of what the instance will do, and it stops when its turn comes.
    pub(in crate::pipeline) async fn preview(
        &self,
        target: &Target,
        wait: Wait,
        producers: Vec<Producer>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Done, PipelineError> {
        let Wait { stage, stand_ins, .. } = wait;
        let previewed = match stand_ins {
            Ok(stand_ins) => self.try_preview(target, &stand_ins, interrupt, events).await?,
            Err(reason) => Err(reason),
        };
        let after: Vec<_> = producers.iter().map(|producer| producer.instance.clone()).collect();
        let (preview, unforeseen) = match previewed {
            Ok(preview) => (Some(preview), None),
            Err(reason) => (None, Some(reason)),
        };
        let staging = Staging { stage, after: producers, unforeseen: unforeseen.clone() };
        self.keep_envelope(target, staging, preview.as_ref(), events).await?;
        Ok(match preview {
            Some(Preview { changes, notices, outputs, .. }) => Done {
                result: PlanResult::Staged(Staged { stage, after, expected: Some(changes), unforeseen: None }),
                notices,
                outputs,
            },
            None => Done {
                outputs: Err(format!("{} cannot be foreseen itself", target.affected.instance)),
                result: PlanResult::Staged(Staged { stage, after, expected: None, unforeseen }),
                notices: Vec::new(),
            },
        })
    }

    /// The preview, or why there is none.
    async fn try_preview(
        &self,
        target: &Target,
        stand_ins: &[(Read, Arc<StandIn>)],
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Result<Preview, String>, PipelineError> {
        let instance = &target.affected.instance;
        // A copy of its own: nothing is ever applied in it, and other plans of the stack go by the real files.
        let scratch = self.site().export(&target.snapshot)?;
        let io = |source| PipelineError::Io { verb: "write in", path: scratch.path().to_owned(), source };
        let _states = redirect(&scratch, stand_ins).map_err(io)?;
        let ground = Ground {
            instance,
            tree: &scratch,
            platform: &target.platform,
            destroy: false,
            lock_file: &target.lock_file,
        };
        let Fresh { file, mut changes, notices } = match self.plan_fresh(&ground, interrupt, events).await {
            Err(PipelineError::Terraform(error)) if is_plan_failure(&error) => {
                let error = PipelineError::Terraform(error);
                return Ok(Err(trouble::tell(&error, instance).replace('\n', " ")));
            }
            planned => planned?,
        };
        if !changes.unmask_stand_ins() {
            return Ok(Err("which resources there are depends on it".to_owned()));
        }
        let outputs = planning::outputs_of(&file)?;
        let made = self.made(instance, &file)?;
        Ok(Ok(Preview { changes, notices, outputs, made }))
    }

    /// Keeps what was shown, without the plan file: a plan with made-up inputs that does not exist cannot be applied.
    async fn keep_envelope(
        &self,
        target: &Target,
        staging: Staging,
        preview: Option<&Preview>,
        events: EventSink<'_>,
    ) -> Result<(), PipelineError> {
        let (Some(plans), Some(commit)) = (&target.plans, target.commit) else { return Ok(()) };
        events(Event::Step { instance: target.affected.instance.clone(), step: "keeping the preview" });
        let recipients = Recipients::parse(&target.head.pipeline.recipients)?;
        let changes = preview.map(|preview| preview.changes.clone()).unwrap_or_default();
        let shown = serde_json::to_vec(&(&staging, &changes));
        let shown = shown.map_err(|source| PipelineError::BundleWrite { source: source.into() })?;
        let made = preview.map(|preview| preview.made.clone()).unwrap_or_default();
        let mut planned = self.planned(target, commit, made, changes);
        planned.mocked = staging.after.iter().map(|producer| format!("outputs of {}", producer.instance)).collect();
        let mut bundle = Bundle::new(planned, shown, !recipients.is_empty());
        bundle.manifest.staging = Some(staging);
        bundle.save(plans, &recipients).await
    }
}

/// Whether Terraform itself could not plan, and was not interrupted.
fn is_plan_failure(error: &TerraformError) -> bool {
    matches!(error, TerraformError::Failed(failure) if failure.command.ends_with(" plan"))
}

/// Points the data sources in `tree` at the states that stand in. The states can be read by the user alone, and go with
/// what is returned.
fn redirect(tree: &Tree, stand_ins: &[(Read, Arc<StandIn>)]) -> io::Result<Vec<TempPath>> {
    let mut states = Vec::new();
    let mut overrides: BTreeMap<&str, String> = BTreeMap::new();
    for (read, stand_in) in stand_ins {
        // In the tree, so that it is swept with it if this run is killed.
        let mut state = tempfile::Builder::new().prefix(".stand-in-").suffix(".tfstate").tempfile_in(tree.path())?;
        state.write_all(&stand_in.state())?;
        let path = quoted(&state.path().display().to_string());
        let block = quoted(&read.block);
        // A workspace would be looked for in another place.
        *overrides.entry(&read.module).or_default() += &format!(
            "data \"terraform_remote_state\" {block} {{\n  backend   = \"local\"\n  workspace = \"default\"\n  config    = {{ path \
             = {path} }}\n}}\n"
        );
        states.push(state.into_temp_path());
    }
    for (module, text) in overrides {
        fs::write(tree.path().join(module).join(OVERRIDE), text)?;
    }
    Ok(states)
}

/// A text in quotes, without templates.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_a_path() {
        assert_eq!(quoted(r#"/a "b"\${c}%{d}"#), r#""/a \"b\"\\$${c}%%{d}""#);
    }
}
