//! `kstack policy`.

use serde_json::json;

use super::Context;
use crate::{
    check::Files,
    error::CliError,
    exit::ExitCode,
    platform::{CONSTRUCTS, Platform, Policy, RULES, layout},
    policy::{self, Outcome, Policies},
    ui::Table,
};

/// Show the rules that changes are held to, and test the platform's own
#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PolicyCommand {
    /// List the built-in rules with their levels, the platform's own rules, and what the guard refuses
    List,
    /// Run the tests of the platform's own rules: rules `test_…` in files `*_test.rego`
    Test(TestArgs),
}

#[derive(Debug, clap::Args)]
struct TestArgs {
    /// Folder with the rules and their tests, from the root of the platform
    #[arg(value_name = "DIR", default_value = layout::POLICIES)]
    folder: String,
}

/// Lists or tests.
///
/// # Errors
/// No platform; rules that cannot be compiled. A test that fails makes the exit code 1.
pub fn run(context: &mut Context<'_>, args: &PolicyArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        PolicyCommand::List => list(context),
        PolicyCommand::Test(args) => test(context, args),
    }
}

fn list(context: &Context<'_>) -> Result<ExitCode, CliError> {
    let files = Files::read(context.platform_root())?;
    let file = files.text(layout::PLATFORM_FILE).ok_or_else(|| CliError::user("there is no `kstack.hcl`"))?;
    let platform = Platform::parse(&file.path, &file.text)?;
    let own: Vec<_> = files.below(layout::POLICIES).filter(|file| layout::is_policy(&file.path)).collect();
    let own: Vec<_> = own.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
    let policies = Policies::of(&platform, &own)?;
    if context.ui.is_json() {
        context.ui.json(&document(&platform.policy, &policies))?;
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new(*context.ui.styles(), &["RULE", "LEVEL", "WHAT IT ASKS FOR"]);
    for rule in RULES {
        table.row([rule.name.to_owned(), platform.policy.level(rule.name).to_string(), rule.about.to_owned()]);
    }
    for (level, path) in policies.own() {
        table.row([path.clone(), level.to_string(), "a rule of this platform".to_owned()]);
    }
    context.ui.data(&table.render());
    let mut table = Table::new(*context.ui.styles(), &["CONSTRUCT", "ALLOWED", "WHAT IT DOES"]);
    for construct in CONSTRUCTS {
        table.row([construct.name.to_owned(), places(&platform.policy, construct.name), construct.about.to_owned()]);
    }
    context.ui.data(&format!("\n{}", table.render()));
    Ok(ExitCode::Done)
}

/// Where `policy.allow` allows a construct.
fn places(policy: &Policy, construct: &str) -> String {
    let allowed = policy.allow.iter().filter(|allowed| allowed.construct == construct);
    let places: Vec<&str> = allowed.map(|allowed| allowed.path.as_deref().unwrap_or("everywhere")).collect();
    if places.is_empty() { "no".to_owned() } else { places.join(", ") }
}

fn document(policy: &Policy, policies: &Policies) -> serde_json::Value {
    let rules = RULES.iter().map(
        |rule| json!({ "name": rule.name, "layer": rule.layer, "level": policy.level(rule.name), "about": rule.about }),
    );
    let constructs = CONSTRUCTS.iter().map(|construct| {
        let allowed = policy.allow.iter().filter(|allowed| allowed.construct == construct.name);
        let allowed: Vec<&str> = allowed.map(|allowed| allowed.path.as_deref().unwrap_or("*")).collect();
        json!({ "name": construct.name, "about": construct.about, "allowed": allowed })
    });
    json!({
        "type": "policies", "version": 1, "rules": rules.collect::<Vec<_>>(),
        "own": policies.own().map(|(level, path)| json!({ "name": path, "level": level })).collect::<Vec<_>>(),
        "constructs": constructs.collect::<Vec<_>>(), "label": policy.label(),
    })
}

fn test(context: &Context<'_>, args: &TestArgs) -> Result<ExitCode, CliError> {
    let files = policy::read_rego(context.platform_root(), &args.folder)?;
    let tests = policy::run_tests(&files)?;
    let failed = tests.iter().filter(|test| test.outcome != Outcome::Passed).count();
    if context.ui.is_json() {
        context.ui.json(&json!({ "type": "policy-tests", "version": 1, "files": files.len(), "tests": tests }))?;
    } else {
        for test in &tests {
            let place = format!("{}:{}", test.file, test.line);
            context.ui.data(&match &test.outcome {
                Outcome::Passed => format!("pass   {}  {place}", test.name),
                Outcome::Failed => format!("fail   {}  {place}", test.name),
                Outcome::Error { message } => format!("error  {}  {place}: {message}", test.name),
            });
        }
        context.ui.status(&match (tests.len(), failed) {
            (0, _) => format!("no tests in {} files: rules `test_…` in files `*_test.rego` are some", files.len()),
            (all, 0) => format!("{all} passed"),
            (all, failed) => format!("{failed} of {all} failed"),
        });
    }
    Ok(if failed == 0 { ExitCode::Done } else { ExitCode::Failed })
}
