//! The `age` program, to show that what kstack seals is what others open, and the other way round.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use age::{secrecy::ExposeSecret as _, x25519};

/// The version that is built where none is installed.
const VERSION: &str = "v1.2.1";

/// A key pair: the lines of a file of keys, and the recipient.
pub fn pair() -> (String, String) {
    let identity = x25519::Identity::generate();
    (format!("# a test's\n{}\n", identity.to_string().expose_secret()), identity.to_public().to_string())
}

/// The program: installed, or built once from its Go module. Says so when it cannot be had.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
pub fn program() -> Option<PathBuf> {
    if let Some(program) = super::cli::find_program("age") {
        return Some(program);
    }
    let folder = super::cache().join("test-tools").join(format!("age-{VERSION}"));
    let program = folder.join("age");
    if program.is_file() {
        return Some(program);
    }
    let building = tempfile::tempdir().unwrap();
    let module = format!("filippo.io/age/cmd/age@{VERSION}");
    let built = Command::new("go").args(["install", &module]).env("GOBIN", building.path()).output();
    let why = match built {
        Ok(output) if output.status.success() => {
            std::fs::create_dir_all(&folder).unwrap();
            // Beside its place first: another run may build at the same time.
            let made = folder.join(format!("age-{}", std::process::id()));
            std::fs::copy(building.path().join("age"), &made).unwrap();
            std::fs::rename(made, &program).unwrap();
            return Some(program);
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    eprintln!("skipped: `age` is not installed and cannot be built: {why}");
    None
}

/// Runs `program` with `arguments` on `input`, and gives what it printed.
pub fn run(program: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
