//! Rules of a platform's own, in Rego: compiled once, evaluated in this process.
//!
//! Rego here can read nothing but its input, and ask nobody: the functions that do are not built in.

use std::{collections::BTreeSet, num::NonZeroU32, time::Duration};

use regorus::{Engine, utils::limits::ExecutionTimerConfig};
use serde_json::Value;

use crate::platform::Level;

use super::{Finding, PolicyError};

/// How long one rule may take. A rule that takes longer denies: it did not say that all is well.
const TIME: Duration = Duration::from_secs(5);
/// How many steps between two looks at the clock.
const INTERVAL: NonZeroU32 = match NonZeroU32::new(512) {
    Some(interval) => interval,
    None => NonZeroU32::MIN,
};
/// How large one file may be, in bytes.
pub(super) const FILE_LIMIT: usize = 1 << 20;
/// How much of what one rule says is kept.
const MESSAGES: usize = 100;
const MESSAGE: usize = 1_000;

/// Compiled rules.
#[derive(Clone)]
pub(super) struct Rules {
    engine: Engine,
    /// Paths of the rules to ask, such as `data.acme.deny`, in the order of their names.
    pub(super) asked: Vec<(Level, String)>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Rules {
    /// Compiles `files`, path and text.
    ///
    /// # Errors
    /// [`PolicyError::Compile`] with file and line.
    pub(super) fn compile<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, PolicyError> {
        let engine = engine(files)?;
        let mut asked = BTreeSet::new();
        for (file, package) in packages(&engine)? {
            for (level, name) in [(Level::Deny, "deny"), (Level::Warn, "warn")] {
                let has = engine.has_declared_rule_rooted_at(&file, name);
                if has.map_err(|error| problem(&file, &error.to_string()))? {
                    asked.insert((level, format!("{package}.{name}")));
                }
            }
        }
        let asked = asked.into_iter().collect();
        Ok(Self { engine, asked })
    }

    /// What the rules say of `input`.
    pub(super) fn judge(&self, input: &Value) -> Vec<Finding> {
        let mut engine = self.engine.clone();
        engine.set_input(regorus::Value::from(input.clone()));
        let mut findings = Vec::new();
        for (level, path) in &self.asked {
            match engine.eval_rule(path.clone()) {
                Ok(value) => findings.extend(said(*level, path, &value)),
                Err(error) => {
                    let message = format!("it cannot be evaluated: {}", message(&error.to_string()));
                    let finding = Finding::new(Level::Deny, path.clone(), message);
                    findings.push(match place(&error.to_string()) {
                        Some((file, line)) => finding.in_file(file, Some(line)),
                        None => finding,
                    });
                }
            }
        }
        findings
    }
}

/// An engine with `files` in it, that has been told its limits.
pub(super) fn engine<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Engine, PolicyError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: TIME, check_interval: INTERVAL });
    let mut last = String::new();
    for (path, text) in files {
        engine.add_policy(path.to_owned(), text.to_owned()).map_err(|error| problem(path, &error.to_string()))?;
        path.clone_into(&mut last);
    }
    // Names that nothing has and rules that go round in circles show when everything is put together.
    let probe = engine.clone().eval_rule("data.kstack_probe".to_owned());
    match probe {
        // There is no such rule, of course; anything else is a problem of the files.
        Err(error) if !error.to_string().contains("not a valid rule path") => Err(problem(&last, &error.to_string())),
        _ => Ok(engine),
    }
}

/// The package of each file, as a path.
pub(super) fn packages(engine: &Engine) -> Result<Vec<(String, String)>, PolicyError> {
    let packages = engine.get_policy_package_components();
    let packages = packages.map_err(|error| PolicyError::Unusable { message: error.to_string() })?;
    let path = |components: Vec<String>| {
        components.iter().fold("data".to_owned(), |path, part| {
            let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain { format!("{path}.{part}") } else { format!("{path}[{}]", Value::String(part.clone())) }
        })
    };
    Ok(packages.into_iter().map(|package| (package.source_file, path(package.components))).collect())
}

/// What a rule gave: a set or list of texts or objects, or an object whose keys are the texts.
fn said(level: Level, path: &str, value: &regorus::Value) -> Vec<Finding> {
    let items: Vec<&regorus::Value> = match value {
        regorus::Value::Set(items) => items.iter().collect(),
        regorus::Value::Array(items) => items.iter().collect(),
        regorus::Value::String(_) => vec![value],
        regorus::Value::Object(entries) => entries.keys().collect(),
        regorus::Value::Bool(true) => return vec![Finding::new(level, path, "it is so")],
        _ => Vec::new(),
    };
    let mut findings: Vec<Finding> = items.iter().take(MESSAGES).map(|item| one(level, path, item)).collect();
    if let more @ 1.. = items.len().saturating_sub(MESSAGES) {
        findings.push(Finding::new(level, path, format!("and {more} more")));
    }
    findings
}

fn one(level: Level, path: &str, item: &regorus::Value) -> Finding {
    let json = serde_json::to_value(item).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| json[name].as_str().map(str::to_owned));
    let message = json.as_str().map(str::to_owned).or_else(|| text(&["msg", "message"]));
    let message: String = message.unwrap_or_else(|| json.to_string()).chars().take(MESSAGE).collect();
    let mut finding = Finding::new(level, path, message);
    finding.address = text(&["address"]);
    finding.help = text(&["help"]);
    finding
}

/// A problem of the compiler at its place.
fn problem(path: &str, error: &str) -> PolicyError {
    let (path, line) = place(error).unwrap_or_else(|| (path.to_owned(), 1));
    PolicyError::Compile { path, line, message: message(error) }
}

/// The place in a message of the engine: `--> policies/a.rego:3:5`.
pub(super) fn place(error: &str) -> Option<(String, usize)> {
    let place = error.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let (rest, _column) = place.trim().rsplit_once(':')?;
    let (path, line) = rest.rsplit_once(':')?;
    Some((path.to_owned(), line.parse().ok()?))
}

/// What a message of the engine says, without the picture of its place.
pub(super) fn message(error: &str) -> String {
    let said = error.lines().find_map(|line| line.trim().strip_prefix("error: "));
    said.unwrap_or_else(|| error.lines().next().unwrap_or_default()).trim().to_owned()
}
