//! Programs beside the one on `PATH` whose plans and states kstack reads.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// The version that is built where none is installed.
const TOFU: &str = "v1.12.6";

/// OpenTofu: `$KSTACK_TOFU`, or on `PATH`, or in the cache folder. With `KSTACK_BUILD_TOFU` set it is built from its Go
/// module and kept there: that takes six minutes of processor time, once. Says so when it cannot be had.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
pub fn tofu() -> Option<PathBuf> {
    static FOUND: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let named = std::env::var_os("KSTACK_TOFU").filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(program) = named.or_else(|| super::cli::find_program("tofu")) {
            assert!(program.is_file(), "`KSTACK_TOFU` names `{}`, which is not there", program.display());
            return Some(program);
        }
        let folder = super::cache().join("test-tools").join(format!("tofu-{TOFU}"));
        let program = folder.join("tofu");
        if program.is_file() {
            return Some(program);
        }
        let why = match std::env::var_os("KSTACK_BUILD_TOFU") {
            Some(_) => match build(&folder) {
                Ok(()) => return Some(program),
                Err(why) => why,
            },
            None => "`KSTACK_BUILD_TOFU` is not set".to_owned(),
        };
        eprintln!("skipped: `tofu` is not installed and was not built: {why}");
        None
    });
    FOUND.clone()
}

/// What else the readers are tried with: Terraform and OpenTofu of any version that `KSTACK_TEST_PROGRAMS` lists, with
/// colons between them.
pub fn others() -> Vec<PathBuf> {
    let listed = std::env::var_os("KSTACK_TEST_PROGRAMS").unwrap_or_default();
    std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect()
}

fn build(folder: &Path) -> Result<(), String> {
    let go = |arguments: &[&str], at: &Path| {
        let mut command = Command::new("go");
        command.args(arguments).current_dir(at).env("GOFLAGS", "-mod=readonly").env("GOWORK", "off");
        // Its own backends need no C, and the program must run where no C library is.
        command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
        let output = command.output().map_err(|error| format!("cannot run `go`: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(output.stdout) } else { Err(said) }
    };
    let module = format!("github.com/opentofu/opentofu@{TOFU}");
    let described = go(&["mod", "download", "-json", &module], &std::env::temp_dir())?;
    let described: serde_json::Value = serde_json::from_slice(&described).map_err(|error| error.to_string())?;
    let source = described["Dir"].as_str().ok_or("`go mod download -json` names no folder")?;
    let building = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = building.path().join("tofu");
    // In the module's own folder, so that its replacements hold. Without the flag it would call itself a development version.
    let version = "-s -w -X github.com/opentofu/opentofu/version.dev=no";
    let out = program.to_str().ok_or("the temporary folder's name is no text")?;
    go(&["build", "-trimpath", "-buildvcs=false", "-ldflags", version, "-o", out, "./cmd/tofu"], Path::new(source))?;
    let keep = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        // Beside its place first: another run may build at the same time.
        let made = folder.join(format!("tofu-{}", std::process::id()));
        std::fs::copy(&program, &made)?;
        std::fs::rename(made, folder.join("tofu"))
    };
    keep().map_err(|error| error.to_string())
}
