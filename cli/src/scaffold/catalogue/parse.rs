//! `service.hcl` → [`Service`].

use std::sync::Arc;

use hcl_edit::{Span as _, structure::Block};

use super::{Chart, Namespace, Need, PodSecurity, Service, Standard};
use crate::{
    hcl::{BlockReader, Diagnostic, Document, Located, SourceFile, did_you_mean},
    platform::{Provider, form},
};

/// Reads the service called `name`; nothing where it cannot be read, with the reason among the problems.
pub(super) fn service(name: &str, path: &str, text: &str, problems: &mut Vec<Diagnostic>) -> Option<Service> {
    let document = match Document::parse_settings(path, text) {
        Ok(document) => document,
        Err(problem) => {
            problems.push(*problem);
            return None;
        }
    };
    let file = document.file();
    let mut found = Vec::new();
    let mut top = BlockReader::top(file, document.body(), &mut found);
    let description = top.required_string("description");
    let standard = top.string("standard");
    let requires = texts(top.strings("requires"));
    let suggests = texts(top.strings("suggests"));
    let providers = top.strings("providers");
    let timeout = top.string("timeout");
    let namespace = top.at_most_one("namespace", &["name"]);
    let charts = top.blocks("chart", &["name"]);
    let needs = top.blocks("needs", &["provider"]);
    top.finish();
    let service = Service {
        name: name.to_owned(),
        description: description.map(|located| located.value).unwrap_or_default(),
        namespace: namespace.and_then(|block| read_namespace(file, block, &mut found)),
        requires,
        suggests,
        providers: match providers {
            None => Provider::ALL.to_vec(),
            Some(names) => names.iter().filter_map(|name| provider(file, name, &mut found)).collect(),
        },
        standard: standard.map_or(Standard::Nowhere, |text| read_standard(file, &text, &mut found)),
        charts: charts.into_iter().filter_map(|block| read_chart(file, block, &mut found)).collect(),
        timeout: timeout.map_or_else(|| "5m".to_owned(), |located| located.value),
        needs: needs.into_iter().filter_map(|block| read_need(file, block, &mut found)).collect(),
    };
    let is_whole = found.is_empty();
    found.sort_by_key(|problem| problem.span.start);
    problems.append(&mut found);
    is_whole.then_some(service)
}

fn texts(list: Option<Vec<Located<String>>>) -> Vec<String> {
    list.into_iter().flatten().map(|located| located.value).collect()
}

/// The one label of a block.
fn label(block: &Block) -> Located<String> {
    let label = block.labels.first();
    Located {
        value: label.map(|label| label.as_str().to_owned()).unwrap_or_default(),
        span: label.and_then(hcl_edit::Span::span).or_else(|| block.ident.span()).unwrap_or_default(),
    }
}

fn unknown(file: &Arc<SourceFile>, what: &str, text: &Located<String>, known: &[&str], problems: &mut Vec<Diagnostic>) {
    let mut problem = Diagnostic::new(file, text.span.clone(), format!("unknown {what} `{}`", text.value));
    problem.help = did_you_mean(&text.value, known);
    problems.push(problem);
}

fn provider(file: &Arc<SourceFile>, name: &Located<String>, problems: &mut Vec<Diagnostic>) -> Option<Provider> {
    let found = Provider::ALL.into_iter().find(|provider| provider.name() == name.value);
    if found.is_none() {
        unknown(file, "provider", name, &Provider::ALL.map(Provider::name), problems);
    }
    found
}

fn read_standard(file: &Arc<SourceFile>, text: &Located<String>, problems: &mut Vec<Diagnostic>) -> Standard {
    match text.value.as_str() {
        "everywhere" => Standard::Everywhere,
        "clouds" => Standard::Clouds,
        _ => {
            unknown(file, "standard", text, &["everywhere", "clouds"], problems);
            Standard::Nowhere
        }
    }
}

fn read_namespace(file: &Arc<SourceFile>, block: &Block, problems: &mut Vec<Diagnostic>) -> Option<Namespace> {
    let mut reader = BlockReader::block(file, block, problems);
    let level = reader.string("pod_security");
    reader.finish();
    let pod_security = level.as_ref().and_then(|level| level.value.parse().ok());
    if let (Some(level), None) = (&level, pod_security) {
        unknown(file, "pod security", level, &PodSecurity::ALL.map(PodSecurity::as_str), problems);
    }
    Some(Namespace { name: label(block).value, pod_security })
}

fn read_chart(file: &Arc<SourceFile>, block: &Block, problems: &mut Vec<Diagnostic>) -> Option<Chart> {
    let mut reader = BlockReader::block(file, block, problems);
    let source = reader.required_string("source");
    let version = reader.required_string("version");
    let digest = reader.string("digest").map(|located| located.value);
    reader.finish();
    let (source, version) = (source?, version?);
    if let Err(reason) = Chart::check_source(&source.value) {
        problems.push(Diagnostic::new(file, source.span, format!("`{}` {reason}", source.value)));
        return None;
    }
    if let Err(reason) = form::version(version.value.trim_start_matches('v')) {
        problems.push(Diagnostic::new(file, version.span, format!("`{}` is not a version: {reason}", version.value)));
        return None;
    }
    Some(Chart { name: label(block).value, source: source.value, version: version.value, digest })
}

fn read_need(file: &Arc<SourceFile>, block: &Block, problems: &mut Vec<Diagnostic>) -> Option<Need> {
    let mut reader = BlockReader::block(file, block, problems);
    let text = reader.required_string("text");
    reader.finish();
    let provider = provider(file, &label(block), problems)?;
    Some(Need { provider, text: text?.value })
}

impl Chart {
    /// Checks where a chart comes from.
    ///
    /// # Errors
    /// What sources look like: the rest of a sentence that begins with the text.
    pub fn check_source(text: &str) -> Result<(), &'static str> {
        let place = text.strip_prefix("oci://").or_else(|| text.strip_prefix("https://"));
        match place {
            None => Err("is no source of charts: it begins with `oci://` or `https://`"),
            Some(place) if place.is_empty() || place.contains(|c: char| c.is_whitespace() || c == '"') => {
                Err("is no address")
            }
            Some(_) if form::has_credentials(text) => Err("holds credentials: leave them out"),
            Some(_) => Ok(()),
        }
    }
}

impl PodSecurity {
    /// All levels, the strictest first.
    pub const ALL: [Self; 3] = [Self::Restricted, Self::Baseline, Self::Privileged];

    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Baseline => "baseline",
            Self::Privileged => "privileged",
        }
    }
}

impl std::str::FromStr for PodSecurity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|level| level.as_str() == text);
        found.ok_or_else(|| "it must be `restricted`, `baseline` or `privileged`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_in_a_service_is_told_at_once() {
        let text = "\
descripton = \"x\"
standard   = \"cluods\"
providers  = [\"asw\"]
namespace \"x\" {
  pod_security = \"strict\"
}
chart \"x\" {
  source  = \"http://x\"
  version = \"1\"
}
needs \"aws\" {}
";
        let mut problems = Vec::new();
        assert_eq!(service("x", "x.hcl", text, &mut problems), None);
        let told: Vec<_> =
            problems.iter().map(|problem| format!("{}: {}", problem.location(), problem.message)).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        x.hcl:1: the file takes no attribute `descripton`
        x.hcl:2: unknown standard `cluods`
        x.hcl:3: unknown provider `asw`
        x.hcl:5: unknown pod security `strict`
        x.hcl:8: `http://x` is no source of charts: it begins with `oci://` or `https://`
        x.hcl:11: block `needs` has no `text`
        ");
    }
}
