//! Which line set what: the settings of module calls, in all environments that are asked for.

use std::collections::BTreeMap;

use super::{
    call::{Documents, ModuleCall},
    inherit::InheritError,
    likeness::nearest_key,
    module::Module,
    settled::{Settled, settle},
};

/// The settings of one module call.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// The call.
    pub call: &'a ModuleCall,
    /// What it calls.
    pub module: Module,
    /// Each key, in the order of the module, with what holds for it by environment, in the order asked for.
    pub settings: Vec<(String, Vec<(String, Settled)>)>,
    /// Environments whose settings only Terraform can tell.
    pub untold: Vec<String>,
}

/// Why nothing can be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// No call has the key.
    #[error("there is no setting `{key}`")]
    NoKey {
        /// As asked for.
        key: String,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// The environments do not inherit as they must.
    #[error("the settings of module `{call}` cannot be inherited")]
    Inherit {
        /// The call.
        call: String,
        /// Why.
        source: InheritError,
    },
}

/// The settings of `calls` in `environments`.
///
/// `key` narrows them: the name of a call, a key, or both with a dot between (`node_pool_default.min_size`). A key
/// without a call is looked for in all calls, and stands for everything below it.
///
/// # Errors
/// [`ExplainError`].
pub fn explain<'a>(
    documents: &Documents,
    calls: &'a [ModuleCall],
    environments: &[&str],
    key: Option<&str>,
) -> Result<Vec<Explanation<'a>>, ExplainError> {
    let named = key.and_then(|key| {
        let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
        calls.iter().find(|call| call.name == first).map(|call| (call, rest))
    });
    let (calls, key_below) = match named {
        Some((call, rest)) => (std::slice::from_ref(call), rest),
        None => (calls, key),
    };
    let mut explanations = Vec::new();
    for call in calls {
        explanations.push(one(documents, call, environments)?);
    }
    let Some(wanted) = key_below else { return Ok(explanations) };
    let known: Vec<String> =
        explanations.iter().flat_map(|found| found.settings.iter().map(|(key, _)| key.clone())).collect();
    for explanation in &mut explanations {
        explanation.settings.retain(|(key, _)| is_at_or_below(key, wanted));
    }
    explanations.retain(|explanation| !explanation.settings.is_empty());
    if explanations.is_empty() {
        let names = calls.iter().map(|call| call.name.as_str()).filter(|_| named.is_none());
        let candidates = known.iter().map(String::as_str).chain(names);
        let nearest = nearest_key(wanted, candidates).map(|near| match named {
            Some((call, _)) => format!("{}.{near}", call.name),
            None => near.to_owned(),
        });
        return Err(ExplainError::NoKey { key: key.unwrap_or_default().to_owned(), nearest });
    }
    Ok(explanations)
}

fn is_at_or_below(key: &str, wanted: &str) -> bool {
    key.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn one<'a>(
    documents: &Documents,
    call: &'a ModuleCall,
    environments: &[&str],
) -> Result<Explanation<'a>, ExplainError> {
    let module = Module::read(documents, &call.module);
    let (mut keys, mut untold) = (Vec::new(), Vec::new());
    let mut found = BTreeMap::<String, Vec<(String, Settled)>>::new();
    for &environment in environments {
        let effective =
            call.effective(environment).map_err(|source| ExplainError::Inherit { call: call.name.clone(), source })?;
        let Some(effective) = effective else {
            untold.push(environment.to_owned());
            continue;
        };
        let mut last = None;
        for settled in settle(&module, &effective) {
            let key = settled.key();
            if !found.contains_key(&key) {
                // Keys that only a later environment has go behind their neighbour.
                let at =
                    last.as_ref().and_then(|last| keys.iter().position(|known| known == last)).map_or(0, |at| at + 1);
                keys.insert(at, key.clone());
            }
            found.entry(key.clone()).or_default().push((environment.to_owned(), settled));
            last = Some(key);
        }
    }
    let settings = keys.into_iter().map(|key| {
        let by_environment = found.remove(&key).unwrap_or_default();
        (key, by_environment)
    });
    Ok(Explanation { call, module, settings: settings.collect(), untold })
}
