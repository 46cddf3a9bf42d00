//! Settings of modules, before Terraform runs: environments, keys, types, required values, ranges, networks and names,
//! each at its line.
//!
//! Everything here is read from the modules themselves: `known_keys.tf`, the types in `settings/`, and their
//! validations. What keys mean is told by their names, the same in every cloud (`network.cidr`, `min_size`).

mod environments;
mod names;
mod needs;
mod networks;
mod ranges;
mod rules;
mod values;

use std::{collections::BTreeMap, rc::Rc};

use crate::{
    hcl::Diagnostic,
    platform::{
        Stack,
        configuration::{Module, ModuleCall, Place, Settled, Value, settle},
    },
};

use super::stacks::Context;

/// What holds for a module call in one environment.
struct Outcome<'a> {
    stack: &'a Stack,
    call: &'a ModuleCall,
    module: Rc<Module>,
    environment: &'a str,
    settled: Vec<Settled>,
}

impl Outcome<'_> {
    /// The setting at `path`.
    fn get(&self, path: &[&str]) -> Option<&Settled> {
        self.settled.iter().find(|settled| settled.path == path)
    }
}

/// Checks the module calls of all stacks.
pub(super) fn check(
    context: &Context<'_>,
    stacks: &[Stack],
    problems: &mut Vec<Diagnostic>,
    warnings: &mut Vec<Diagnostic>,
) {
    let calls = stacks.iter().flat_map(|stack| {
        ModuleCall::of_stack(context.documents, &stack.name).into_iter().map(move |call| (stack, call))
    });
    let calls: Vec<(&Stack, ModuleCall)> = calls.collect();
    let mut modules = BTreeMap::<&str, Rc<Module>>::new();
    let mut outcomes = Vec::new();
    for (stack, call) in &calls {
        let module =
            modules.entry(&call.module).or_insert_with(|| Rc::new(Module::read(context.documents, &call.module)));
        environments::check(context.platform, stack, call, problems);
        if let Some(known) = &module.known {
            values::check(call, known, problems);
        }
        for environment in &context.platform.environments {
            let (environment, here) = (environment.name.as_str(), |name: &str| name == environment.name.as_str());
            let instances = stack.instances(&context.platform.environments);
            let has =
                instances.iter().any(|instance| instance.environment.as_ref().is_some_and(|name| here(name.as_str())));
            // Whoever cannot inherit was told so by the check of environments.
            if let (true, Ok(Some(effective))) = (has, call.effective(environment))
                && effective.leaf().is_none_or(|leaf| matches!(leaf, Value::Expression(_)))
            {
                let settled = settle(module, &effective);
                outcomes.push(Outcome { stack, call, module: Rc::clone(module), environment, settled });
            }
        }
    }
    needs::check(&outcomes, problems);
    ranges::check(&outcomes, problems);
    networks::check(&outcomes, problems, warnings);
    names::check(&outcomes, problems);
    // Last: what was told in better words already is not told again.
    rules::check(&outcomes, problems);
}

/// Names in backticks, with commas between.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `environment` or `environments`, and their names.
fn in_words(environments: &[&str]) -> String {
    let s = if environments.len() == 1 { "" } else { "s" };
    format!("environment{s} {}", listed(environments.iter().copied()))
}

/// Whether a problem of this file says that `name` was probably meant: that it is missing need not be told as well.
fn is_suggested(problems: &[Diagnostic], place: &Place, name: &str) -> bool {
    let help = format!("did you mean `{name}`?");
    problems.iter().any(|problem| problem.file == place.file && problem.help.as_ref() == Some(&help))
}
