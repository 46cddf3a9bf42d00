//! The `provider_installation` block: methods in their order, each for some providers.
//! Source: <https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation>.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use hcl_edit::{
    Span as _,
    expr::Expression,
    structure::{Block, Body},
};

use crate::terraform::{Place, Source, TerraformError};

/// How providers are installed.
#[derive(Debug, Default)]
pub(super) struct Installation {
    /// Archives of single packages, which Terraform itself knows nothing of.
    archives: Vec<Source>,
    methods: Vec<Method>,
    /// Whether Terraform does the same without the block.
    implied: bool,
}

#[derive(Debug)]
struct Method {
    /// Such as `filesystem_mirror`.
    name: String,
    /// Its settings besides `include` and `exclude`, as they stand there.
    settings: Vec<(String, String)>,
    source: Source,
}

impl Method {
    fn folder(path: &Path, include: Vec<String>) -> Self {
        Self {
            name: "filesystem_mirror".to_owned(),
            settings: vec![("path".to_owned(), quoted(&path.display().to_string()))],
            source: Source { place: Place::Folder(path.to_owned()), include, exclude: Vec::new() },
        }
    }

    fn direct(exclude: Vec<String>) -> Self {
        Self {
            name: "direct".to_owned(),
            settings: Vec::new(),
            source: Source { place: Place::Registry, include: Vec::new(), exclude },
        }
    }

    /// The user's method; `None` for one that is not understood.
    fn read(block: &Block, text: &str) -> Option<Self> {
        let (mut settings, mut include, mut exclude) = (Vec::new(), Vec::new(), Vec::new());
        let mut path = None;
        for structure in &block.body {
            let attribute = structure.as_attribute()?;
            match attribute.key.as_str() {
                "include" => include = strings(&attribute.value)?,
                "exclude" => exclude = strings(&attribute.value)?,
                name => {
                    if name == "path" {
                        path = attribute.value.as_str().map(PathBuf::from);
                    }
                    settings.push((name.to_owned(), text.get(attribute.value.span()?)?.to_owned()));
                }
            }
        }
        let place = match (block.ident.as_str(), path) {
            ("filesystem_mirror", Some(path)) if path.is_absolute() => Place::Folder(path),
            ("direct", _) => Place::Registry,
            _ => Place::Foreign,
        };
        Some(Self { name: block.ident.to_string(), settings, source: Source { place, include, exclude } })
    }

    fn text(&self, provided: &[String]) -> String {
        let mut lines = self.settings.clone();
        let exclude: Vec<_> = self.source.exclude.iter().chain(provided).cloned().collect();
        if !self.source.include.is_empty() {
            lines.push(("include".to_owned(), list(&self.source.include)));
        }
        if !exclude.is_empty() {
            lines.push(("exclude".to_owned(), list(&exclude)));
        }
        let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let lines: String = lines.iter().map(|(name, value)| format!("    {name:width$} = {value}\n")).collect();
        format!("  {} {{\n{lines}  }}\n", self.name)
    }
}

impl Installation {
    /// The mirrors that kstack was given, then the registry for what none of the folders has.
    pub(super) fn mirrors(mirrors: &[PathBuf]) -> Result<Self, TerraformError> {
        let mut found = Self::default();
        let mut all = BTreeSet::new();
        for mirror in mirrors {
            let mirror =
                mirror.canonicalize().map_err(|source| TerraformError::io("use the mirror", mirror, source))?;
            if mirror.is_file() {
                let place = Place::Archive(mirror);
                found.archives.push(Source { place, include: Vec::new(), exclude: Vec::new() });
                continue;
            }
            let providers = providers_of(&mirror)?;
            if !providers.is_empty() {
                found.methods.push(Method::folder(&mirror, providers.iter().cloned().collect()));
                all.extend(providers);
            }
        }
        // Without the exclusion Terraform would ask the registry for the versions of every provider.
        found.methods.push(Method::direct(all.into_iter().collect()));
        Ok(found)
    }

    /// What Terraform does without a `provider_installation` block: the folders of `implied` that exist, then the registry
    /// for what none of them has.
    pub(super) fn implied(folders: &[PathBuf]) -> Option<Self> {
        let mut found = Self { implied: true, ..Self::default() };
        let mut all = BTreeSet::new();
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            // Terraform passes over what it cannot read; so the user's file had better stay in force.
            let folder = folder.canonicalize().ok()?;
            all.extend(providers_of(&folder).ok()?);
            found.methods.push(Method::folder(&folder, Vec::new()));
        }
        found.methods.push(Method::direct(all.into_iter().collect()));
        Some(found)
    }

    /// The user's own block; `None` for one that is not understood. Development overrides go past the lock file, so there is
    /// nothing that the store could do for them.
    pub(super) fn users(body: &Body, text: &str) -> Option<Self> {
        let methods = body.iter().map(|structure| {
            let block = structure.as_block().filter(|block| block.ident.as_str() != "dev_overrides")?;
            Method::read(block, text)
        });
        Some(Self { methods: methods.collect::<Option<_>>()?, ..Self::default() })
    }

    /// The places, for the store.
    pub(super) fn sources(&self) -> Vec<Source> {
        self.archives.iter().chain(self.methods.iter().map(|method| &method.source)).cloned().collect()
    }

    /// The block. What is `provided` by the mirror in the given folder comes from nowhere else.
    pub(super) fn text(&self, provided: Option<(&Path, &[String])>) -> String {
        self.block("", provided)
    }

    /// The block, with the packages in the given folders started as they are, whatever the lock file says.
    pub(super) fn overridden(&self, packages: &[(&str, &Path)], provided: (&Path, &[String])) -> String {
        let text = |folder: &Path| quoted(&folder.display().to_string());
        let lines: Vec<_> = packages.iter().map(|(address, folder)| (quoted(address), text(folder))).collect();
        let width = lines.iter().map(|(address, _)| address.len()).max().unwrap_or_default();
        let lines: String = lines.iter().map(|(name, folder)| format!("    {name:width$} = {folder}\n")).collect();
        self.block(&format!("  dev_overrides {{\n{lines}  }}\n"), Some(provided))
    }

    fn block(&self, first: &str, provided: Option<(&Path, &[String])>) -> String {
        if provided.is_none() && (self.implied || self.methods.is_empty()) {
            return String::new();
        }
        let (view, addresses) = match provided {
            Some((folder, addresses)) => (Method::folder(folder, addresses.to_vec()).text(&[]), addresses),
            None => (String::new(), &[][..]),
        };
        let methods: String = self.methods.iter().map(|method| method.text(addresses)).collect();
        format!("provider_installation {{\n{first}{view}{methods}}}\n")
    }
}

/// The providers of a mirror, as `<host>/<namespace>/<type>`. Symlinked folders are passed over as
/// Terraform does.
fn providers_of(mirror: &Path) -> Result<BTreeSet<String>, TerraformError> {
    let mut level = vec![(String::new(), mirror.to_owned())];
    for _ in 0..3 {
        let mut next = Vec::new();
        for (prefix, folder) in level {
            let wrong = |source| TerraformError::io("list", &folder, source);
            for entry in fs::read_dir(&folder).map_err(wrong)? {
                let entry = entry.map_err(wrong)?;
                let name = entry.file_name();
                let Some(name) = name.to_str().filter(|name| is_address_part(name)) else { continue };
                if entry.file_type().map_err(wrong)?.is_dir() {
                    let address = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
                    next.push((address, entry.path()));
                }
            }
        }
        level = next;
    }
    Ok(level.into_iter().map(|(address, _)| address).collect())
}

fn is_address_part(name: &str) -> bool {
    !name.starts_with('.') && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
}

/// The elements of a list of plain strings.
fn strings(value: &Expression) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect()
}

fn list(items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// The CLI configuration is HCL 1: strings are quoted as in Go, and `${` is not special there.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
