//! Terramate, which answers the same question as `kstack list --changed`: installed, or built once from its Go module.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::shared::{self, cli::find_program};

/// The version that is built where none is installed.
const VERSION: &str = "v0.17.2";
const MODULE: &str = "github.com/terramate-io/terramate";

/// What a repository tells Terramate: that the base is a local commit, and that it need not look at the work tree, which
/// kstack does not do either.
pub const CONFIGURATION: &str = "terramate {\n  required_version = \">= 0.4.0\"\n\n  config {\n    telemetry {\n      \
    enabled = false\n    }\n    git {\n      default_branch    = \"main\"\n      check_untracked   = false\n      \
    check_uncommitted = false\n      check_remote      = false\n    }\n  }\n}\n";

/// The settings in a home: no question to its publisher whether there is a newer version.
pub const SETTINGS: &str = "disable_checkpoint = true\ndisable_telemetry = true\n";

/// The program. Says so when it cannot be had.
pub fn program() -> Option<PathBuf> {
    let built = shared::cache().join("test-tools").join(format!("terramate-{VERSION}")).join("terramate");
    if let Some(program) = find_program("terramate").or_else(|| built.is_file().then(|| built.clone())) {
        return Some(program);
    }
    match build(&built) {
        Ok(()) => Some(built),
        Err(why) => {
            eprintln!("skipped: `terramate` is not installed and cannot be built: {why}");
            None
        }
    }
}

/// Builds it in a module of its own, which takes over the requirements of Terramate's: that needs nothing from a module
/// proxy but the modules.
fn build(program: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let go = |arguments: &[&str]| {
        let mut command = Command::new("go");
        command.args(arguments).current_dir(folder.path());
        command.envs([("GOFLAGS", "-mod=mod -buildvcs=false"), ("GOWORK", "off"), ("CGO_ENABLED", "0")]);
        let output = command.output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    };
    let io = |error: std::io::Error| error.to_string();
    let found = go(&["mod", "download", "-json", &format!("{MODULE}@{VERSION}")])?;
    let found: serde_json::Value = serde_json::from_slice(&found).map_err(|error| error.to_string())?;
    let path = |name: &str| found[name].as_str().map(PathBuf::from).ok_or_else(|| format!("`go` names no {name}"));
    let requirements = fs::read_to_string(path("GoMod")?).map_err(io)?;
    let module = requirements.replacen(&format!("module {MODULE}"), "module bench", 1);
    fs::write(folder.path().join("go.mod"), format!("{module}\nrequire {MODULE} {VERSION}\n")).map_err(io)?;
    fs::write(folder.path().join("go.sum"), fs::read(path("Dir")?.join("go.sum")).map_err(io)?).map_err(io)?;
    go(&["build", "-trimpath", "-o", "terramate", &format!("{MODULE}/cmd/terramate")])?;
    let place = program.parent().ok_or("no folder to build into")?;
    fs::create_dir_all(place).map_err(io)?;
    // Beside its place first: another run may build at the same time.
    let made = place.join(format!("terramate-{}", std::process::id()));
    fs::copy(folder.path().join("terramate"), &made).map_err(io)?;
    fs::rename(made, program).map_err(io)
}
