//! Where Terraform finds providers in tests: a mirror on this machine where there is one, and
//! otherwise the registry.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// A Terraform CLI configuration in `folder`. Without one, Terraform reads the user's own.
pub fn cli_config(folder: &Path) -> PathBuf {
    static MIRROR: OnceLock<Option<PathBuf>> = OnceLock::new();
    let text = match MIRROR.get_or_init(|| find(Path::new("/"), 4)) {
        Some(mirror) => format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
            mirror.display().to_string()
        ),
        None => String::new(),
    };
    let path = folder.join("terraform.rc");
    fs::write(&path, text).unwrap();
    path
}

/// A folder that holds the AWS provider as an unpacked mirror, at most `depth` folders below `folder`.
fn find(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.join("registry.terraform.io/hashicorp/aws").is_dir() {
        return Some(folder.to_owned());
    }
    if depth == 0 {
        return None;
    }
    let entries = fs::read_dir(folder).ok()?;
    entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).find_map(|entry| {
        let name = entry.file_name();
        let skipped = ["proc", "sys", "dev", "run", "tmp", "home", "root"].iter().any(|skipped| name == *skipped);
        if skipped { None } else { find(&entry.path(), depth - 1) }
    })
}
