//! A terminal for tests: the program sees a real one, and a script types.

use std::{collections::BTreeMap, path::Path, process::Command};

use super::cli::{World, find_program};

/// What a program wrote to its terminal, and how it ended.
pub struct Talk {
    /// Everything that was written, with the terminal's control sequences.
    pub screen: String,
    /// The exit code, negative after a signal.
    pub code: i64,
}

/// Runs `kstack` on a terminal in the working folder. Each step is a text to wait for and the keys to press then.
pub fn talk(world: &World, arguments: &[&str], steps: &[(&str, &str)]) -> Talk {
    let python = find_program("python3").expect("`python3` is needed by this test");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/terminal.py");
    // The world is that of the program, not of the script.
    let program = world.command(env!("CARGO_BIN_EXE_kstack"), &world.work());
    let environment: BTreeMap<&str, &str> =
        program.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?))).collect();
    let asked = serde_json::json!({"steps": steps, "environment": environment, "folder": world.work()});
    let mut command = Command::new(python);
    command.arg(script).arg(asked.to_string()).arg(program.get_program()).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let (screen, code) = (said["screen"].as_str().unwrap().to_owned(), said["code"].as_i64().unwrap());
    assert!(said["waiting"].is_null(), "{} never came, code {code}:\n{screen}", said["waiting"]);
    Talk { screen, code }
}
