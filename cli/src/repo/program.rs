//! The git program, by argument vector.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use super::RepoError;

/// How a run of the git program ended.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Output {
    /// Standard output, or [`RepoError::Program`] when the run failed.
    pub(super) fn success(self, command: &str) -> Result<String, RepoError> {
        if self.success {
            return Ok(self.stdout);
        }
        Err(RepoError::Program { command: command.to_owned(), detail: self.detail() })
    }

    /// What went wrong, in one line: Git's `fatal:` and `error:` lines where there are any.
    pub(super) fn detail(&self) -> String {
        let said = |line: &&str| line.starts_with("fatal:") || line.starts_with("error:");
        let lines = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
        let telling = lines.iter().copied().filter(said).collect::<Vec<_>>();
        let lines = if telling.is_empty() { lines } else { telling };
        if lines.is_empty() { self.stdout.trim().replace('\n', "; ") } else { lines.join("; ") }
    }
}

/// The version of the git program, such as `2.39.5`: to find out early that there is none.
///
/// # Errors
/// [`RepoError::NoProgram`].
pub fn git_version() -> Result<String, RepoError> {
    let said = run(Path::new("."), &["--version"], &[])?.success("--version")?;
    Ok(said.trim().trim_start_matches("git version ").to_owned())
}

/// Runs `git` with `arguments` in `folder`, `input` on its standard input.
pub(super) fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Result<Output, RepoError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    run_command(command, input)
}

/// Runs a prepared command: never a prompt, always English, and never in the repository that a Git
/// hook which runs kstack may have left in the environment.
pub(super) fn run_command(mut command: Command, input: &[u8]) -> Result<Output, RepoError> {
    let missing = |source| RepoError::NoProgram { source };
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(variable);
    }
    let mut child = command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    let stdin = child.stdin.take();
    let output = thread::scope(|scope| {
        // Written from a thread of its own, or both sides could wait for each other's pipe to empty.
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A program that ends early says why on standard error.
                let _ = stdin.write_all(input);
            }
        });
        child.wait_with_output()
    })
    .map_err(missing)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Output { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) })
}
