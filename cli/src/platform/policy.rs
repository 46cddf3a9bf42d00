//! What a platform does not allow, or not without a word: the `policy` block, and the rules that it can name.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::glob_match;

/// The label that lets a maintainer run a change that would get the static part only, unless `policy.label` names another.
pub const RUN_LABEL: &str = "kstack/run";

/// What is not allowed, or not without a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The only providers that may be started (`namespace/type`), and with a committed lock file downloaded; `None`: any.
    pub providers: Option<Vec<String>>,
    /// Resource types (with `*`) that reviews put first and that need a word to be destroyed.
    pub protect: Vec<String>,
    /// Constructs that the guard lets pass.
    pub allow: Vec<Allowed>,
    /// Sources (with `*`) of modules from elsewhere that may be downloaded.
    pub modules: Vec<String>,
    /// The label of [`Policy::label`]; `None`: [`RUN_LABEL`].
    pub label: Option<String>,
    /// Levels of built-in rules that are not their defaults, by name.
    pub rules: BTreeMap<String, Level>,
    /// Tags or labels that every resource that takes some must have.
    pub tags: Vec<String>,
    /// The rules of the platform's own, `policies/*.rego`: blob by path. Not part of `kstack.hcl`.
    pub files: BTreeMap<String, String>,
}

impl Policy {
    /// Whether the guard lets `construct` pass in the file at `path`.
    pub fn allows(&self, construct: &str, path: &str) -> bool {
        self.allow.iter().any(|allowed| {
            allowed.construct == construct && allowed.path.as_ref().is_none_or(|pattern| glob_match(pattern, path))
        })
    }

    /// Whether a provider of this address (without the host of a public registry) may be started.
    pub fn allows_provider(&self, address: &str) -> bool {
        self.providers.as_ref().is_none_or(|allowed| allowed.iter().any(|known| known == address))
    }

    /// The level of the built-in rule `name`.
    pub fn level(&self, name: &str) -> Level {
        let own = self.rules.get(name).copied();
        own.or_else(|| RULES.iter().find(|rule| rule.name == name).map(|rule| rule.level)).unwrap_or(Level::Off)
    }

    /// The label that lets a change run that would get the static part only.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(RUN_LABEL)
    }
}

/// Whether `address` is one of the `protected` addresses, or inside one: `module.x` protects
/// `module.x.aws_vpc.this` as it would target it.
pub fn is_protected_address(protected: &[String], address: &str) -> bool {
    protected.iter().any(|pattern| {
        glob_match(pattern, address) || [".", "["].iter().any(|next| glob_match(&format!("{pattern}{next}*"), address))
    })
}

/// Whether a resource of `resource_type` is one that `policy.protect` names.
pub fn is_protected_type(protected: &[String], resource_type: &str) -> bool {
    protected.iter().any(|pattern| glob_match(pattern, resource_type))
}

/// How serious it is that a rule does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The change is refused.
    Deny,
    /// It is shown.
    Warn,
    /// Nobody looks.
    Off,
}

impl Level {
    /// As `kstack.hcl` writes it.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Deny, Self::Warn, Self::Off].into_iter().find(|level| level.to_string() == word)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Off => "off",
        })
    }
}

/// One entry of `policy.allow`: `<construct>`, or `<construct>:<path>` for files of this path (with `*`) alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// One of [`CONSTRUCTS`].
    pub construct: String,
    /// The files in which it is allowed; `None`: everywhere.
    pub path: Option<String>,
}

impl Allowed {
    /// Reads an entry; its construct may be none.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((construct, path)) => Self { construct: construct.to_owned(), path: Some(path.to_owned()) },
            None => Self { construct: text.to_owned(), path: None },
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}:{path}", self.construct),
            None => f.write_str(&self.construct),
        }
    }
}

/// Something in Terraform's files that runs programs, reaches out, or changes what is trusted. The guard refuses a
/// change that brings it, unless `policy.allow` of the base branch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Construct {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Whether it is refused also where it stands in the base branch already: it runs while planning, and what it runs may
    /// be changed elsewhere.
    pub always: bool,
}

const fn construct(name: &'static str, always: bool, about: &'static str) -> Construct {
    Construct { name, about, always }
}

/// The constructs that the guard knows.
pub const CONSTRUCTS: &[Construct] = &[
    construct("external", true, "runs a program while planning: data `external`, `local_command`, key providers"),
    construct("http", true, "asks a server while planning: data `http`"),
    construct("local-exec", false, "runs a program on the machine that applies"),
    construct("remote-exec", false, "runs a program on, or copies files to, another machine"),
    construct("provider-exec", false, "lets a provider run a program to get credentials: block `exec`"),
    construct("provider-endpoint", false, "sends a provider, and its credentials, to another address"),
    construct("outside-file", false, "reads a file outside of the repository"),
    construct("link", false, "a stack, module or policy that is a symbolic link"),
];

/// A built-in rule over plans or rendered objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name, as `policy.rules` takes it.
    pub name: &'static str,
    /// What it looks at.
    pub layer: Layer,
    /// Its level where `policy.rules` says nothing.
    pub level: Level,
    /// What it asks for, in a few words.
    pub about: &'static str,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// What a plan does to infrastructure.
    Plan,
    /// Rendered Kubernetes objects.
    Objects,
}

const fn plan(name: &'static str, level: Level, about: &'static str) -> Rule {
    Rule { name, layer: Layer::Plan, level, about }
}

const fn objects(name: &'static str, level: Level, about: &'static str) -> Rule {
    Rule { name, layer: Layer::Objects, level, about }
}

/// The built-in rules.
pub const RULES: &[Rule] = &[
    plan("protected", Level::Deny, "what `protect` names is only destroyed or replaced with the word for it"),
    plan("required-tags", Level::Deny, "resources have the tags or labels of `policy.tags`"),
    plan("open-to-world", Level::Warn, "no firewall, bucket or cluster endpoint is open to every address"),
    plan("iam-wildcard", Level::Warn, "no role may do everything, and nobody at all is trusted"),
    plan("unencrypted", Level::Warn, "storage, databases and queues are encrypted"),
    plan(
        "deletion-protection",
        Level::Warn,
        "in protected environments, data and clusters cannot be deleted by mistake",
    ),
    objects("privileged-pod", Level::Warn, "no container is privileged or shares the node's namespaces"),
    objects("host-path", Level::Warn, "no pod mounts a folder of its node"),
    objects("latest-tag", Level::Warn, "images have a tag or digest that stays what it is"),
    objects("public-load-balancer", Level::Warn, "a Service of type `LoadBalancer` says who may reach it"),
    objects("rbac-wildcard", Level::Warn, "no role may do everything in the cluster"),
    objects("plain-secret", Level::Warn, "no Secret lies in the repository in clear"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_in_a_place_is_not_allowed_elsewhere() {
        let policy =
            Policy { allow: ["http", "external:modules/dns/*"].map(Allowed::parse).to_vec(), ..Policy::default() };
        assert!(policy.allows("http", "infra/a/main.tf") && policy.allows("external", "modules/dns/main.tf"));
        assert!(!policy.allows("external", "infra/a/main.tf") && !policy.allows("local-exec", "modules/dns/main.tf"));
        assert_eq!(policy.allow[1].to_string(), "external:modules/dns/*");
    }

    #[test]
    fn protecting_a_module_protects_what_is_in_it() {
        let protected = vec!["module.cluster".to_owned(), "aws_db_instance.*".to_owned()];
        for address in ["module.cluster.aws_vpc.this", "module.cluster[0].aws_vpc.this", "aws_db_instance.main[0]"] {
            assert!(is_protected_address(&protected, address), "{address}");
        }
        assert!(!is_protected_address(&protected, "module.cluster_two.aws_vpc.this"));
    }
}
