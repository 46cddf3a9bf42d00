//! Both sides of a registry and what differs between them.

use std::{collections::BTreeSet, path::Path};

use futures::future::join_all;
use serde::Serialize;

use super::{Difference, Registry, RenderError, Rendered, Renderer, Values, diff, registries};

/// What a change does to the objects of one registry.
#[derive(Debug, Clone, Serialize)]
pub struct RegistryDiff {
    /// The registry.
    pub registry: Registry,
    /// What differs; empty if a side could not be rendered.
    #[serde(flatten)]
    pub difference: Difference,
    /// What a reader should know of the new side, one sentence each.
    pub notices: Vec<String>,
    /// Why the new side could not be rendered.
    pub problems: Vec<String>,
    /// Why the old side could not be rendered, so that there is nothing to compare with.
    pub base_problems: Vec<String>,
}

impl RegistryDiff {
    /// Whether nothing differs and nothing failed.
    pub fn is_empty(&self) -> bool {
        self.difference.is_empty() && self.problems.is_empty() && self.base_problems.is_empty()
    }
}

impl Renderer {
    /// Renders `registry` in both exported trees and compares. A tree that is not there, or has no
    /// such registry, has no objects. Problems are part of the result: one broken registry must not
    /// hide the others.
    pub async fn compare(
        &self,
        base: Option<&Path>,
        head: Option<&Path>,
        registry: &Registry,
        values: &Values,
    ) -> RegistryDiff {
        let side = |tree: Option<&Path>| {
            let tree = tree.filter(|tree| tree.join(registry.path()).is_dir()).map(Path::to_owned);
            async move {
                match tree {
                    Some(tree) => self.render(&tree, registry, values).await,
                    None => Ok(Rendered::default()),
                }
            }
        };
        let (base, head) = futures::join!(side(base), side(head));
        let messages = |result: &Result<Rendered, RenderError>| {
            result.as_ref().err().map(RenderError::messages).unwrap_or_default()
        };
        RegistryDiff {
            registry: registry.clone(),
            problems: messages(&head),
            base_problems: messages(&base),
            difference: match (&base, &head) {
                (Ok(base), Ok(head)) => diff(base, head),
                _ => Difference::default(),
            },
            notices: head.map(|head| head.notices).unwrap_or_default(),
        }
    }

    /// Compares every registry of either tree that `wanted` accepts, side by side; in the order of
    /// clusters and environments. `values` are those of each registry, as for [`Renderer::render`].
    ///
    /// # Errors
    /// [`RenderError::Io`] when the registries cannot be listed.
    pub async fn compare_all(
        &self,
        base: Option<&Path>,
        head: Option<&Path>,
        wanted: impl Fn(&Registry) -> bool,
        values: impl Fn(&Registry) -> Values,
    ) -> Result<Vec<RegistryDiff>, RenderError> {
        let mut all = BTreeSet::new();
        for tree in [base, head].into_iter().flatten() {
            all.extend(registries(tree)?.into_iter().filter(&wanted));
        }
        let comparisons = all.iter().map(|registry| {
            let values = values(registry);
            async move { self.compare(base, head, registry, &values).await }
        });
        Ok(join_all(comparisons).await)
    }
}
