//! A stack that plain `terraform` plans and applies for real.

use std::{fs, process::Output};

use serde_json::Value;

use super::source::repository;
use crate::support::{
    cli::{World, files_below},
    providers,
};

/// Puts the modules into a world, as they are in a generated repository.
pub fn copy_modules(world: &World) {
    for file in files_below(&repository().join("modules")) {
        let text = fs::read_to_string(repository().join("modules").join(&file)).unwrap();
        world.write(&format!("modules/{file}"), &text);
    }
}

/// A root module in a world of its own.
pub struct Stack {
    world: World,
    folder: String,
    /// What `plan`, `apply` and `destroy` get beside their own arguments.
    arguments: Vec<String>,
}

impl Stack {
    /// A world with `terraform` and the given providers (`namespace/type` and constraint). Without one of them the test
    /// says so, and there is no world.
    pub fn world(needed: &[(&str, &str)]) -> Option<World> {
        providers::unpacked_with(needed)?;
        let mut world = World::new();
        world.install("terraform");
        let configuration = providers::unpacked_config(world.root());
        world.set("TF_CLI_CONFIG_FILE", configuration);
        world.set("TF_IN_AUTOMATION", "1");
        world.set("CHECKPOINT_DISABLE", "1");
        // Schemas are large and short-lived: with fewer collections Terraform takes a third less processor time.
        world.set("GOGC", "400");
        Some(world)
    }

    pub fn new(world: World, folder: &str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { world, folder: folder.to_owned(), arguments }
    }

    /// Writes a file of the stack.
    pub fn write(&self, file: &str, text: &str) {
        self.world.write(&format!("{}/{file}", self.folder), text);
    }

    pub fn read(&self, file: &str) -> String {
        self.world.read(&format!("{}/{file}", self.folder))
    }

    /// Replaces texts of a file, each of which must be there exactly once.
    #[track_caller]
    pub fn edit(&self, file: &str, changes: &[(&str, &str)]) {
        let mut text = self.read(file);
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}:\n{text}");
            text = text.replace(from, to);
        }
        self.write(file, &text);
    }

    /// Runs Terraform and requires success; gives standard output.
    #[track_caller]
    pub fn terraform(&self, arguments: &[&str]) -> String {
        let (output, text) = self.run(arguments);
        assert!(output.status.success(), "terraform {}:\n{text}", arguments.join(" "));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs Terraform and requires failure; gives all that it printed.
    #[track_caller]
    pub fn terraform_fails(&self, arguments: &[&str]) -> String {
        let (output, text) = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "terraform {}:\n{text}", arguments.join(" "));
        text
    }

    #[track_caller]
    pub fn apply(&self) {
        self.terraform(&["apply", "-auto-approve"]);
    }

    /// Requires that a plan has nothing to do.
    #[track_caller]
    pub fn must_be_converged(&self) {
        let (output, text) = self.run(&["plan", "-detailed-exitcode"]);
        assert_eq!(output.status.code(), Some(0), "the second plan is not empty:\n{text}");
    }

    /// Applies what was edited. The plan must have something to do, destroy or replace no resource but those of the types
    /// in `may_go`, and leave nothing to do.
    #[track_caller]
    pub fn change(&self, may_go: &[&str]) {
        let planned = self.terraform(&["plan", "-json", "-out=change.tfplan"]);
        let messages = planned.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let changes: Vec<Value> = messages.filter(|message| message["type"] == "planned_change").collect();
        assert!(!changes.is_empty(), "nothing changes:\n{planned}");
        let in_place = ["create", "update", "read"];
        let gone: Vec<_> = changes
            .iter()
            .map(|message| &message["change"])
            .filter(|change| !in_place.iter().any(|action| change["action"] == *action))
            .filter(|change| !may_go.iter().any(|kind| change["resource"]["resource_type"] == *kind))
            .map(|change| format!("{} {}", change["action"], change["resource"]["addr"]))
            .collect();
        assert!(gone.is_empty(), "not in place: {gone:#?}");
        self.terraform(&["apply", "change.tfplan"]);
        self.must_be_converged();
    }

    /// An output of the applied stack.
    #[track_caller]
    pub fn output(&self, name: &str) -> Value {
        serde_json::from_str(&self.terraform(&["output", "-json", name])).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> (Output, String) {
        let program = self.world.root().join("bin/terraform");
        let mut command = self.world.command(program, &self.world.work().join(&self.folder));
        // A saved plan has its variables in it, and is named last.
        let saved = arguments.iter().any(|argument| argument.ends_with(".tfplan") && !argument.starts_with('-'));
        command.arg(arguments[0]);
        if arguments[0] != "state" {
            command.arg("-no-color");
        }
        if ["plan", "apply", "destroy"].contains(&arguments[0]) && !saved {
            command.args(&self.arguments);
        }
        command.args(&arguments[1..]);
        let output = command.output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
        (output, text)
    }
}
