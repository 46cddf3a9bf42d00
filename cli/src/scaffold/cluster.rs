//! A cluster as people name it on the command line: `aws:gc0:eu-west-1`.

use std::{fmt, str::FromStr};

use crate::platform::{ClusterName, EnvironmentName, InvalidName, StackName};

/// A cluster to scaffold; it exists once in every environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// What its names begin with.
    pub name: ClusterName,
    /// Where it runs.
    pub place: Place,
}

/// Where a cluster runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Local,
    /// In a region of AWS.
    Aws {
        /// The region, such as `eu-west-1`; its form is checked, its existence is not.
        region: String,
        /// Letters of the availability zones to use.
        zones: Vec<char>,
    },
}

impl Cluster {
    /// The folder of its stack and of its registry: `<cloud>-<name>-<region>`.
    ///
    /// # Errors
    /// [`InvalidName`] when that is too long for a name.
    pub fn stack(&self) -> Result<StackName, InvalidName> {
        match &self.place {
            Place::Local => StackName::new(format!("local-{}", self.name)),
            Place::Aws { region, .. } => StackName::new(format!("eks-{}-{region}", self.name)),
        }
    }

    /// What the cluster is called in `environment`, as `modules/common/metadata` composes it.
    pub fn name_in(&self, environment: &EnvironmentName) -> String {
        format!("{}-{environment}-{}", self.name, self.region())
    }

    /// The region, `local` for a cluster of this machine.
    pub fn region(&self) -> &str {
        match &self.place {
            Place::Local => "local",
            Place::Aws { region, .. } => region,
        }
    }

    /// Whether it runs in a cloud.
    pub fn is_cloud(&self) -> bool {
        self.place != Place::Local
    }
}

/// A text that names no cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCluster {
    /// The parts are not those of any provider.
    #[error("`{text}` names no cluster: {reason}")]
    Form {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The name cannot be used.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl FromStr for Cluster {
    type Err = InvalidCluster;

    /// Reads `local:<name>` or `aws:<name>:<region>[:<zones>]`.
    fn from_str(text: &str) -> Result<Self, InvalidCluster> {
        let error = |reason| InvalidCluster::Form { text: text.to_owned(), reason };
        let parts: Vec<_> = text.split(':').collect();
        let (name, place) = match parts[..] {
            ["local", name] => (name, Place::Local),
            ["local", ..] => return Err(error("write `local:<name>`")),
            ["aws", _, region, ..] if !is_aws_region(region) => {
                return Err(error("the region does not look like `eu-west-1`"));
            }
            ["aws", name, region] => (name, Place::Aws { region: region.to_owned(), zones: vec!['a', 'b', 'c'] }),
            ["aws", name, region, zones] => {
                let zones =
                    read_zones(zones).ok_or_else(|| error("zones are two to eight letters, such as `a,b,c`"))?;
                (name, Place::Aws { region: region.to_owned(), zones })
            }
            ["aws", ..] => return Err(error("write `aws:<name>:<region>`, such as `aws:gc0:eu-west-1`")),
            _ => return Err(error("write `local:<name>` or `aws:<name>:<region>`")),
        };
        Ok(Self { name: ClusterName::new(name)?, place })
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Local => write!(f, "local:{}", self.name),
            Place::Aws { region, .. } => write!(f, "aws:{}:{region}", self.name),
        }
    }
}

/// Letters, words and a digit: `eu-west-1`, `us-gov-east-1`. A list of regions would be out of
/// date; Terraform tells about one that does not exist.
fn is_aws_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [area, middle @ .., number] = &parts[..] else { return false };
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&area.len())
        && word(area)
        && !middle.is_empty()
        && middle.iter().all(word)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_zones(text: &str) -> Option<Vec<char>> {
    let mut zones = Vec::new();
    for part in text.split(',') {
        let mut letters = part.chars();
        let zone = letters.next().filter(char::is_ascii_lowercase)?;
        if letters.next().is_some() || zones.contains(&zone) {
            return None;
        }
        zones.push(zone);
    }
    (2..=8).contains(&zones.len()).then_some(zones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_read_and_named() {
        let aws: Cluster = "aws:gc0:eu-west-1".parse().unwrap();
        assert_eq!(aws.stack().unwrap().as_str(), "eks-gc0-eu-west-1");
        assert_eq!(aws.name_in(&EnvironmentName::new("ops").unwrap()), "gc0-ops-eu-west-1");
        let zones: Cluster = "aws:gc0:us-gov-east-1:a,d".parse().unwrap();
        assert_eq!(zones.place, Place::Aws { region: "us-gov-east-1".into(), zones: vec!['a', 'd'] });
        let local: Cluster = "local:dev".parse().unwrap();
        assert_eq!(local.stack().unwrap().as_str(), "local-dev");
        assert_eq!(local.name_in(&EnvironmentName::new("ops").unwrap()), "dev-ops-local");
    }

    #[test]
    fn what_names_no_cluster_is_refused() {
        for text in [
            "",
            "gc0",
            "local",
            "local:",
            "local:gc0:x",
            "local:GC0",
            "aws:gc0",
            "aws:gc0:europe",
            "aws:gc0:eu-west-1a",
            "aws:gc0:eu-west-",
            "aws:gc0:EU-west-1",
            "aws:gc0:eu-west-1:",
            "aws:gc0:eu-west-1:a",
            "aws:gc0:eu-west-1:a,a",
            "aws:gc0:eu-west-1:a,b:c",
            "gcp:gc0:x",
        ] {
            assert!(text.parse::<Cluster>().is_err(), "{text}");
        }
    }
}
