//! A service as files: what `service.hcl` and the folder beside it say, laid out for the engine.

use serde::Serialize;

use super::{Chart, FOLDER, Service};
use crate::{
    platform::{EnvironmentName, layout},
    scaffold::{Assets, Provider, ScaffoldError, template::Renderer},
};

/// A file to be: its path inside the repository, and its text.
pub(in crate::scaffold) type Rendered = (String, String);

/// The folder of a service with what differs by provider.
const CLOUDS: &str = "clouds";

/// What the templates of services see.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Scope<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a Service>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<ChartScope<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Titled>,
    resources: &'a [String],
    patches: &'a [String],
    values: &'a str,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct ChartScope<'a> {
    #[serde(flatten)]
    chart: &'a Chart,
    /// The release that must be ready before this one: that of the chart before it.
    after: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Titled {
    title: &'static str,
}

/// What a service is made from, beside what is known of it.
pub(in crate::scaffold) struct Source<'a> {
    pub(in crate::scaffold) assets: &'a Assets,
    pub(in crate::scaffold) renderer: &'a Renderer,
    /// Values of charts (by name) and manifests (by path below `base/`) that are in no template.
    pub(in crate::scaffold) own: &'a [Rendered],
}

impl Source<'_> {
    /// The files of `service`: `base/`, an overlay for each of `environments`, and what differs on each of
    /// `providers`, in the order in which they are written.
    pub(in crate::scaffold) fn files<'n>(
        &self,
        service: &Service,
        environments: impl IntoIterator<Item = &'n EnvironmentName>,
        providers: impl IntoIterator<Item = Provider>,
    ) -> Result<Vec<Rendered>, ScaffoldError> {
        let scope = Scope { service: Some(service), ..Scope::default() };
        let folder = format!("{}/{}", layout::SERVICES, service.name);
        let mut files = self.base(service, scope, &format!("{folder}/base"))?;
        for provider in providers {
            files.extend(self.cloud(service, scope, provider, &format!("{folder}/{CLOUDS}/{provider}"))?);
        }
        for environment in environments {
            let scope = Scope { environment: Some(Named { name: environment.as_str() }), ..scope };
            let text = self.shared("overlay/kustomization.yaml", scope)?;
            files.push((format!("{folder}/{environment}/kustomization.yaml"), text));
        }
        Ok(files)
    }

    fn base(&self, service: &Service, scope: Scope<'_>, folder: &str) -> Result<Vec<Rendered>, ScaffoldError> {
        let mut files = Vec::new();
        if service.namespace.as_ref().is_some_and(|namespace| namespace.pod_security.is_some()) {
            files.push(("namespace.yaml".to_owned(), self.shared("base/namespace.yaml", scope)?));
        }
        let before = std::iter::once(None).chain(service.charts.iter().map(|chart| Some(chart.name.as_str())));
        for (chart, after) in service.charts.iter().zip(before) {
            let values = self.values(service, scope, chart, "values")?.unwrap_or_default();
            let scope = Scope { chart: Some(ChartScope { chart, after }), values: &values, ..scope };
            files.push((format!("{}.yaml", chart.name), self.shared("flux/release.yaml", scope)?));
        }
        files.extend(self.manifests(service, scope, "base")?);
        files.extend(self.own.iter().filter(|(path, _)| !path.starts_with("values/")).cloned());
        self.kustomized(files, scope, "base/kustomization.yaml", folder)
    }

    /// What differs on `provider`; nothing where nothing does.
    fn cloud(
        &self,
        service: &Service,
        scope: Scope<'_>,
        provider: Provider,
        folder: &str,
    ) -> Result<Vec<Rendered>, ScaffoldError> {
        let group = format!("{CLOUDS}/{provider}");
        let (mut files, mut patches) = (self.manifests(service, scope, &group)?, Vec::new());
        files.retain(|(path, _)| !path.starts_with("values/"));
        let resources: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        for chart in &service.charts {
            let Some(values) = self.values(service, scope, chart, &format!("{group}/values"))? else { continue };
            let scope = Scope { chart: Some(ChartScope { chart, after: None }), values: &values, ..scope };
            patches.push(format!("{}.yaml", chart.name));
            files.push((format!("{}.yaml", chart.name), self.shared("flux/values.yaml", scope)?));
        }
        if files.is_empty() {
            return Ok(files);
        }
        let provider = Some(Titled { title: provider.title() });
        let scope = Scope { resources: &resources, patches: &patches, provider, ..scope };
        files.push(("kustomization.yaml".to_owned(), self.shared("component/kustomization.yaml", scope)?));
        Ok(below(folder, files))
    }

    /// Adds the kustomization that lists `files`, unless they have one of their own.
    fn kustomized(
        &self,
        mut files: Vec<Rendered>,
        scope: Scope<'_>,
        template: &str,
        folder: &str,
    ) -> Result<Vec<Rendered>, ScaffoldError> {
        const NAME: &str = "kustomization.yaml";
        if !files.iter().any(|(path, _)| path == NAME) {
            let resources: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
            files.push((NAME.to_owned(), self.shared(template, Scope { resources: &resources, ..scope })?));
        }
        Ok(below(folder, files))
    }

    /// The values of `chart` in the folder `group` of the service, if it has any.
    fn values(
        &self,
        service: &Service,
        scope: Scope<'_>,
        chart: &Chart,
        group: &str,
    ) -> Result<Option<String>, ScaffoldError> {
        let file = format!("{}.yaml", chart.name);
        if let Some((_, text)) = self.own.iter().find(|(path, _)| *path == format!("{group}/{file}")) {
            return Ok(Some(text.clone()));
        }
        let found = self.manifests(service, scope, group)?;
        Ok(found.into_iter().find(|(path, _)| *path == file).map(|(_, text)| text))
    }

    /// The service's own templates below `group`, rendered, by their path inside of it.
    fn manifests(&self, service: &Service, scope: Scope<'_>, group: &str) -> Result<Vec<Rendered>, ScaffoldError> {
        let group = format!("{FOLDER}/{}/{group}", service.name);
        let rendered = self.assets.below(&group).map(|(file, bytes)| {
            let template = format!("{group}/{file}");
            let text = std::str::from_utf8(bytes).map_err(|_| ScaffoldError::NotText { template: template.clone() })?;
            Ok((file.to_owned(), self.renderer.render(&template, text, &scope)?))
        });
        rendered.collect()
    }

    /// A template that all services share.
    fn shared(&self, file: &str, scope: Scope<'_>) -> Result<String, ScaffoldError> {
        self.assets.render(self.renderer, &format!("service/{file}"), &scope)
    }
}

/// Whether something differs on clusters of `provider`, and so their registries name a component.
pub(in crate::scaffold) fn has_component(assets: &Assets, service: &str, provider: Option<Provider>) -> bool {
    let group = |provider: Provider| format!("{FOLDER}/{service}/{CLOUDS}/{provider}");
    provider.is_some_and(|provider| assets.below(&group(provider)).next().is_some())
}

/// The component of a service for `provider`, as seen from an overlay of the service.
pub(in crate::scaffold) fn component(provider: Provider) -> String {
    format!("../{CLOUDS}/{provider}")
}

fn below(folder: &str, files: Vec<Rendered>) -> Vec<Rendered> {
    files.into_iter().map(|(path, text)| (format!("{folder}/{path}"), text)).collect()
}
