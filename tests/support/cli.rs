//! Runs the real `kstack` in a world of its own: an empty environment, a temporary home, and a
//! `PATH` that holds exactly the programs a test names. What it prints is compared as one text.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use super::schema;

/// A temporary folder that holds the home, the programs and the working folder of a test.
pub struct World {
    folder: TempDir,
    root: PathBuf,
    variables: Vec<(OsString, OsString)>,
    filters: Vec<(String, &'static str)>,
}

impl World {
    /// A world with an empty `PATH`: no Git, no Terraform, nothing.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The canonical path is what the program prints, also where the temporary folder is a symlink.
        let root = folder.path().canonicalize().unwrap();
        for name in ["home", "bin", "work"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let mut world = Self { folder, root, variables: Vec::new(), filters: Vec::new() };
        world.set("HOME", world.root.join("home"));
        world.set("PATH", world.root.join("bin"));
        world.set("COLUMNS", "100");
        world.set("NO_COLOR", "1");
        world.set("TERM", "dumb");
        world.set("GIT_CONFIG_NOSYSTEM", "1");
        for (role, value) in [("AUTHOR", "Test"), ("COMMITTER", "Test")] {
            world.set(format!("GIT_{role}_NAME"), value);
            world.set(format!("GIT_{role}_EMAIL"), "test@example.com");
            world.set(format!("GIT_{role}_DATE"), "2026-01-01T00:00:00Z");
        }
        world
    }

    /// Sets a variable of the programs that run here.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = name.into();
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
    }

    /// Puts a program of this machine on the `PATH`. Panics when it is not installed: a test that
    /// needs a program must not pass without it.
    pub fn install(&mut self, program: &str) {
        let found = find_program(program).unwrap_or_else(|| panic!("`{program}` is needed by this test"));
        symlink(found, self.root.join("bin").join(program)).unwrap();
    }

    /// Replaces every match of the regular expression `pattern` in what is printed.
    pub fn filter(&mut self, pattern: impl Into<String>, replacement: &'static str) {
        self.filters.push((pattern.into(), replacement));
    }

    /// The working folder.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The folder of the whole world.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file below the working folder, with its parents.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Reads a file below the working folder.
    pub fn read(&self, path: &str) -> String {
        let path = self.work().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// All files below `folder` of the working folder, sorted; `.git` is left out.
    pub fn files(&self, folder: &str) -> Vec<String> {
        files_below(&self.work().join(folder))
    }

    /// A command in this world, for tests that start or signal the program themselves.
    pub fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `kstack` in the working folder. JSON documents that it prints are held to their schemas.
    #[must_use = "compare the output or the exit code"]
    pub fn kstack(&self, arguments: &[&str]) -> Ran {
        self.kstack_in("", arguments)
    }

    /// Runs `kstack` in a folder of the working folder.
    #[must_use = "compare the output or the exit code"]
    pub fn kstack_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        let output =
            self.command(env!("CARGO_BIN_EXE_kstack"), &self.work().join(folder)).args(arguments).output().unwrap();
        self.ran(&output)
    }

    /// Runs an installed program in a folder of the working folder and requires success; gives standard output.
    pub fn must(&self, folder: &str, program: &str, arguments: &[&str]) -> String {
        // `Command` looks a bare name up on the PATH of this process, not of the child.
        let path = self.root.join("bin").join(program);
        let output = self.command(path, &self.work().join(folder)).args(arguments).output().unwrap();
        let ran = self.ran(&output);
        assert!(output.status.success(), "`{program} {}` failed:\n{ran}", arguments.join(" "));
        ran.stdout
    }

    /// Runs an installed program in the working folder.
    #[must_use = "compare the output or the exit code"]
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let path = self.root.join("bin").join(program);
        self.ran(&self.command(path, &self.work()).args(arguments).output().unwrap())
    }

    /// Whether an installed program succeeds in a folder of the working folder.
    pub fn tries(&self, folder: &str, program: &str, arguments: &[&str]) -> bool {
        let path = self.root.join("bin").join(program);
        self.command(path, &self.work().join(folder)).args(arguments).output().unwrap().status.success()
    }

    fn ran(&self, output: &Output) -> Ran {
        schema::hold(&String::from_utf8_lossy(&output.stdout));
        Ran { stdout: self.tidy(&output.stdout), stderr: self.tidy(&output.stderr), code: output.status.code() }
    }

    /// Paths of this world and the version become names, so that a snapshot is the same everywhere.
    fn tidy(&self, bytes: &[u8]) -> String {
        let root = self.root.display().to_string();
        let text = String::from_utf8(bytes.to_vec()).unwrap().replace(&root, "[WORLD]");
        let text = text.replace(&self.folder.path().display().to_string(), "[WORLD]");
        self.filters.iter().fold(text, |text, (pattern, replacement)| {
            regex::Regex::new(pattern).unwrap().replace_all(&text, *replacement).into_owned()
        })
    }
}

/// What a run printed and how it ended.
pub struct Ran {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
}

impl Ran {
    /// Requires exit code 0 and gives the run back.
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "the run failed:\n{self}");
        self
    }

    /// Every line of standard output as JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
            .collect()
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name} ---\n{}", text.trim_end_matches('\n'))?;
            }
        }
        match self.code {
            Some(code) => write!(f, "--- exit code {code} ---"),
            None => f.write_str("--- ended by a signal ---"),
        }
    }
}

/// Where `program` is installed on this machine.
pub fn find_program(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// All files below `folder`, relative, with `/`, sorted; `.git` is left out.
pub fn files_below(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name == ".git" {
                continue;
            }
            let mut path = prefix.to_owned();
            let _ = write!(path, "{name}");
            if entry.file_type().unwrap().is_dir() {
                path.push('/');
                walk(&entry.path(), &path, files);
            } else {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, "", &mut files);
    files.sort();
    files
}
