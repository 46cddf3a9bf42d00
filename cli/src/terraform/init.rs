//! `terraform init`, and knowing when it can be left out.
//!
//! An init costs more than a plan of a small stack, since it hashes every provider. What it did
//! last time is remembered by the content of everything that it reads: the `terraform`, `module`
//! and `provider` blocks of the root module and of the local modules below it, the lock file, the backend
//! settings, the binary and the CLI configuration. The working folder itself does not matter: the data
//! folder refers to local modules relative to it and to everything else by absolute path, so a fresh
//! export of the same files works with the data folder of the last one (tests/terraform.rs proves it).
//! What content cannot tell, such as a provider needed by a new resource type only, Terraform
//! tells: then init runs after all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use hcl_edit::{Span as _, expr::Expression};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::hcl::Document;

use super::{Binary, TerraformError, binary::hex, cli_config::CliConfig};

/// Terraform's lock file.
pub(super) const LOCK_FILE: &str = ".terraform.lock.hcl";

/// A `-backend-config` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendSetting {
    /// A file of settings, relative to the working folder.
    File(PathBuf),
    /// One setting.
    Value {
        /// Its name, such as `key`.
        name: String,
        /// Its value.
        value: String,
    },
}

/// Whether init had to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitOutcome {
    /// Nothing had changed since the last one.
    Skipped,
    /// It ran.
    Done,
}

/// What an init depends on: equal fingerprints need no second init.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint(String);

/// Everything outside the configuration that an init depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) binary: &'a Binary,
    pub(super) backend: &'a [BackendSetting],
    pub(super) cli_config: &'a CliConfig,
    pub(super) data: &'a Path,
}

impl Fingerprint {
    /// Reads what an init of the root module `directory` would read.
    pub(super) fn of(directory: &Path, surroundings: Surroundings<'_>) -> Result<Self, TerraformError> {
        let mut parts = Parts(Sha256::new());
        parts.add("kstack init 1", b"");
        parts.add("binary", surroundings.binary.sha256.as_bytes());
        parts.add("data", surroundings.data.as_os_str().as_encoded_bytes());
        parts.add("cli-config", surroundings.cli_config.basis().as_bytes());
        for setting in surroundings.backend {
            match setting {
                BackendSetting::File(path) => parts.add("backend-file", &read(&directory.join(path))?),
                BackendSetting::Value { name, value } => {
                    parts.add("backend-name", name.as_bytes());
                    parts.add("backend-value", value.as_bytes());
                }
            }
        }
        parts.modules(directory)?;
        Ok(Self(hex(&parts.0.finalize())))
    }
}

/// Parts of a fingerprint, each with its length so that none runs into the next.
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, label: &str, content: &[u8]) {
        for bytes in [label.as_bytes(), content] {
            self.0.update((bytes.len() as u64).to_le_bytes());
            self.0.update(bytes);
        }
    }

    /// Adds the root module and every local module below it, by path relative to the root.
    fn modules(&mut self, root: &Path) -> Result<(), TerraformError> {
        let mut waiting = vec![PathBuf::new()];
        let mut seen = BTreeSet::new();
        while let Some(relative) = waiting.pop() {
            if !seen.insert(relative.clone()) {
                continue;
            }
            let folder = root.join(&relative);
            if !folder.is_dir() {
                continue; // init says it better
            }
            self.add("module", relative.as_os_str().as_encoded_bytes());
            for (name, path) in configuration_files(&folder)? {
                let text = read(&path)?;
                for source in self.file(&name, &text) {
                    waiting.push(normal(&relative.join(source)));
                }
            }
        }
        Ok(())
    }

    /// Adds what init reads of one file; returns the sources of local modules that it calls.
    /// What cannot be parsed, and JSON, is added whole.
    fn file(&mut self, name: &str, bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        let document = if name.ends_with(".json") { None } else { Document::parse(name, text.as_ref()).ok() };
        let Some(document) = document else {
            self.add("file", name.as_bytes());
            self.add("whole", bytes);
            return Vec::new();
        };
        let mut local = Vec::new();
        for block in document.body().blocks() {
            let kind = block.ident.as_str();
            if !matches!(kind, "terraform" | "module" | "provider") {
                continue;
            }
            self.add("file", name.as_bytes());
            if kind == "module" {
                self.add("call", block.labels.first().map_or("", |label| label.as_str()).as_bytes());
                for attribute in ["source", "version", "providers"] {
                    let value = block.body.get_attribute(attribute).map(|found| &found.value);
                    let span = value.and_then(hcl_edit::Span::span);
                    self.add(attribute, span.and_then(|span| text.get(span)).unwrap_or_default().as_bytes());
                    match value {
                        Some(Expression::String(source)) if attribute == "source" && is_local(source.value()) => {
                            local.push(source.value().clone());
                        }
                        _ => {}
                    }
                }
            } else {
                let span = block.span().and_then(|span| text.get(span));
                self.add(kind, span.unwrap_or(&text).as_bytes());
            }
        }
        local
    }
}

fn is_local(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../")
}

/// The path without `.` and, as far as possible, `..`; not following symlinks, as Terraform does.
fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.iter().collect()
}

fn configuration_files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, TerraformError> {
    let wrong = |source| TerraformError::io("list", folder, source);
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let configuration = [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|end| name.ends_with(end));
        if configuration && !name.starts_with('.') && entry.path().is_file() {
            files.insert(name, entry.path());
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, TerraformError> {
    fs::read(path).map_err(|source| TerraformError::io("read", path, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::{Platform, Product, ProviderMirrors, Version};

    fn binary() -> Binary {
        Binary {
            path: "/bin/terraform".into(),
            product: Product::Terraform,
            version: Version::release(1, 11, 4),
            sha256: "ab".into(),
            platform: Platform::current(),
        }
    }

    fn fingerprint(directory: &Path, backend: &[BackendSetting]) -> Fingerprint {
        let binary = binary();
        let surroundings = Surroundings {
            binary: &binary,
            backend,
            cli_config: &CliConfig::Users { named: None },
            data: Path::new("/data"),
        };
        Fingerprint::of(directory, surroundings).unwrap()
    }

    fn stack(root: &Path) -> PathBuf {
        let stack = root.join("infra/a");
        fs::create_dir_all(&stack).unwrap();
        fs::create_dir_all(root.join("modules/m/n")).unwrap();
        fs::write(stack.join("main.tf"), "module \"m\" {\n  source = \"../../modules/m\"\n  size = 1\n}\n").unwrap();
        fs::write(root.join("modules/m/main.tf"), "module \"n\" {\n  source = \"./n\"\n}\n").unwrap();
        fs::write(root.join("modules/m/n/main.tf"), "resource \"a\" \"b\" {}\n").unwrap();
        stack
    }

    #[test]
    fn the_same_content_elsewhere_has_the_same_fingerprint() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(fingerprint(&stack(one.path()), &[]), fingerprint(&stack(two.path()), &[]));
    }

    #[test]
    fn only_what_init_reads_counts() {
        let root = tempfile::tempdir().unwrap();
        let stack = stack(root.path());
        let first = fingerprint(&stack, &[]);
        let main = stack.join("main.tf");
        let main_text = fs::read_to_string(&main).unwrap();
        let nested = root.path().join("modules/m/n/main.tf");

        fs::write(&main, main_text.replace("size = 1", "size = 2")).unwrap();
        fs::write(&nested, "resource \"a\" \"c\" {}\n").unwrap();
        assert_eq!(fingerprint(&stack, &[]), first, "arguments and resources");

        let changes: [(&Path, &str); 4] = [
            (&nested, "terraform {\n  required_providers {}\n}\n"),
            (&nested, "module \"o\" {\n  source = \"git::https://example.com/o\"\n}\n"),
            (&nested, "not HCL at all {"),
            (&main, "module \"m\" {\n  source = \"../../modules/m/n\"\n}\n"),
        ];
        for (path, text) in changes {
            fs::write(&nested, "").unwrap();
            fs::write(&main, &main_text).unwrap();
            fs::write(path, text).unwrap();
            assert_ne!(fingerprint(&stack, &[]), first, "{text}");
        }
    }

    #[test]
    fn backend_settings_count() {
        let root = tempfile::tempdir().unwrap();
        let stack = stack(root.path());
        let value = |value: &str| BackendSetting::Value { name: "key".into(), value: value.into() };
        assert_ne!(fingerprint(&stack, &[value("a")]), fingerprint(&stack, &[value("b")]));
        let file = [BackendSetting::File("ops.tfbackend".into())];
        fs::write(stack.join("ops.tfbackend"), "bucket = \"a\"").unwrap();
        let first = fingerprint(&stack, &file);
        fs::write(stack.join("ops.tfbackend"), "bucket = \"b\"").unwrap();
        assert_ne!(fingerprint(&stack, &file), first);
    }

    #[test]
    fn the_program_and_what_it_is_configured_with_count() {
        let root = tempfile::tempdir().unwrap();
        let stack = stack(root.path());
        let (first, settings) = (binary(), root.path().join("rc"));
        let print = |binary: &Binary, cli_config: &CliConfig, data: &str| {
            let data = Path::new(data);
            Fingerprint::of(&stack, Surroundings { binary, backend: &[], cli_config, data }).unwrap()
        };
        let users = CliConfig::Users { named: None };
        let before = print(&first, &users, "/data");
        let newer = Binary { version: Version::release(1, 12, 0), sha256: "cd".into(), ..first.clone() };
        assert_ne!(print(&newer, &users, "/data"), before, "another version is another file");
        assert_ne!(print(&first, &users, "/elsewhere"), before, "links in there are absolute");
        fs::create_dir_all(root.path().join("mirror/example.com/me/mine")).unwrap();
        let mirrors = ProviderMirrors::new([root.path().join("mirror")]);
        let own = CliConfig::settle(&mirrors, Product::Terraform, settings, &stack, true).unwrap();
        let with_mirror = print(&first, &own, "/data");
        assert_ne!(with_mirror, before);
        // What the store shows changes with every lock file, which counts by itself.
        own.write(Path::new("/view"), &[]).unwrap();
        assert_eq!(print(&first, &own, "/data"), with_mirror);
    }
}
