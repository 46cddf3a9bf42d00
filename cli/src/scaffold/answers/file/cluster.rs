//! The block `cluster` of a file of answers.

use hcl_edit::structure::Block;

use super::{Field, Reader, label};
use crate::{
    hcl::Located,
    platform::{ClusterName, EnvironmentName},
    scaffold::{Cluster, ExistingNetwork, Place, Provider, Settings, network::Cidr},
};

/// What the body of the block says, before it is known whose cluster it is.
struct Body<'b> {
    provider: Option<Located<String>>,
    region: Option<Located<String>>,
    zones: Option<Vec<Located<String>>>,
    version: Option<Located<String>>,
    project: Option<Located<String>>,
    subscription: Option<Located<String>>,
    tenant: Option<Located<String>>,
    network: Option<&'b Block>,
    pool: Option<&'b Block>,
    environments: Vec<&'b Block>,
}

impl<'f> Reader<'f> {
    pub(super) fn cluster(&mut self, block: &'f Block) {
        let name = label(block);
        let body = self.body(block);
        let cluster_name = ClusterName::new(name.value.clone());
        if let Err(error) = &cluster_name {
            self.problem(name.span.clone(), error.to_string());
        }
        let Some(provider) = body.provider.as_ref().and_then(|text| self.provider(text)) else { return };
        let place = self.where_it_runs(block, provider, &body);
        self.belongs(provider, &body);
        let version = body.version.and_then(|text| {
            let fits = provider.check_version(&text.value);
            self.form(&text, "the Kubernetes version", fits)
        });
        let mut settings = Settings::default();
        let cidr = body.network.and_then(|network| self.network(provider, network, &mut settings, true));
        if let Some(pool) = body.pool {
            self.pool(provider, pool, &mut settings);
        }
        let mut cluster = match (cluster_name, place) {
            (Ok(name), Some(place)) => Cluster::new(name, place),
            // What is below is still looked at.
            _ => {
                for block in &body.environments {
                    self.own_settings(provider, block);
                }
                return;
            }
        };
        (cluster.version, cluster.cidr, cluster.settings) = (version, cidr, settings);
        for block in body.environments {
            let name = label(block);
            let Some((environment, own)) = self.own_settings(provider, block) else { continue };
            if cluster.environments.insert(environment, own).is_some() {
                self.problem(name.span, format!("environment `{}` is defined twice", name.value));
            }
        }
        let index = self.draft.clusters.len();
        self.place(Field::Cluster(index), name.span);
        let header = |block: &Block| hcl_edit::Span::span(&block.ident).unwrap_or_default();
        for (field, span) in [
            (Field::Account(index), body.project.or(body.subscription).map(|text| text.span)),
            (Field::Pool(index), body.pool.map(header)),
            (Field::Network(index), body.network.map(header)),
        ] {
            span.into_iter().for_each(|span| self.place(field, span));
        }
        self.draft.clusters.push(cluster);
    }

    fn body(&mut self, block: &'f Block) -> Body<'f> {
        self.block(block, |reader| Body {
            provider: reader.required_string("provider"),
            region: reader.string("region"),
            zones: reader.strings("zones"),
            version: reader.string("kubernetes_version"),
            project: reader.string("project"),
            subscription: reader.string("subscription"),
            tenant: reader.string("tenant"),
            network: reader.at_most_one("network", &[]),
            pool: reader.at_most_one("node_pool", &[]),
            environments: reader.blocks("environment", &["name"]),
        })
    }

    fn provider(&mut self, text: &Located<String>) -> Option<Provider> {
        let provider = text.value.parse().ok();
        if provider.is_none() {
            self.unknown("provider", text, &Provider::ALL.map(Provider::name));
        }
        provider
    }

    /// Reports a text that does not have the form of its provider.
    fn form(&mut self, text: &Located<String>, what: &str, fits: Result<(), &'static str>) -> Option<String> {
        match fits {
            Ok(()) => Some(text.value.clone()),
            Err(reason) => {
                self.problem(text.span.clone(), format!("{what} `{}` {reason}", text.value));
                None
            }
        }
    }

    fn where_it_runs(&mut self, block: &'f Block, provider: Provider, body: &Body<'_>) -> Option<Place> {
        let Some(region) = &body.region else {
            if provider.is_cloud() {
                let span = hcl_edit::Span::span(&block.ident).unwrap_or_default();
                self.problem(span, format!("a cluster of {} needs a `region`", provider.title())).help =
                    Some(format!("add `region = \"…\"`, such as `{}`", provider.sample_region()));
                return None;
            }
            for zone in body.zones.iter().flatten() {
                self.form(zone, "zone", provider.zone("", "").map(drop));
            }
            return Some(Place::Local);
        };
        let region = self.form(region, "the region", provider.check_region(&region.value))?;
        let mut zones = Vec::new();
        for zone in body.zones.iter().flatten() {
            match provider.zone(&region, &zone.value) {
                Ok(name) => zones.push(name),
                Err(reason) => drop(self.form(zone, "zone", Err(reason))),
            }
        }
        let mut place = Place::new(provider, &region, body.zones.as_ref().map(|_| zones));
        let text = |text: &Option<Located<String>>| text.as_ref().map(|text| text.value.clone());
        match &mut place {
            Place::Google { project, .. } => *project = text(&body.project),
            Place::Azure { subscription, tenant, .. } => {
                (*subscription, *tenant) = (text(&body.subscription), text(&body.tenant));
            }
            Place::Local | Place::Aws { .. } => {}
        }
        Some(place)
    }

    /// Reports what clusters of other providers have.
    fn belongs(&mut self, provider: Provider, body: &Body<'_>) {
        for (name, text, of) in [
            ("project", &body.project, Provider::Google),
            ("subscription", &body.subscription, Provider::Azure),
            ("tenant", &body.tenant, Provider::Azure),
        ] {
            if let Some(text) = text.as_ref().filter(|_| provider != of) {
                let message =
                    format!("`{name}` is for clusters of {}, and this one is {}", of.title(), provider.title());
                self.problem(text.span.clone(), message);
            }
        }
    }

    /// What differs in one environment.
    fn own_settings(&mut self, provider: Provider, block: &'f Block) -> Option<(EnvironmentName, Settings)> {
        let name = label(block);
        let (network, pool) =
            self.block(block, |reader| (reader.at_most_one("network", &[]), reader.at_most_one("node_pool", &[])));
        let mut settings = Settings::default();
        if let Some(network) = network {
            self.network(provider, network, &mut settings, false);
        }
        if let Some(pool) = pool {
            self.pool(provider, pool, &mut settings);
        }
        match EnvironmentName::new(name.value) {
            Ok(environment) => Some((environment, settings)),
            Err(error) => {
                self.problem(name.span, error.to_string());
                None
            }
        }
    }

    fn pool(&mut self, provider: Provider, block: &'f Block, settings: &mut Settings) {
        let (instance_type, min, max) =
            self.block(block, |reader| (reader.string("instance_type"), reader.number("min"), reader.number("max")));
        settings.instance_type = instance_type.and_then(|text| {
            let fits = provider.check_instance_type(&text.value);
            self.form(&text, "the instance type", fits)
        });
        (settings.min, settings.max) = (min.map(|min| min.value), max.map(|max| max.value));
    }

    /// `cidr` is for the whole cluster; in an environment there is only the existing network.
    fn network(&mut self, provider: Provider, block: &'f Block, settings: &mut Settings, whole: bool) -> Option<Cidr> {
        let (cidr, existing) = self.block(block, |reader| {
            let cidr = if whole { reader.string("cidr") } else { None };
            (cidr, reader.at_most_one("existing", &[]))
        });
        settings.existing = existing.and_then(|block| self.existing(provider, block));
        let text = cidr?;
        match text.value.parse() {
            Ok(cidr) => Some(cidr),
            Err(error) => {
                self.problem(text.span, error.to_string());
                None
            }
        }
    }

    fn existing(&mut self, provider: Provider, block: &'f Block) -> Option<ExistingNetwork> {
        let text = |located: Option<Located<String>>| located.map(|located| located.value);
        let list = |list: Vec<Located<String>>| list.into_iter().map(|item| item.value).collect();
        match provider {
            Provider::Aws => self.block(block, |reader| {
                let vpc_id = reader.required_string("vpc_id");
                let nodes = reader.strings("node_subnet_ids");
                let control_plane = reader.strings("control_plane_subnet_ids");
                for (id, prefix) in vpc_id
                    .iter()
                    .map(|id| (id, "vpc-"))
                    .chain(nodes.iter().chain(&control_plane).flatten().map(|id| (id, "subnet-")))
                {
                    let rest = id.value.strip_prefix(prefix).unwrap_or_default();
                    if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                        let message = format!("`{}` is no id such as `{prefix}0a1b2c3d`", id.value);
                        reader.problem(id.span.clone(), message);
                    }
                }
                if nodes.is_none() {
                    let header = reader.header();
                    reader.problem(header, "block `existing` has no `node_subnet_ids`").help =
                        Some("add `node_subnet_ids = [\"subnet-…\"]`".to_owned());
                }
                Some(ExistingNetwork::Aws {
                    vpc_id: vpc_id?.value,
                    node_subnet_ids: list(nodes?),
                    control_plane_subnet_ids: control_plane.map(list),
                })
            }),
            Provider::Google => self.block(block, |reader| {
                let read =
                    ["network", "subnetwork", "pods_range", "services_range"].map(|key| reader.required_string(key));
                let [network, subnetwork, pods, services] = read;
                Some(ExistingNetwork::Google {
                    network: network?.value,
                    subnetwork: subnetwork?.value,
                    pods_range: pods?.value,
                    services_range: services?.value,
                })
            }),
            Provider::Azure => self.block(block, |reader| {
                let (nodes, api) = (reader.required_string("node_subnet_id"), reader.string("api_server_subnet_id"));
                for id in nodes.iter().chain(&api).filter(|id| !id.value.starts_with("/subscriptions/")) {
                    let message = format!("`{}` is no resource id, which begins with `/subscriptions/`", id.value);
                    reader.problem(id.span.clone(), message);
                }
                Some(ExistingNetwork::Azure { node_subnet_id: nodes?.value, api_server_subnet_id: text(api) })
            }),
            Provider::Local => {
                let span = hcl_edit::Span::span(&block.ident).unwrap_or_default();
                self.problem(span, "a local cluster has no network of its own");
                None
            }
        }
    }
}
