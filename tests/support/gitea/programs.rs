//! Gitea and its runner as programs: a folder that is given, or built once from their Go modules.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// Names a folder that holds `gitea`, `gitea-runner` and `static/` (Gitea's `options`, `public` and `templates`).
const GIVEN: &str = "KSTACK_GITEA";

/// A Go module that a program is built from.
struct Module {
    /// The path that it is served by.
    path: &'static str,
    version: &'static str,
    /// Its digest as `go.sum` writes it. The module's own `go.sum` vouches for all others.
    digest: &'static str,
    /// The variable that holds the program's version.
    version_variable: &'static str,
    /// How its `go.mod` has to differ: arguments of `go mod edit`.
    edits: &'static [&'static str],
    /// The lines that its `go.sum` lacks for that.
    sums: &'static str,
    /// The package of its `main` function.
    package: &'static str,
}

const GITEA: Module = Module {
    path: "code.gitea.io/gitea",
    version: "v1.27.3",
    digest: "h1:SRnjvw24ASELKCqyYvAWIlzwOqyFMgfD+UkqQ9SE5eU=",
    version_variable: "main.Version",
    // Since 1.27 the module calls itself `gitea.dev`, and so do its relatives; they are served by their old names. Its
    // client of GitLab is not served in the version that it asks for.
    edits: &[
        "-require=gitea.dev@v1.27.3",
        "-replace=gitea.dev=code.gitea.io/gitea@v1.27.3",
        "-replace=gitea.dev/actions-proto-go=code.gitea.io/actions-proto-go@v0.6.0",
        "-replace=gitea.dev/sdk=code.gitea.io/sdk@v1.2.0",
        "-require=gitlab.com/gitlab-org/api/client-go/v2@v2.43.0",
    ],
    sums: "\
code.gitea.io/actions-proto-go v0.6.0 h1:JnNrve3wRTADHB0tuJf2rK0qW0GqG9NJZKTfU5aSiBQ=
code.gitea.io/actions-proto-go v0.6.0/go.mod h1:p4RX+D9oqiEEzzkPMXscw2CmaGuYFPWFc6xIOmDNDqs=
code.gitea.io/gitea v1.27.3 h1:SRnjvw24ASELKCqyYvAWIlzwOqyFMgfD+UkqQ9SE5eU=
code.gitea.io/gitea v1.27.3/go.mod h1:5NM8td2CQXVcqQRPVOnleEJq3nSbPmUen9JbcfmWcUk=
code.gitea.io/sdk v1.2.0 h1:cIG/abCgVJCuBGiJCtlQ9+d/hNwH+YAnGr5Ch/cNoSY=
code.gitea.io/sdk v1.2.0/go.mod h1:rfh5oNdIK24cbCREwIn1tqWKQW+IICXFGWJyebuOAOE=
gitlab.com/gitlab-org/api/client-go/v2 v2.43.0 h1:CxvWrDmW6/NAmnFeC4if5SGSP/0X54RIYox4sMo7pH0=
gitlab.com/gitlab-org/api/client-go/v2 v2.43.0/go.mod h1:pTbeBowtVA+0/ZExWEZYUGOrpu5qlRN5ZyOUf27BnVY=
",
    package: "gitea.dev",
};

const RUNNER: Module = Module {
    path: "gitea.com/gitea/runner",
    version: "v1.0.8",
    digest: "h1:zKfC4+zyyGIDagqhII3WVw52P+A9iAa63It0lniN4SI=",
    version_variable: "gitea.com/gitea/runner/internal/pkg/ver.version",
    edits: &["-require=gitea.com/gitea/runner@v1.0.8"],
    sums: "\
gitea.com/gitea/runner v1.0.8 h1:zKfC4+zyyGIDagqhII3WVw52P+A9iAa63It0lniN4SI=
gitea.com/gitea/runner v1.0.8/go.mod h1:AGLQXo8ELz9WPzNJ5W1SvnCik8ZX3jF0o6yCPCmwLtM=
",
    package: "gitea.com/gitea/runner",
};

/// Where the programs are.
pub struct Programs {
    pub gitea: PathBuf,
    pub runner: PathBuf,
    /// What Gitea reads beside its database: its `options`, `public` and `templates`.
    pub assets: PathBuf,
}

impl Programs {
    fn within(folder: &Path) -> Self {
        Self { gitea: folder.join("gitea"), runner: folder.join("gitea-runner"), assets: folder.join("static") }
    }

    fn are_there(&self) -> bool {
        self.gitea.is_file() && self.runner.is_file() && self.assets.is_dir()
    }
}

/// The programs; the first call builds what is nowhere, which takes seven minutes of processor time, once.
pub fn programs() -> &'static Programs {
    static FOUND: LazyLock<Programs> = LazyLock::new(|| {
        if let Some(folder) = std::env::var_os(GIVEN).filter(|folder| !folder.is_empty()) {
            let given = Programs::within(Path::new(&folder));
            assert!(given.are_there(), "`{GIVEN}` names a folder without `gitea`, `gitea-runner` and `static/`");
            return given;
        }
        let name = format!("gitea-{}-runner-{}", GITEA.version, RUNNER.version);
        let folder = crate::support::cache().join("test-tools").join(name);
        fs::create_dir_all(&folder).unwrap();
        // Test runs side by side build once: the first one holds the lock while it does.
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let kept = Programs::within(&folder);
        if !kept.are_there() {
            build(&GITEA, &kept.gitea);
            build(&RUNNER, &kept.runner);
            // Last: what is there is whole.
            keep_assets(&source(&GITEA), &kept.assets).unwrap();
        }
        kept
    });
    &FOUND
}

/// `go` in `folder`, with settings of its own: the user's flags and workspace must not change what is built.
fn go(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("go");
    command.args(arguments).current_dir(folder).env("GOFLAGS", "-mod=readonly").env("GOWORK", "off");
    let output = command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0").output();
    let output = output.expect("Go builds Gitea, unless `KSTACK_GITEA` names a folder that has it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`go {}` failed:\n{said}", arguments.join(" "));
    output.stdout
}

/// The folder of a module's source, downloaded if need be and held to its digest.
fn source(module: &Module) -> PathBuf {
    let wanted = format!("{}@{}", module.path, module.version);
    let described = go(&std::env::temp_dir(), &["mod", "download", "-json", &wanted]);
    let described: serde_json::Value = serde_json::from_slice(&described).unwrap();
    assert_eq!(described["Sum"], module.digest, "{wanted} is not what it was");
    PathBuf::from(described["Dir"].as_str().unwrap())
}

/// Builds the module's program as `target`, from a module of its own that requires what the module itself does: so the
/// versions, and their digests, are its publisher's.
fn build(module: &Module, target: &Path) {
    let source = source(module);
    let building = tempfile::tempdir().unwrap();
    let at = building.path();
    fs::write(at.join("go.mod"), fs::read(source.join("go.mod")).unwrap()).unwrap();
    go(at, &[&["mod", "edit", "-module=kstack.invalid/build"], module.edits].concat());
    let sums = fs::read_to_string(source.join("go.sum")).unwrap();
    fs::write(at.join("go.sum"), format!("{sums}{}", module.sums)).unwrap();
    let version = format!("-s -w -X {}={}", module.version_variable, module.version.trim_start_matches('v'));
    let program = at.join("program");
    let output = program.to_str().unwrap();
    go(at, &["build", "-trimpath", "-buildvcs=false", "-ldflags", &version, "-o", output, module.package]);
    // Beside its place first: a copy that was cut short is never taken for the program.
    let beside = target.with_extension("new");
    fs::copy(&program, &beside).unwrap();
    fs::rename(beside, target).unwrap();
}

fn keep_assets(source: &Path, target: &Path) -> io::Result<()> {
    let beside = target.with_extension("new");
    if beside.exists() {
        fs::remove_dir_all(&beside)?;
    }
    for folder in ["options", "public", "templates"] {
        copy(&source.join(folder), &beside.join(folder))?;
    }
    fs::rename(beside, target)
}

/// A folder and what is in it. The module cache is read-only, the copy is not: it must be possible to delete it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::write(target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
