//! Where Terraform finds providers in tests: in mirrors on this machine where there are any, otherwise in the registry.

use std::{
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The folder that a provider mirror has for the public registry.
const HOST: &str = "registry.terraform.io";

/// How far below the root, and below the folder beside this checkout, mirrors are looked for.
const DEPTH: usize = 4;

/// A mirror folder, packed or unpacked, that has all the given providers (`namespace/type`): one of
/// `$KSTACK_PROVIDER_MIRROR`, or any other found a few levels below the root or beside the checkout.
/// Without one, providers come from the registry.
pub fn mirror(providers: &[&str]) -> Option<PathBuf> {
    mirrors().iter().find(|mirror| providers.iter().all(|provider| has(mirror, provider))).cloned()
}

/// A Terraform CLI configuration in `folder`: each provider comes from the first mirror that has it, and from the
/// registry only when none has. Terraform would otherwise ask the registry about every provider.
pub fn cli_config(folder: &Path) -> PathBuf {
    let mut text = String::from("provider_installation {\n");
    let mut mirrored: Vec<String> = Vec::new();
    for mirror in mirrors() {
        let new: Vec<String> = providers_of(mirror).into_iter().filter(|name| !mirrored.contains(name)).collect();
        let path = mirror.display().to_string();
        writeln!(text, "  filesystem_mirror {{\n    path    = {path:?}\n    include = {new:?}\n  }}").unwrap();
        mirrored.extend(new);
    }
    writeln!(text, "  direct {{\n    exclude = {mirrored:?}\n  }}\n}}").unwrap();
    let path = folder.join("terraform.rc");
    fs::write(&path, text).unwrap();
    path
}

/// The folder where providers lie unpacked, once for all runs: itself a mirror, from which `terraform init` only links.
/// What it must have is put there by [`unpack`].
pub fn unpacked() -> PathBuf {
    super::cache().join("test-providers")
}

/// Unpacks the newest version of a provider (`namespace/type`) that satisfies `constraint` into [`unpacked`], unless an
/// earlier run did. One at a time, also across processes: Terraform's own cache of plugins is not made for several.
///
/// # Errors
/// What Terraform said, when the provider cannot be had.
pub fn unpack(provider: &str, constraint: &str) -> Result<(), String> {
    let unpacked = unpacked();
    let name: String = constraint.chars().filter(|character| !character.is_whitespace()).collect();
    let done = unpacked.join("done").join(provider).join(name);
    fs::create_dir_all(done.parent().unwrap()).unwrap();
    let lock = File::create(unpacked.join("lock")).unwrap();
    lock.lock().unwrap();
    // The version's folder, from the mirror on; it may have been deleted since.
    if fs::read_to_string(&done).is_ok_and(|version| unpacked.join(version).is_dir()) {
        return Ok(());
    }
    let work = tempfile::tempdir_in(&unpacked).unwrap();
    let main = format!(
        "terraform {{\n  required_providers {{\n    it = {{ source = {provider:?}, version = {constraint:?} }}\n  }}\n}}\n"
    );
    fs::write(work.path().join("main.tf"), main).unwrap();
    let plugins = work.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    let output = Command::new("terraform")
        .args(["init", "-backend=false", "-input=false", "-no-color"])
        .current_dir(work.path())
        .env("TF_CLI_CONFIG_FILE", cli_config(work.path()))
        .env("TF_PLUGIN_CACHE_DIR", &plugins)
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    // plugins/<host>/<namespace>/<type>/<version>/<platform>: the platform is a folder, or a link to one.
    let [version] = folders(plugins.join(HOST).join(provider)).try_into().expect("one version");
    let version = version.strip_prefix(&plugins).unwrap();
    let place = unpacked.join(version);
    if !place.exists() {
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::rename(plugins.join(version), place).unwrap();
    }
    fs::write(done, version.to_str().unwrap()).unwrap();
    Ok(())
}

/// [`unpacked`] with the given providers (`namespace/type` and constraint) in it. Where one of them cannot be had, the test
/// says so, and there is none.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
pub fn unpacked_with(needed: &[(&str, &str)]) -> Option<PathBuf> {
    for (provider, constraint) in needed {
        if let Err(why) = unpack(provider, constraint) {
            eprintln!("skipped: provider {provider} {constraint} cannot be had: {why}");
            return None;
        }
    }
    Some(unpacked())
}

/// A Terraform CLI configuration in `folder` that knows the providers in [`unpacked`] and nothing else.
pub fn unpacked_config(folder: &Path) -> PathBuf {
    let path = folder.join("unpacked.rc");
    let text = format!("provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n", unpacked());
    fs::write(&path, text).unwrap();
    path
}

fn folders(folder: PathBuf) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The providers that a mirror has, as `host/namespace/type`.
fn providers_of(mirror: &Path) -> Vec<String> {
    let types = folders(mirror.join(HOST)).into_iter().flat_map(folders);
    types.filter_map(|path| Some(path.strip_prefix(mirror).ok()?.to_str()?.to_owned())).collect()
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
