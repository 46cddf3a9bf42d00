//! Inheritance: the settings of an environment from those of all that it inherits from.

use std::collections::BTreeMap;

use super::{
    call::Inheritance,
    value::{Place, Setting, Value},
};

/// The longest chain of environments, as in `modules/common/configuration`.
pub const MAX_CHAIN: usize = 32;

/// How many keys may lead to a value: `modules/common/configuration` walks that many levels.
pub const MAX_DEPTH: usize = 8;

/// What one environment says about a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The environment.
    pub environment: String,
    /// What it says.
    pub setting: Setting,
}

/// What comes of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The outcome.
    pub content: Content,
    /// All environments of the chain that say something about the key, the nearest first. A leaf is what the first
    /// says; the others are overridden.
    pub sources: Vec<Source>,
}

/// The outcome of a merge.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Anything but an object. `null` means that the key is removed, so that the module's default applies; an
    /// expression that it is not known before Terraform runs, not even whether it merges.
    Leaf(Value),
    /// An object.
    Object {
        /// Its keys, removed ones included.
        entries: BTreeMap<String, Effective>,
        /// Whether an expression below the literal objects may add further keys.
        open: bool,
    },
}

impl Effective {
    /// What decided: the nearest source.
    pub fn place(&self) -> Option<&Place> {
        self.sources.first().map(|source| &source.setting.place)
    }

    /// Whether the key is there no more.
    pub fn is_removed(&self) -> bool {
        matches!(self.content, Content::Leaf(Value::Null))
    }

    /// The leaf's value.
    pub fn leaf(&self) -> Option<&Value> {
        match &self.content {
            Content::Leaf(value) => Some(value),
            Content::Object { .. } => None,
        }
    }

    /// The key below, at any depth; removed keys are found too.
    pub fn get(&self, path: &[&str]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match &self.content {
            Content::Object { entries, .. } => entries.get(*first)?.get(rest),
            Content::Leaf(_) => None,
        }
    }

    /// Whether the value at `path` cannot be known before Terraform runs: it, or an object on the way to it, is an
    /// expression.
    pub fn is_unknown(&self, path: &[&str]) -> bool {
        match (&self.content, path.split_first()) {
            (Content::Leaf(Value::Expression(_)), _) => true,
            (Content::Leaf(_), _) | (_, None) => false,
            (Content::Object { entries, open }, Some((first, rest))) => {
                entries.get(*first).map_or(*open, |below| below.is_unknown(rest))
            }
        }
    }

    /// The settings as Terraform's module gives them: removed keys are left out. `None` if any part is an expression.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        match &self.content {
            Content::Leaf(value) => value.to_json(),
            Content::Object { open: true, .. } => None,
            Content::Object { entries, .. } => {
                let kept = entries.iter().filter(|(_, below)| !below.is_removed());
                let pairs = kept.map(|(key, below)| Some((key.clone(), below.to_json()?)));
                Some(serde_json::Value::Object(pairs.collect::<Option<_>>()?))
            }
        }
    }
}

/// Why settings cannot be inherited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InheritError {
    /// The environment is not in the configuration.
    #[error("the configuration has no environment `{environment}`")]
    NoEnvironment {
        /// Its name.
        environment: String,
    },
    /// The parent of an environment is not in the configuration.
    #[error("environment `{environment}` inherits from `{parent}`, which is not in the configuration")]
    NoParent {
        /// The environment.
        environment: String,
        /// Its parent.
        parent: String,
    },
    /// An environment inherits from itself.
    #[error("an environment inherits from itself: {}", .chain.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → "))]
    Cycle {
        /// From an environment along its parents to the first that returns.
        chain: Vec<String>,
    },
    /// More than [`MAX_CHAIN`] environments inherit from each other.
    #[error("more than {MAX_CHAIN} environments inherit from each other, beginning with `{environment}`")]
    TooLong {
        /// Where the chain begins.
        environment: String,
    },
    /// Settings are nested deeper than [`MAX_DEPTH`] levels.
    #[error("environment `{environment}` is nested deeper than {MAX_DEPTH} levels at `{path}`")]
    TooDeep {
        /// The environment.
        environment: String,
        /// The object at the first level too many.
        path: String,
    },
}

/// The environments that `environment` gets its settings from: the root first, itself last.
///
/// # Errors
/// [`InheritError`] for everything but [`InheritError::TooDeep`].
pub fn chain(environments: &[&str], inheritance: &Inheritance, environment: &str) -> Result<Vec<String>, InheritError> {
    if !environments.contains(&environment) {
        return Err(InheritError::NoEnvironment { environment: environment.to_owned() });
    }
    let mut chain = vec![environment.to_owned()];
    let mut link = environment;
    while let Some(parent) = inheritance.parent(link) {
        if !environments.contains(&parent) {
            return Err(InheritError::NoParent { environment: link.to_owned(), parent: parent.to_owned() });
        }
        let returns = chain.iter().any(|known| known == parent);
        chain.push(parent.to_owned());
        if returns {
            return Err(InheritError::Cycle { chain });
        }
        if chain.len() > MAX_CHAIN {
            return Err(InheritError::TooLong { environment: environment.to_owned() });
        }
        link = parent;
    }
    chain.reverse();
    Ok(chain)
}

/// The outcome of `layers`, the root first.
///
/// # Errors
/// [`InheritError::TooDeep`].
pub fn merge(layers: Vec<Source>) -> Result<Effective, InheritError> {
    merge_at(layers, false, &mut Vec::new())
}

fn merge_at(layers: Vec<Source>, open: bool, path: &mut Vec<String>) -> Result<Effective, InheritError> {
    let mut sources = layers;
    sources.reverse();
    let content = match sources.first() {
        None => Content::Leaf(Value::Null),
        Some(Source { setting: Setting { value: Value::Object(_), .. }, environment }) => {
            if path.len() >= MAX_DEPTH {
                return Err(InheritError::TooDeep { environment: environment.clone(), path: path.join(".") });
            }
            // An object merges with the objects right before it: anything in between replaced all that was earlier.
            // Of an expression in between it is not known whether it did, or is an object that merges itself.
            let objects = sources.iter().take_while(|source| source.setting.value.as_object().is_some()).count();
            let open =
                open || sources.get(objects).is_some_and(|source| matches!(source.setting.value, Value::Expression(_)));
            Content::Object { entries: merge_objects(&sources[..objects], open, path)?, open }
        }
        Some(nearest) => Content::Leaf(nearest.setting.value.clone()),
    };
    Ok(Effective { content, sources })
}

fn merge_objects(
    nearest_first: &[Source],
    open: bool,
    path: &mut Vec<String>,
) -> Result<BTreeMap<String, Effective>, InheritError> {
    let mut layers = BTreeMap::<&str, Vec<Source>>::new();
    for source in nearest_first.iter().rev() {
        for entry in source.setting.value.as_object().iter().flat_map(|object| &object.entries) {
            let layer = Source { environment: source.environment.clone(), setting: entry.setting.clone() };
            layers.entry(&entry.key).or_default().push(layer);
        }
    }
    let mut entries = BTreeMap::new();
    for (key, layers) in layers {
        path.push(key.to_owned());
        entries.insert(key.to_owned(), merge_at(layers, open, path)?);
        path.pop();
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain_of(environment: &str, parents: &[(&str, &str)]) -> Result<Vec<String>, InheritError> {
        let parents = parents.iter().map(|&(child, parent)| (child.to_owned(), parent.to_owned())).collect();
        let inheritance = Inheritance { base: "apps".to_owned(), parents };
        chain(&["apps", "ops", "lab", "dev"], &inheritance, environment)
    }

    #[test]
    fn chains_go_from_the_root_to_the_environment() {
        assert_eq!(chain_of("apps", &[]).unwrap(), ["apps"]);
        assert_eq!(chain_of("ops", &[]).unwrap(), ["apps", "ops"]);
        assert_eq!(chain_of("dev", &[("dev", "lab"), ("lab", "ops")]).unwrap(), ["apps", "ops", "lab", "dev"]);
    }

    #[test]
    fn chains_that_do_not_end_or_lead_nowhere_are_refused() {
        for (environment, parents) in [
            ("opps", &[][..]),
            ("ops", &[("ops", "live")]),
            ("ops", &[("ops", "ops")]),
            ("dev", &[("dev", "lab"), ("lab", "ops"), ("ops", "dev")]),
            ("apps", &[("apps", "ops")]),
        ] {
            assert!(chain_of(environment, parents).is_err(), "{environment} {parents:?}");
        }
        assert_eq!(
            chain_of("ops", &[("ops", "lab"), ("lab", "ops")]).unwrap_err().to_string(),
            "an environment inherits from itself: `ops` → `lab` → `ops`"
        );
    }

    #[test]
    fn chains_have_the_limit_of_the_module() {
        let names: Vec<String> = (0..=MAX_CHAIN).map(|index| format!("e{index}")).collect();
        let parents = names.windows(2).map(|pair| (pair[1].clone(), pair[0].clone())).collect();
        let inheritance = Inheritance { base: "e0".to_owned(), parents };
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(chain(&known, &inheritance, "e31").unwrap().len(), MAX_CHAIN);
        assert!(matches!(chain(&known, &inheritance, "e32"), Err(InheritError::TooLong { .. })));
    }
}
