//! A picture of the cluster: its objects, and what they are judged by. Pure.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::DynamicObject;

use super::{Engine, ObjectRef, ObjectStatus, Revision, RootSource, argocd, flux};

/// A picture of the cluster, and what it is judged by.
pub(super) struct Picture<'a> {
    pub(super) root: &'a RootSource,
    pub(super) revision: &'a Revision,
    /// The objects that this run asked to reconcile, with what marks the request.
    pub(super) asked: &'a BTreeMap<ObjectRef, String>,
    pub(super) objects: &'a BTreeMap<ObjectRef, DynamicObject>,
}

impl Picture<'_> {
    /// The state of every object of the registry: sources first, then what delivers from them.
    pub(super) fn assess(&self) -> Vec<ObjectStatus> {
        match self.root.engine {
            Engine::Flux => flux::assess(self),
            Engine::ArgoCd => argocd::assess(self),
        }
    }

    /// What has to be asked to look at Git at once, because it does not have the revision yet.
    pub(super) fn behind(&self) -> Vec<ObjectRef> {
        match self.root.engine {
            Engine::Flux => flux::behind(self),
            Engine::ArgoCd => argocd::behind(self),
        }
    }

    /// What waits for others although those are ready by now, and would look again only at its next interval.
    pub(super) fn free(&self, statuses: &[ObjectStatus]) -> Vec<ObjectRef> {
        match self.root.engine {
            Engine::Flux => flux::free(self, statuses),
            // Its waves go on by themselves.
            Engine::ArgoCd => Vec::new(),
        }
    }

    /// What each object has brought.
    pub(super) fn brought(&self) -> BTreeMap<ObjectRef, Vec<ObjectRef>> {
        let members = members(self.root, self.objects).into_iter();
        let brought = members.filter_map(|object| {
            let live = self.objects.get(&object)?;
            let brought = match self.root.engine {
                Engine::Flux => flux::brought(live),
                Engine::ArgoCd => argocd::brought(live),
            };
            (!brought.is_empty()).then_some((object, brought))
        });
        brought.collect()
    }
}

/// The root and everything that delivers the registry from it, through any depth.
pub(super) fn members(root: &RootSource, objects: &BTreeMap<ObjectRef, DynamicObject>) -> BTreeSet<ObjectRef> {
    match root.engine {
        Engine::Flux => flux::members(root, objects),
        Engine::ArgoCd => argocd::members(root, objects),
    }
}
