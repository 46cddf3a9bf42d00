//! The default node pool of a cluster: what was answered, over what a cloud's clusters start with.

use serde::Serialize;

use super::{Cluster, Provider};
use crate::platform::EnvironmentName;

/// A pool in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Pool {
    /// The machine type.
    pub(super) instance_type: String,
    /// The fewest nodes.
    pub(super) min: u64,
    /// The most nodes.
    pub(super) max: u64,
}

/// Nodes of the base environment: one for each of three zones, and room to triple.
const BASE: (u64, u64) = (3, 9);
/// Nodes of an environment that no users depend on.
const OTHER: (u64, u64) = (1, 3);

/// The machine type of a cluster that names none. ARM where every region of the cloud and the system
/// pods have it, since it does the same work for less; what a platform's own images need is for them to say.
fn default_instance_type(provider: Provider) -> &'static str {
    match provider {
        Provider::Aws => "m7g.large",
        Provider::Google => "n2d-standard-4",
        Provider::Azure => "Standard_D4ds_v5",
        Provider::Local => "",
    }
}

/// The pool of `cluster` in `environment`; `base` tells whether that is the environment that the
/// others inherit from.
pub(super) fn effective(cluster: &Cluster, environment: &EnvironmentName, base: bool) -> Pool {
    let own = cluster.environments.get(environment);
    let all = &cluster.settings;
    let (min, max) = if base { BASE } else { OTHER };
    // The defaults of one bound step aside for an answer to the other.
    let given_min = own.and_then(|own| own.min).or(all.min);
    let given_max = own.and_then(|own| own.max).or(all.max);
    let instance_type = own.and_then(|own| own.instance_type.as_ref()).or(all.instance_type.as_ref());
    Pool {
        instance_type: instance_type.cloned().unwrap_or_else(|| default_instance_type(cluster.provider()).to_owned()),
        min: given_min.unwrap_or_else(|| given_max.map_or(min, |max| min.min(max))),
        max: given_max.unwrap_or_else(|| given_min.map_or(max, |min| max.max(min))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaffold::Settings;

    fn pool(settings: Settings, own: Option<Settings>, base: bool) -> (u64, u64) {
        let mut cluster: Cluster = "aws:gc0:eu-west-1".parse().unwrap();
        let ops = EnvironmentName::new("ops").unwrap();
        cluster.settings = settings;
        cluster.environments.extend(own.map(|own| (ops.clone(), own)));
        let pool = effective(&cluster, &ops, base);
        (pool.min, pool.max)
    }

    #[test]
    fn answers_stand_over_defaults() {
        let bounds = |min: Option<u64>, max: Option<u64>| Settings { min, max, ..Settings::default() };
        assert_eq!(pool(Settings::default(), None, true), (3, 9));
        assert_eq!(pool(Settings::default(), None, false), (1, 3));
        assert_eq!(pool(bounds(Some(5), None), None, false), (5, 5));
        assert_eq!(pool(bounds(None, Some(2)), None, true), (2, 2));
        assert_eq!(pool(bounds(Some(2), Some(4)), Some(bounds(None, Some(6))), false), (2, 6));
    }
}
