//! Building a component from its Go module.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use super::table::{Component, Graph};
use crate::sandbox::{Sink, error::SandboxError, event::SandboxEvent};

/// The oldest Go that builds the components: the `go` line of `build/components/go.mod`.
const OLDEST_GO: (u32, u32) = (1, 25);
/// Lines of Go's output that an error shows.
const TAIL: usize = 20;

/// The Go program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Go;

impl Go {
    /// Looks for Go on `PATH`; the error says why it cannot be used.
    pub(super) async fn find() -> Result<Self, String> {
        let output = go().args(["env", "GOVERSION"]).output().await;
        let output = match output {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err("there is no `go` on PATH to build it with".to_owned());
            }
            Err(error) => return Err(format!("cannot run `go`: {error}")),
            Ok(output) => output,
        };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match parse_version(&version) {
            Some(found) if found >= OLDEST_GO => Ok(Self),
            Some(_) => {
                let (major, minor) = OLDEST_GO;
                Err(format!("`go` on PATH is {version}, and building it takes go{major}.{minor} or later"))
            }
            None => Err(format!("`go env GOVERSION` prints `{version}`, which is no version")),
        }
    }

    /// Builds `component` in `folder` and gives the program.
    pub(super) async fn build(
        self,
        component: Component,
        folder: &Path,
        sink: Sink<'_>,
    ) -> Result<PathBuf, SandboxError> {
        let module = write_module(component.graph(), folder)?;
        let program = folder.join(component.name());
        let linked: Vec<String> = component.linked_values().iter().map(|value| format!("-X {value}")).collect();
        self.patch(component, (folder, &module), sink).await?;
        let mut command = go();
        // -trimpath: the same program wherever it is built. -s -w: without symbols, a third smaller.
        command.args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false"]);
        command.arg("-ldflags").arg(format!("-s -w {}", linked.join(" ")).trim_end());
        command.arg("-o").arg(&program).arg(component.package()).current_dir(&module);
        run(command, &component.label(), sink).await?;
        Ok(program)
    }

    /// Lets the module in `module` build `component` from a patched copy of its source, if it has patches. The source
    /// itself was held to its digest before.
    async fn patch(
        self,
        component: Component,
        (folder, module): (&Path, &Path),
        sink: Sink<'_>,
    ) -> Result<(), SandboxError> {
        if component.patches().is_empty() {
            return Ok(());
        }
        let (name, version) = (component.module(), component.version());
        let source = self.source(component.graph(), &format!("{name}@v{version}"), folder, sink).await?;
        let copied = module.join("patched");
        copy_folder(&source, &copied)?;
        for patch in component.patches() {
            let path = copied.join(patch.file);
            let text = fs::read_to_string(&path).map_err(|source| SandboxError::io("read", &path, source))?;
            if text.matches(patch.from).count() != 1 {
                let reason = format!("it should hold `{}` once", patch.from);
                return Err(SandboxError::Source { path, reason });
            }
            let text = text.replace(patch.from, patch.to);
            fs::write(&path, text).map_err(|source| SandboxError::io("write", &path, source))?;
        }
        let path = module.join("go.mod");
        let text = format!("{}\nreplace {name} => ./patched\n", component.graph().go_mod());
        fs::write(&path, text).map_err(|source| SandboxError::io("write", &path, source))
    }

    /// The folder of a module's source in Go's module cache, downloaded if need be. Its digest
    /// is checked against the graph's `go.sum`.
    pub(super) async fn source(
        self,
        graph: Graph,
        module: &str,
        folder: &Path,
        sink: Sink<'_>,
    ) -> Result<PathBuf, SandboxError> {
        let graph = write_module(graph, folder)?;
        let mut command = go();
        command.args(["mod", "download", "-json", module]).current_dir(&graph);
        let output = run(command, module, sink).await?;
        let document: serde_json::Value = serde_json::from_str(&output).unwrap_or_default();
        match document.get("Dir").and_then(serde_json::Value::as_str) {
            Some(dir) => Ok(PathBuf::from(dir)),
            None => {
                let error = io::Error::other("`go mod download -json` names no folder");
                Err(SandboxError::io("find the source of", module, error))
            }
        }
    }
}

/// `go` with settings of its own: the user's flags, workspace or toolchain switching must not change what is built.
/// (An empty value would let through what `go env -w` set.)
fn go() -> Command {
    let mut command = Command::new("go");
    command.env("GOFLAGS", "-mod=readonly").env("GOWORK", "off").env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("go")?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?;
    let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
    Some((major, minor[..digits].parse().ok()?))
}

/// Writes the graph's `go.mod` and `go.sum` into a folder of its own.
fn write_module(graph: Graph, folder: &Path) -> Result<PathBuf, SandboxError> {
    let module = folder.join(match graph {
        Graph::Components => "components",
        Graph::Kwok => "kwok-module",
        Graph::Argocd => "argocd-module",
    });
    let write = || -> io::Result<()> {
        fs::create_dir_all(&module)?;
        if let Some((path, text)) = graph.own_source() {
            let path = module.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&module))?;
            fs::write(path, text)?;
        }
        fs::write(module.join("go.mod"), graph.go_mod())?;
        fs::write(module.join("go.sum"), graph.go_sum())
    };
    write().map_err(|source| SandboxError::io("write", &module, source))?;
    Ok(module)
}

/// Copies a folder of Go's module cache, whose files nobody may write to; the copies can be written.
fn copy_folder(from: &Path, to: &Path) -> Result<(), SandboxError> {
    fs::create_dir_all(to).map_err(|source| SandboxError::io("create", to, source))?;
    let entries = fs::read_dir(from).map_err(|source| SandboxError::io("read", from, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| SandboxError::io("read", from, source))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target)?;
            continue;
        }
        let bytes = fs::read(&source).map_err(|error| SandboxError::io("read", &source, error))?;
        fs::write(&target, bytes).map_err(|error| SandboxError::io("write", &target, error))?;
    }
    Ok(())
}

/// Runs a program to its end, telling each line that it says on standard error; gives its standard output.
async fn run(mut command: Command, what: &str, sink: Sink<'_>) -> Result<String, SandboxError> {
    let shown = {
        let command = command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    };
    let failed = |source| SandboxError::io("run", "go", source);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let mut last = VecDeque::with_capacity(TAIL);
    let stderr = child.stderr.take();
    let talk = async {
        let Some(stderr) = stderr else { return Ok(()) };
        let mut lines = BufReader::new(stderr).lines();
        while let Some(line) = lines.next_line().await? {
            if last.len() == TAIL {
                last.pop_front();
            }
            sink(SandboxEvent::ObtainProgress { what: what.to_owned(), line: line.clone() });
            last.push_back(line);
        }
        Ok(())
    };
    let (output, talked) = tokio::join!(child.wait_with_output(), talk);
    talked.map_err(failed)?;
    let output = output.map_err(failed)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = last.into_iter().collect::<Vec<_>>().join("\n");
    Err(SandboxError::Command { command: shown, status: output.status, stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_read() {
        assert_eq!(parse_version("go1.26.8"), Some((1, 26)));
        assert_eq!(parse_version("go1.25rc1"), Some((1, 25)));
        assert_eq!(parse_version("devel +abc"), None);
    }

    #[test]
    fn the_oldest_go_is_what_the_modules_ask_for() {
        let line = Graph::Components.go_mod().lines().find_map(|line| line.strip_prefix("go ")).unwrap();
        assert_eq!(parse_version(&format!("go{line}")), Some(OLDEST_GO));
    }

    #[tokio::test]
    async fn a_build_that_fails_shows_what_the_compiler_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "for i in $(seq 30); do echo line $i >&2; done; exit 3"]).current_dir(folder.path());
        let error = run(command, "etcd 3.6.4", &|_| {}).await.unwrap_err();
        let SandboxError::Command { command, status, stderr } = error else { panic!("{error}") };
        assert!(command.starts_with("sh -c "));
        assert_eq!(status.code(), Some(3));
        assert_eq!(stderr.lines().count(), TAIL);
        assert!(stderr.ends_with("line 30"));
    }
}
