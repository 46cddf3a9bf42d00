//! Module calls that take settings for each environment.

use std::{collections::BTreeMap, sync::Arc};

use hcl_edit::{
    Span as _,
    structure::{Block, Structure},
};

use crate::hcl::{Document, SourceFile};

use super::{
    inherit::{Effective, InheritError, Source, chain, merge},
    read,
    value::{Object, Place, Setting, Value},
};
use crate::platform::{StackName, layout};

/// Parsed files by path inside the repository.
pub type Documents = BTreeMap<String, Arc<Document>>;

/// The environment that all others inherit from, where a call names no other.
const DEFAULT_BASE: &str = "apps";

/// Who inherits from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inheritance {
    /// The environment that all others inherit from.
    pub base: String,
    /// Parents of environments that do not inherit from the base.
    pub parents: BTreeMap<String, String>,
}

impl Inheritance {
    /// The parent of `environment`; the base has none, unless it is given one.
    pub fn parent(&self, environment: &str) -> Option<&str> {
        match self.parents.get(environment) {
            Some(parent) => Some(parent),
            None => (environment != self.base).then_some(&self.base),
        }
    }
}

impl Default for Inheritance {
    fn default() -> Self {
        Self { base: DEFAULT_BASE.to_owned(), parents: BTreeMap::new() }
    }
}

/// A call of a local module with a `configuration`.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleCall {
    /// Its label, such as `cluster` or `node_pool_default`.
    pub name: String,
    /// Where the label stands.
    pub place: Place,
    /// The folder of the module, relative to the repository.
    pub module: String,
    /// Where `configuration` stands.
    pub key: Place,
    /// Its value: an object by environment, or an expression.
    pub configuration: Setting,
    /// What `configuration_base_key` says.
    pub base: Option<Setting>,
    /// What `inherits` says.
    pub inherits: Option<Setting>,
    /// What `environment` says, usually the expression `var.environment`.
    pub environment: Option<Setting>,
}

impl ModuleCall {
    /// The calls of `stack` in the order of files and lines.
    pub fn of_stack(documents: &Documents, stack: &StackName) -> Vec<Self> {
        let folder = layout::stack(stack);
        let mut calls = Vec::new();
        for document in directly_in(documents, &folder) {
            let blocks = document.body().iter().filter_map(Structure::as_block);
            let modules = blocks.filter(|block| block.ident.as_str() == "module");
            calls.extend(modules.filter_map(|block| Self::read(document.file(), &folder, block)));
        }
        calls
    }

    fn read(file: &Arc<SourceFile>, folder: &str, block: &Block) -> Option<Self> {
        let label = block.labels.first()?;
        let source = block.body.get_attribute("source")?.value.as_str()?;
        if !source.starts_with("./") && !source.starts_with("../") {
            return None;
        }
        let configuration = block.body.get_attribute("configuration")?;
        let setting = |name| block.body.get_attribute(name).map(|found| read::setting(file, &found.value));
        Some(Self {
            name: label.as_str().to_owned(),
            place: read::place(file, label.span()),
            module: layout::resolve(folder, source)?,
            key: read::place(file, configuration.key.span()),
            configuration: read::setting(file, &configuration.value),
            base: setting("configuration_base_key"),
            inherits: setting("inherits"),
            environment: setting("environment"),
        })
    }

    /// The settings by environment; `None` if they are composed in a way that only Terraform can tell.
    pub fn environments(&self) -> Option<&Object> {
        self.configuration.value.as_object()
    }

    /// Who inherits from whom; `None` if only Terraform can tell, or it is not what it must be.
    pub fn inheritance(&self) -> Option<Inheritance> {
        let mut inheritance = Inheritance::default();
        match self.base.as_ref().map(|base| &base.value) {
            None | Some(Value::Null) => {}
            Some(Value::String(base)) => inheritance.base.clone_from(base),
            Some(_) => return None,
        }
        match self.inherits.as_ref().map(|inherits| &inherits.value) {
            None | Some(Value::Null) => {}
            Some(Value::Object(parents)) => {
                for entry in &parents.entries {
                    let parent = entry.setting.value.as_str()?.to_owned();
                    inheritance.parents.insert(entry.key.clone(), parent);
                }
            }
            Some(_) => return None,
        }
        Some(inheritance)
    }

    /// The settings of `environment` after inheritance; `Ok(None)` if only Terraform can tell.
    ///
    /// # Errors
    /// [`InheritError`].
    pub fn effective(&self, environment: &str) -> Result<Option<Effective>, InheritError> {
        let (Some(configuration), Some(inheritance)) = (self.environments(), self.inheritance()) else {
            return Ok(None);
        };
        let environments: Vec<&str> = configuration.keys().collect();
        let links = chain(&environments, &inheritance, environment)?;
        let layers = links.into_iter().filter_map(|environment| {
            let setting = configuration.get(&environment)?.clone();
            Some(Source { environment, setting })
        });
        merge(layers.collect()).map(Some)
    }
}

/// The documents directly in `folder`, in the order of their names.
pub(super) fn directly_in<'a>(documents: &'a Documents, folder: &'a str) -> impl Iterator<Item = &'a Arc<Document>> {
    documents.iter().filter_map(move |(path, document)| {
        let name = path.strip_prefix(folder)?.strip_prefix('/')?;
        (!name.contains('/')).then_some(document)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of `ops`, as JSON; `?` where only Terraform can tell.
    fn ops(arguments: &str) -> Result<String, InheritError> {
        let text = format!("module \"m\" {{\n  source = \"../../modules/m\"\n{arguments}\n}}\n");
        let document = Document::parse("infra/x/main.tf", text).unwrap();
        let documents = Documents::from([("infra/x/main.tf".to_owned(), Arc::new(document))]);
        let calls = ModuleCall::of_stack(&documents, &StackName::new("x").unwrap());
        let effective = calls[0].effective("ops")?;
        Ok(effective.and_then(|effective| effective.to_json()).map_or_else(|| "?".to_owned(), |json| json.to_string()))
    }

    #[test]
    fn what_is_known_of_expressions() {
        for (arguments, found) in [
            ("configuration = { apps = { a = 1 }, ops = { a = null, b = [] } }", r#"{"b":[]}"#),
            ("configuration = { apps = { a = var.a }, ops = { a = 1 } }", r#"{"a":1}"#),
            ("configuration = { apps = { a = var.a }, ops = {} }", "?"),
            // An expression may be an object that merges with the one above it.
            ("configuration = { apps = { a = var.a }, ops = { a = { b = 1 } } }", "?"),
            ("configuration = { apps = { a = var.a, b = 1 }, ops = { a = [] } }", r#"{"a":[],"b":1}"#),
            (
                "configuration = { live = { a = var.a }, stage = { a = 1 }, ops = { a = {} } }\n configuration_base_key = \"live\"\n inherits = { ops = \"stage\" }",
                r#"{"a":{}}"#,
            ),
            ("configuration = { apps = local.apps, ops = { a = 1 } }", "?"),
            ("configuration = local.all", "?"),
            ("configuration = { apps = {}, ops = {} }\n configuration_base_key = var.base", "?"),
            ("configuration = { apps = {}, ops = {} }\n inherits = { ops = var.parent }", "?"),
        ] {
            assert_eq!(ops(arguments).unwrap(), found, "{arguments}");
        }
    }

    #[test]
    fn settings_can_be_eight_levels_deep() {
        let nested = |levels: usize| {
            format!("configuration = {{ apps = {{}}, ops = {}{{}}{} }}", "{ a = ".repeat(levels), " }".repeat(levels))
        };
        assert!(ops(&nested(7)).is_ok());
        assert_eq!(
            ops(&nested(8)).unwrap_err().to_string(),
            "environment `ops` is nested deeper than 8 levels at `a.a.a.a.a.a.a.a`"
        );
    }
}
