//! Apps of a platform that is there: adding, and saying which version runs where.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_json::Value;
use yaml_edit::Document;

use super::{
    Assets, Registry, ScaffoldError, Selection, Workspace, documents,
    registry::{self, Entry},
    template::Renderer,
};
use crate::{
    hcl::did_you_mean,
    platform::{AppName, Environment, layout},
};

/// A container image: where it lies, and which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    repository: String,
    version: Version,
}

/// A version of an image: a tag, perhaps with a digest, or a digest alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// `1.2.3`, or `1.2.3@sha256:…`.
    Tag(String),
    /// `sha256:…`.
    Digest(String),
}

/// Why a text is no image or no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidImage(&'static str);

impl FromStr for Version {
    type Err = InvalidImage;

    fn from_str(text: &str) -> Result<Self, InvalidImage> {
        let is_digest = |text: &str| {
            text.strip_prefix("sha256:").is_some_and(|hash| hash.len() == 64 && hash.bytes().all(is_hexadecimal))
        };
        if text.starts_with("sha256:") {
            return if is_digest(text) { Ok(Self::Digest(text.to_owned())) } else { Err(InvalidImage(DIGEST)) };
        }
        let (tag, digest) = text.split_once('@').map_or((text, None), |(tag, digest)| (tag, Some(digest)));
        // Tags as the distribution specification has them.
        let is_tag = !tag.is_empty()
            && tag.len() <= 128
            && !tag.starts_with(['.', '-'])
            && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        match digest {
            _ if !is_tag => Err(InvalidImage("a tag has at most 128 letters, digits, `.`, `_` and `-`")),
            _ if tag == "latest" => Err(InvalidImage("`latest` is no version: it is another image tomorrow")),
            Some(digest) if !is_digest(digest) => Err(InvalidImage(DIGEST)),
            _ => Ok(Self::Tag(text.to_owned())),
        }
    }
}

const DIGEST: &str = "a digest is `sha256:` and 64 hexadecimal digits";

fn is_hexadecimal(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

impl FromStr for Image {
    type Err = InvalidImage;

    fn from_str(text: &str) -> Result<Self, InvalidImage> {
        let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        // A `:` before the last `/` is that of a port.
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (name, None),
        };
        let is_repository = !repository.is_empty()
            && repository.split('/').all(|part| !part.is_empty() && !part.starts_with(['.', '-', ':']))
            && repository
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/:".contains(&byte));
        if !is_repository {
            return Err(InvalidImage("it does not look like `ghcr.io/acme/shop:1.2.3`"));
        }
        let version = match (tag, digest) {
            (Some(tag), None) => tag.parse()?,
            (Some(tag), Some(digest)) => format!("{tag}@{digest}").parse()?,
            (None, Some(digest)) => match digest.parse()? {
                Version::Digest(digest) => Version::Digest(digest),
                Version::Tag(_) => return Err(InvalidImage(DIGEST)),
            },
            (None, None) => return Err(InvalidImage("it names no version: add a tag or a digest")),
        };
        Ok(Self { repository: repository.to_owned(), version })
    }
}

impl Version {
    /// The key that says it in a kustomization.
    fn key(&self) -> &'static str {
        match self {
            Self::Tag(_) => "newTag",
            Self::Digest(_) => "digest",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Tag(text) | Self::Digest(text) => text,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// An app to add.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// Its name.
    pub name: AppName,
    /// What it runs.
    pub image: Image,
    /// The port that it listens on.
    pub port: u16,
    /// The namespace of the team that it belongs to; the only one when it is not said.
    pub namespace: Option<String>,
    /// Its files may be encrypted with SOPS.
    pub sops: bool,
}

#[derive(Serialize)]
struct Scope<'a> {
    app: Values<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Place<'a>>,
}

#[derive(Clone, Copy, Serialize)]
struct Values<'a> {
    name: &'a str,
    namespace: &'a str,
    repository: &'a str,
    key: &'static str,
    version: &'a str,
    port: u16,
}

#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    protected: bool,
}

/// Adds an app to the registries of `selection`; gives those that did not have it. What its folder holds already stays.
///
/// # Errors
/// [`ScaffoldError::Unknown`] when there is no such namespace, [`ScaffoldError::Ambiguous`] when it has to be said
/// which, [`ScaffoldError::Missing`] when a registry lacks the file that lists apps.
pub fn add_app(
    workspace: &mut Workspace,
    assets: &Assets,
    app: &NewApp,
    selection: &Selection,
) -> Result<Vec<Registry>, ScaffoldError> {
    let renderer = Renderer::new()?;
    let namespace = team_namespace(workspace, app.namespace.as_deref())?;
    let values = Values {
        name: app.name.as_str(),
        namespace: &namespace,
        repository: &app.image.repository,
        key: app.image.version.key(),
        version: app.image.version.text(),
        port: app.port,
    };
    let selected = workspace.select(selection)?;
    let folder = format!("{}/{}", layout::APPS, app.name);
    let write = |workspace: &mut Workspace, part: &str, folder: &str, scope: &Scope<'_>| {
        if workspace.has_folder(folder) {
            return Ok(());
        }
        for (file, _) in assets.below(&format!("app/new/{part}")) {
            let text = assets.render(&renderer, &format!("app/new/{part}/{file}"), scope)?;
            workspace.files.insert(format!("{folder}/{file}"), text);
        }
        Ok::<_, ScaffoldError>(())
    };
    write(workspace, "base", &format!("{folder}/base"), &Scope { app: values, environment: None })?;
    let environments: Vec<Environment> = workspace.platform.environments.clone();
    for Environment { name, protected, .. } in &environments {
        if selected.iter().any(|registry| registry.environment == *name) {
            let environment = Some(Place { name: name.as_str(), protected: *protected });
            write(workspace, "overlay", &format!("{folder}/{name}"), &Scope { app: values, environment })?;
        }
    }
    let mut added = Vec::new();
    for registry in selected {
        let listed = workspace.listed(&registry);
        if listed.iter().any(|entry| entry.name == app.name.as_str()) {
            continue;
        }
        // What apps count on, as far as the cluster has it: priority classes, and namespaces of teams.
        let after = ["scheduling", "tenancy"].into_iter().filter(|name| listed.iter().any(|entry| entry.name == *name));
        let entry = Entry::of_app(app.name.as_str(), registry.environment.as_str(), after.map(str::to_owned).collect());
        let entry = Entry { sops: app.sops, ..entry };
        let text = entry.text(assets, &renderer, &workspace.site(&registry))?;
        workspace.append(&registry, registry::APPS, &text)?;
        added.push(registry);
    }
    Ok(added)
}

/// The namespace called `name`, or the only one, out of those of teams: the ones that manifests of services make with
/// the label `kstack.dev/team`.
fn team_namespace(workspace: &Workspace, name: Option<&str>) -> Result<String, ScaffoldError> {
    let below = format!("{}/", layout::SERVICES);
    let files = workspace.files.iter().filter(|(path, _)| path.starts_with(&below) && path.ends_with(".yaml"));
    let documents = files.flat_map(|(_, text)| documents::documents(text)).map(|(_, document)| document);
    let is_team = |document: &Value| {
        document["kind"] == "Namespace" && document["metadata"]["labels"]["kstack.dev/team"].is_string()
    };
    let teams =
        documents.filter(is_team).filter_map(|document| document["metadata"]["name"].as_str().map(str::to_owned));
    let teams: Vec<String> = teams.collect();
    match (name, &teams[..]) {
        (Some(name), _) if teams.iter().any(|team| team == name) => Ok(name.to_owned()),
        (None, [only]) => Ok(only.clone()),
        (Some(name), _) => {
            let teams: Vec<&str> = teams.iter().map(String::as_str).collect();
            let help = did_you_mean(name, &teams);
            Err(ScaffoldError::Unknown { what: "namespace of a team", name: name.to_owned(), help })
        }
        (None, _) => Err(ScaffoldError::Ambiguous { what: "namespace", names: teams }),
    }
}

/// What promoting came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promoted {
    /// The version that the environment had.
    pub before: String,
    /// The version that it will have.
    pub after: String,
}

/// Where the version comes from that an environment gets.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The version of another environment.
    Environment(String),
    /// This one.
    Version(Version),
}

/// Gives the app called `name` in the environment `to` the version of `origin`: one line of its overlay changes.
///
/// # Errors
/// [`ScaffoldError::Unknown`] for an app or environment that there is not, [`ScaffoldError::NoVersion`] when a
/// kustomization does not say one version.
pub fn promote_app(
    workspace: &mut Workspace,
    name: &str,
    origin: &Origin,
    to: &str,
) -> Result<Promoted, ScaffoldError> {
    let folder = format!("{}/{name}", layout::APPS);
    if !workspace.has_folder(&folder) {
        let below = format!("{}/", layout::APPS);
        let mut apps: Vec<&str> = workspace
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(&below)?.split_once('/'))
            .map(|(app, _)| app)
            .collect();
        apps.dedup();
        let help = did_you_mean(name, &apps);
        return Err(ScaffoldError::Unknown { what: "app", name: name.to_owned(), help });
    }
    let version = match origin {
        Origin::Version(version) => version.clone(),
        Origin::Environment(from) => read(workspace, &folder, from)?.1.version,
    };
    let (path, found) = read(workspace, &folder, to)?;
    let before = found.version.to_string();
    if let Some(text) = workspace.files.get_mut(&path) {
        *text = with_version(text, &found, &version).ok_or(ScaffoldError::NoVersion { path })?;
    }
    Ok(Promoted { before, after: version.to_string() })
}

/// A version in the text of a kustomization: where its key begins and its value ends.
struct Found {
    start: usize,
    end: usize,
    version: Version,
}

/// The kustomization of an app in `environment`, and the version that it says.
fn read(workspace: &Workspace, folder: &str, environment: &str) -> Result<(String, Found), ScaffoldError> {
    let environments: Vec<&str> =
        workspace.platform.environments.iter().map(|environment| environment.name.as_str()).collect();
    if !environments.contains(&environment) {
        let help = did_you_mean(environment, &environments);
        return Err(ScaffoldError::Unknown { what: "environment", name: environment.to_owned(), help });
    }
    let path = format!("{folder}/{environment}/kustomization.yaml");
    let text = workspace.files.get(&path);
    let missing = || ScaffoldError::Missing { path: path.clone(), purpose: "it says which version runs there" };
    let found = find(text.ok_or_else(missing)?);
    found.ok_or_else(|| ScaffoldError::NoVersion { path: path.clone() }).map(|found| (path, found))
}

/// The one version of the one image of a kustomization.
fn find(text: &str) -> Option<Found> {
    let document = Document::from_str(text).ok()?;
    let images: Vec<_> = document.as_mapping()?.get_sequence("images")?.values().collect();
    let [image] = &images[..] else { return None };
    let image = image.as_mapping()?;
    let versions: Vec<_> = ["newTag", "digest"].into_iter().filter_map(|key| Some((key, image.get(key)?))).collect();
    let [(key, value)] = &versions[..] else { return None };
    let range = value.byte_range();
    let end = range.end as usize;
    // The key stands before its value, with nothing but `:` and spaces between them.
    let start = text.get(..range.start as usize)?.rfind(key)?;
    let parsed: Value = serde_saphyr::from_str(text).ok()?;
    let version = parsed["images"][0][*key].as_str()?.parse().ok()?;
    Some(Found { start, end, version })
}

/// `text` with another version; nothing when it would say anything else as well.
fn with_version(text: &str, found: &Found, version: &Version) -> Option<String> {
    let value = super::template::yaml(version.text());
    let (before, rest) = (text.get(..found.start)?, text.get(found.start..found.end)?);
    let gap = &rest[rest.find(':')?..];
    let gap = &gap[..gap.len() - gap[1..].trim_start().len()];
    let changed = format!("{before}{}{gap}{value}{}", version.key(), text.get(found.end..)?);
    let (mut was, mut is): (Value, Value) =
        (serde_saphyr::from_str(text).ok()?, serde_saphyr::from_str(&changed).ok()?);
    let said = is["images"][0].as_object_mut()?.remove(version.key())?;
    was["images"][0].as_object_mut()?.remove(found.version.key())?;
    (said == version.text() && was == is).then_some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn images_have_a_place_and_a_version() {
        let image = |text: &str| text.parse::<Image>().map(|image| (image.repository, image.version.to_string()));
        let pair = |one: &str, other: &str| Ok((one.to_owned(), other.to_owned()));
        assert_eq!(image("ghcr.io/acme/shop:1.2.3"), pair("ghcr.io/acme/shop", "1.2.3"));
        assert_eq!(image("localhost:5000/shop:v1"), pair("localhost:5000/shop", "v1"));
        assert_eq!(image(&format!("shop:1@{DIGEST}")), pair("shop", &format!("1@{DIGEST}")));
        assert_eq!(image(&format!("shop@{DIGEST}")), pair("shop", DIGEST));
        for text in
            ["", "shop", "shop:", "Shop:1", "shop:latest", "a//b:1", "shop@sha256:12", "shop@1", "x y:1", "<IMAGE>:1"]
        {
            assert!(image(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_promotion_changes_one_line() {
        let text = "# head\nresources: [../base]\nimages:\n  - name: shop\n    # why\n    newTag: \"1.0\" # now\n\nreplicas: []\n";
        let promoted = |text: &str, version: &str| with_version(text, &find(text)?, &version.parse().unwrap());
        assert_eq!(promoted(text, "2.0-rc.1").unwrap(), text.replace("\"1.0\"", "\"2.0-rc.1\""));
        assert_eq!(promoted(text, "v3").unwrap(), text.replace("\"1.0\"", "v3"));
        assert_eq!(promoted(text, DIGEST).unwrap(), text.replace("newTag: \"1.0\"", &format!("digest: {DIGEST}")));
        let flow = "images: [{name: shop, newTag: v1}]\n";
        assert_eq!(promoted(flow, "v2").unwrap(), "images: [{name: shop, newTag: v2}]\n");
        for text in [
            "images: []\n",
            "a: 1\n",
            "images:\n- {name: a, newTag: v1}\n- {name: b, newTag: v1}\n",
            "images:\n- name: a\n",
        ] {
            assert!(find(text).is_none(), "{text}");
        }
    }
}
