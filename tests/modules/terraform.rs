//! Terraform's own checks of every module: `fmt`, `init`, `validate` and `test`, with the schemas of the real providers
//! and without a cloud: the modules' tests mock what would be called.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::Command,
    sync::Mutex,
    time::{Duration, Instant},
};

use hcl_edit::{Span, structure::Attribute};
use regex::Regex;
use tempfile::TempDir;

use super::source::{File, Module, modules, repository, string};
use crate::support::{cli::files_below, providers};

/// How many modules are checked at the same time. Terraform itself keeps two cores busy while it reads schemas.
const PARALLELISM: usize = 2;

/// A copy of `modules/`, where Terraform may leave its working files.
struct Copy {
    folder: TempDir,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in files_below(&repository().join("modules")) {
            if file.split('/').any(|part| part.starts_with(".terraform")) {
                continue;
            }
            let target = folder.path().join("modules").join(&file);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(repository().join("modules").join(&file), target).unwrap();
        }
        fs::create_dir(folder.path().join("home")).unwrap();
        providers::unpacked_config(folder.path());
        Self { folder }
    }

    /// Runs Terraform in a folder below `modules/`; what it printed is the error when it fails.
    fn terraform(&self, folder: &str, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("terraform")
            .args(arguments)
            .current_dir(self.folder.path().join("modules").join(folder))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("unpacked.rc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            // Schemas are large and short-lived: with fewer collections a module takes a third less processor time.
            .env("GOGC", "400")
            .output()
            .unwrap_or_else(|error| panic!("this test needs `terraform`: {error}"));
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        if output.status.success() { Ok(text) } else { Err(format!("terraform {}\n{text}", arguments.join(" "))) }
    }

    /// Checks a module; gives the number of runs of its tests. Each run validates the module first, as `validate` does.
    fn check(&self, module: &Module) -> Result<usize, String> {
        self.terraform(&module.path, &["init", "-backend=false", "-input=false", "-no-color"])?;
        self.take_providers_as_they_are(module);
        let output = self.terraform(&module.path, &["test", "-no-color"])?;
        let summary = Regex::new(r"(?m)^Success! (\d+) passed, 0 failed\.$").unwrap();
        match summary.captures(&output).map(|found| found[1].parse::<usize>().unwrap()) {
            Some(runs) if runs > 0 => Ok(runs),
            _ => Err(format!("terraform test ran nothing:\n{output}")),
        }
    }

    /// Leaves the versions alone in the lock file that init wrote, so that Terraform does not read hundreds of megabytes of
    /// providers once more, of which it has just noted the digests.
    fn take_providers_as_they_are(&self, module: &Module) {
        let path = self.folder.path().join("modules").join(&module.path).join(".terraform.lock.hcl");
        let Ok(text) = fs::read_to_string(&path) else { return };
        let hashes = Regex::new(r"(?s)\n *hashes *= *\[.*?\]").unwrap();
        fs::write(path, hashes.replace_all(&text, "").as_bytes()).unwrap();
    }
}

/// What became of a module.
enum Outcome {
    Passed { runs: usize, time: Duration },
    Failed(String),
    Skipped(String),
}

#[test]
fn every_module_is_formatted() {
    Copy::new()
        .terraform("", &["fmt", "-check", "-recursive", "-diff", "-no-color"])
        .unwrap_or_else(|text| panic!("{text}"));
}

#[test]
fn every_module_is_valid_and_passes_its_tests() {
    let all = modules();
    let unavailable = unavailable(&all);
    let copy = Copy::new();
    let next = Mutex::new(all.iter());
    let outcomes = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(module) = { next.lock().unwrap().next() } {
            let needed = required_providers(&module.folder());
            let missing = needed.iter().find(|provider| unavailable.contains_key(*provider));
            let start = Instant::now();
            let outcome = match missing {
                Some((provider, constraint)) => {
                    Outcome::Skipped(format!("provider {provider} {constraint} cannot be had"))
                }
                None => match copy.check(module) {
                    Ok(runs) => Outcome::Passed { runs, time: start.elapsed() },
                    Err(text) => Outcome::Failed(text),
                },
            };
            outcomes.lock().unwrap().insert(&module.path, outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..PARALLELISM {
            scope.spawn(work);
        }
    });
    report(&outcomes.into_inner().unwrap(), &unavailable);
}

/// Tells what was done past the test runner, which would keep it to itself, and fails if a module did.
fn report(outcomes: &BTreeMap<&String, Outcome>, unavailable: &BTreeMap<(String, String), String>) {
    let (mut told, mut failed) = (String::new(), String::new());
    for (module, outcome) in outcomes {
        match outcome {
            Outcome::Passed { runs, time } => {
                writeln!(told, "passed: {module}: {runs} runs in {:.1} s", time.as_secs_f64()).unwrap();
            }
            Outcome::Skipped(why) => writeln!(told, "skipped: {module}: {why}").unwrap(),
            Outcome::Failed(text) => writeln!(failed, "failed: {module}: {text}").unwrap(),
        }
    }
    for ((provider, constraint), why) in unavailable {
        writeln!(told, "provider {provider} {constraint}: {why}").unwrap();
    }
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    assert!(failed.is_empty(), "{failed}");
}

/// The providers that cannot be had, and why; all others are unpacked after this.
fn unavailable(all: &[Module]) -> BTreeMap<(String, String), String> {
    let needed: BTreeSet<_> = all.iter().flat_map(|module| required_providers(&module.folder())).collect();
    let refused = |(provider, constraint): (String, String)| {
        let why = providers::unpack(&provider, &constraint).err()?;
        Some(((provider, constraint), why))
    };
    needed.into_iter().filter_map(refused).collect()
}

/// The providers (`namespace/type`) and constraints of a folder, of what its tests use, and of the modules that it calls.
fn required_providers(folder: &Path) -> BTreeSet<(String, String)> {
    let mut needed = BTreeSet::new();
    let (mut folders, mut seen) = (vec![folder.to_owned()], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        let folder = folder.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        if !seen.insert(folder.clone()) {
            continue;
        }
        for path in files_below(&folder).iter().filter(|path| path.ends_with(".tf")) {
            if path.contains('/') && !path.starts_with("tests/") {
                continue;
            }
            let path = folder.join(path);
            let file = File::read(&path);
            needed.extend(requirements(&file));
            let sources = file.body.get_blocks("module").filter_map(|call| string(call, "source"));
            folders.extend(sources.filter(|it| it.starts_with('.')).map(|it| path.parent().unwrap().join(it)));
        }
    }
    needed
}

/// What a file requires.
fn requirements(file: &File) -> Vec<(String, String)> {
    let [source, version] = ["source", "version"].map(|name| Regex::new(&format!(r#"{name} = "([^"]+)""#)).unwrap());
    let blocks = file.body.get_blocks("terraform").flat_map(|block| block.body.get_blocks("required_providers"));
    let requirement = |attribute: &Attribute| {
        let text = file.on_one_line(&attribute.value);
        let field = |pattern: &Regex| pattern.captures(&text).map(|found| found[1].to_owned());
        let source = field(&source).unwrap_or_else(|| panic!("{}: no source", file.place(attribute.span())));
        (source, field(&version).unwrap_or_default())
    };
    blocks.flat_map(|block| block.body.attributes().map(requirement)).collect()
}
