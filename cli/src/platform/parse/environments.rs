//! Blocks `environment`, and how their triggers go together.

use std::ops::Range;

use hcl_edit::structure::Block;

use crate::{
    hcl::{BlockReader, Diagnostic, Located},
    platform::{Environment, EnvironmentName, State, Trigger, form},
};

use super::{Parser, label};

/// An environment, and where its trigger stands.
struct Read {
    environment: Environment,
    trigger: Range<usize>,
}

impl<'a> Parser<'a> {
    /// Reads all environments. `default_branch` and `state` are what the rest of the file says, where it can be read.
    pub(super) fn environments(
        &mut self,
        blocks: &[&'a Block],
        default_branch: Option<&Located<String>>,
        state: Option<&State>,
    ) -> Vec<Environment> {
        let mut names: Vec<EnvironmentName> = Vec::new();
        let mut found: Vec<Read> = Vec::new();
        for (position, block) in blocks.iter().enumerate() {
            let Some(name) = self.environment_name(block, &names) else {
                // What is wrong inside is told all the same.
                self.environment(block, state);
                continue;
            };
            names.push(name.clone());
            let Some((trigger, protected, state)) = self.environment(block, state) else { continue };
            let environment = Environment { name, trigger: trigger.0, protected, state };
            let read = Read { environment, trigger: trigger.1 };
            self.fits_position(&read, position, default_branch);
            self.clashes(&read, &found);
            found.push(read);
        }
        if let Some(branch) = default_branch {
            self.circle(branch, &found);
        }
        found.into_iter().map(|read| read.environment).collect()
    }

    fn environment_name(&mut self, block: &'a Block, known: &[EnvironmentName]) -> Option<EnvironmentName> {
        let label = label(block);
        let name = match EnvironmentName::new(label.value.as_str()) {
            Ok(name) => name,
            Err(error) => {
                self.problem(&label, error.to_string());
                return None;
            }
        };
        if name.as_str() == "shared" {
            self.problem(&label, "no environment can be called `shared`".to_owned()).help =
                Some("`shared` is where stacks without an environment keep their state".to_owned());
            return None;
        }
        if known.contains(&name) {
            self.problem(&label, format!("environment `{name}` is defined twice"));
            return None;
        }
        Some(name)
    }

    /// Trigger with its place, protection and own state.
    #[expect(clippy::type_complexity, reason = "the three attributes of one block, taken apart at once")]
    fn environment(
        &mut self,
        block: &'a Block,
        platform: Option<&State>,
    ) -> Option<((Trigger, Range<usize>), bool, Option<State>)> {
        let (trigger, protected, own) = self.read(block, |reader| {
            let trigger = reader.required_string("trigger").and_then(|text| trigger(reader, text));
            let protected = reader.boolean("protected").is_some_and(|located| located.value);
            (trigger, protected, reader.at_most_one("state", &["kind"]))
        });
        let state = own.and_then(|own| {
            let state = self.state(own)?;
            let kind = label(own);
            if let Some(platform) = platform.filter(|platform| platform.backend.kind() != state.backend.kind()) {
                let wanted = platform.backend.kind();
                self.problem(&kind, format!("the state of an environment must be `{wanted}`, as the platform's is"))
                    .help = Some("a stack's backend block names one kind for all environments".to_owned());
            }
            Some(state)
        });
        Some((trigger?, protected, state))
    }

    /// The first environment gets what is merged; what comes later is promoted to.
    fn fits_position(&mut self, read: &Read, position: usize, default_branch: Option<&Located<String>>) {
        let (message, help) = match (&read.environment.trigger, default_branch) {
            (Trigger::Branch(branch), Some(default)) if position == 0 && *branch != default.value => (
                format!("branch `{branch}` is not the one that changes are merged into, `{}`", default.value),
                format!("write `branch:{}`, or a tag", default.value),
            ),
            (Trigger::Branch(_), _) if position > 0 => (
                format!("a branch cannot deliver to `{}`, which is promoted to", read.environment.name),
                format!("write a tag, such as `tag:{}-deploy-*`", read.environment.name),
            ),
            _ => return,
        };
        self.problems.push(Diagnostic::new(self.file, read.trigger.clone(), message).with_help(help));
    }

    /// No push may deliver to two environments.
    fn clashes(&mut self, read: &Read, earlier: &[Read]) {
        let trigger = &read.environment.trigger;
        for other in earlier {
            let (name, known) = (&other.environment.name, &other.environment.trigger);
            let message = if trigger == known {
                format!("environment `{name}` has the trigger `{trigger}` already")
            } else if trigger.overlaps(known) {
                format!("some tags match both `{trigger}` and `{known}`, the trigger of environment `{name}`")
            } else {
                continue;
            };
            let problem = Diagnostic::new(self.file, read.trigger.clone(), message);
            self.problems.push(problem.with_help("a push must deliver to one environment alone"));
        }
    }

    /// The pipeline moves the branches that engines follow. If changes were merged into one of those, a promotion
    /// would be a change that is to be promoted again.
    fn circle(&mut self, default_branch: &Located<String>, found: &[Read]) {
        for Read { environment, .. } in found {
            if matches!(environment.trigger, Trigger::Tag(_)) && environment.engine_branch() == default_branch.value {
                let name = &environment.name;
                let message = format!(
                    "`{}` is the branch that every promotion to `{name}` moves: the triggers form a cycle",
                    default_branch.value
                );
                self.problem(default_branch, message).help = Some("merge into another branch".to_owned());
            }
        }
    }
}

/// The trigger and its place.
fn trigger(reader: &mut BlockReader<'_, '_>, text: Located<String>) -> Option<(Trigger, Range<usize>)> {
    let Located { value, span } = text;
    let Some(trigger) = Trigger::parse(&value) else {
        reader.problem(span, format!("`{value}` is not a trigger")).help =
            Some("write `branch:<name>` or `tag:<pattern>`".to_owned());
        return None;
    };
    let (what, checked) = match &trigger {
        Trigger::Branch(name) => ("branch name", form::reference(name)),
        Trigger::Tag(pattern) => ("pattern for tags", form::tag_pattern(pattern)),
    };
    if let Err(reason) = checked {
        reader.problem(span, format!("`{value}` is not a trigger: its {what} is wrong")).help = Some(reason.to_owned());
        return None;
    }
    Some((trigger, span))
}
