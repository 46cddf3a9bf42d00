//! Argo CD: its files in a registry, what its Applications say, the Secret by which it knows the cluster, and the order
//! in which its objects go.

mod files;
mod info;
mod key;
mod live;
mod observed;
mod picture;
mod unhand;

use super::{ObjectRef, kinds::Kind};

pub(super) use files::{ROOT, read};
pub(super) use info::{SECRET_TYPE, cluster_secret};
pub(super) use key::ensure_key;
pub(super) use live::delivers;
pub(super) use picture::{assess, behind, brought, members};
pub(super) use unhand::unhand;

const GROUP: &str = "argoproj.io";
const APPLICATION: &str = "Application";
const APPLICATION_SET: &str = "ApplicationSet";
const PROJECT: &str = "AppProject";

/// The kinds that deliver a registry.
pub(super) const DELIVERING: &[Kind] = &[(GROUP, APPLICATION), (GROUP, APPLICATION_SET)];

/// Other kinds of Argo CD, and what shows who installed it.
pub(super) const OTHERS: &[Kind] = &[(GROUP, PROJECT), ("apps", "StatefulSet")];

/// Annotation that asks the application controller to look at Git now; it takes it away when it has.
pub(super) const REFRESH: &str = "argocd.argoproj.io/refresh";

/// Annotation on everything that Argo CD applies: `<application>:<group>/<kind>:<namespace>/<name>`.
pub(super) const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";

/// The order within a sync.
const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";

/// With it Argo CD deletes what an Application brought before the Application goes.
const CASCADE: &str = "resources-finalizer.argocd.argoproj.io";

/// The Application that is Argo CD itself.
const SELF: &str = "argocd";

/// The Application `name`.
pub(super) fn application(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::namespaced(GROUP, APPLICATION, namespace, name)
}
