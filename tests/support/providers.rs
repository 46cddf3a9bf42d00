//! Where Terraform finds providers in tests: in mirrors on this machine where there are any, otherwise in the registry.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The folder that a provider mirror has for the public registry.
const HOST: &str = "registry.terraform.io";

/// How far below the root, and below the folder beside this checkout, mirrors are looked for.
const DEPTH: usize = 4;

/// A mirror folder, packed or unpacked, that has all the given providers (`namespace/type`): one of
/// `$KSTACK_PROVIDER_MIRROR`, or any other found a few levels below the root or beside the checkout.
/// A test that needs a provider which is nowhere says so and ends.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
pub fn mirror(providers: &[&str]) -> Option<PathBuf> {
    let has_all = |mirror: &&PathBuf| providers.iter().all(|provider| has(mirror, provider));
    let found = mirrors().iter().find(has_all).cloned();
    if found.is_none() {
        eprintln!("skipped: no provider mirror with {} on this machine", providers.join(", "));
    }
    found
}

/// A Terraform CLI configuration in `folder` that names every mirror, and the registry for the rest.
pub fn cli_config(folder: &Path) -> PathBuf {
    let mut text = String::from("provider_installation {\n");
    for mirror in mirrors() {
        writeln!(text, "  filesystem_mirror {{\n    path = {:?}\n  }}", mirror.display().to_string()).unwrap();
    }
    text.push_str("  direct {}\n}\n");
    let path = folder.join("terraform.rc");
    fs::write(&path, text).unwrap();
    path
}

fn has(mirror: &Path, provider: &str) -> bool {
    fs::read_dir(mirror.join(HOST).join(provider)).is_ok_and(|mut entries| entries.next().is_some())
}

fn mirrors() -> &'static [PathBuf] {
    static MIRRORS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    MIRRORS.get_or_init(|| {
        let setting = std::env::var_os("KSTACK_PROVIDER_MIRROR").unwrap_or_default();
        let mut mirrors: Vec<_> = std::env::split_paths(&setting).collect();
        mirrors.retain(|mirror| mirror.join(HOST).is_dir());
        search(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), DEPTH, &mut mirrors);
        search(Path::new("/"), DEPTH, &mut mirrors);
        let mut known = Vec::new();
        mirrors.retain(|mirror| {
            let real = mirror.canonicalize().unwrap_or_else(|_| mirror.clone());
            let new = !known.contains(&real);
            known.push(real);
            new
        });
        mirrors
    })
}

fn search(folder: &Path, depth: usize, mirrors: &mut Vec<PathBuf>) {
    const PASSED_OVER: [&str; 8] = ["proc", "sys", "dev", "run", "tmp", "target", "node_modules", "lib"];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name == HOST {
            mirrors.push(folder.to_owned());
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let passed_over = name.to_str().is_none_or(|name| name.starts_with('.') || PASSED_OVER.contains(&name));
        if depth > 1 && is_folder && !passed_over {
            search(&entry.path(), depth - 1, mirrors);
        }
    }
}
