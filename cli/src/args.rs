//! The command line. Doc comments are the help text: imperative first line, no full stop.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::commands;

/// Full-stack GitOps: Terraform clusters and cluster services from one reviewed repository
#[derive(Debug, Parser)]
#[command(name = "kstack", version, help_template = HELP_TEMPLATE, disable_help_subcommand = true, max_term_width = 100)]
pub struct Args {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Groups the commands so that a newcomer finds the few that matter first; a test keeps it complete.
const HELP_TEMPLATE: &str = "\
{about}

{usage-heading} {usage}

Start:
  try          Run the whole chain on this machine: scaffold, plan, apply, hand off, change, sync
  init         Scaffold a platform repository
  bootstrap    Bring a new account from nothing to remote state
  doctor       Check the tools and settings that kstack needs

Change the platform:
  add          Add a service or an app to clusters
  remove       Take a service or an app away from clusters
  list         List clusters and other stacks, or those that a change affects
  explain      Show the settings of a cluster in each environment, and which line set each
  validate     Check the platform's files without touching anything

Review and deliver:
  diff         Show what a change does to the objects in the clusters
  why          Show which files connect a change to a stack
  plan         Show what a change does to infrastructure, and keep the plans for review
  apply        Apply exactly the plans that were reviewed
  sync         Hand a cluster over to its engine and wait for a commit
  promote      Take what one environment has had to the next, by the tag that delivers to it
  status       Show what is applied, planned or pending, and how far the clusters are
  outputs      Show what stacks output, read from their states
  ci           Do what a pull request, push, tag or schedule asks for

Keep it true:
  audit        Show who proposed, approved, merged and applied what, and when

When something went wrong:
  resume       Go on with a run that was killed, interrupted or failed
  unlock       Remove locks that a dead run of kstack left, and no others
  bundle       Look at a reviewed plan, and whether it would be applied

Tools:
  policy       Show the rules that changes are held to, and test the platform's own
  sandbox      Start and stop local control planes
  completions  Print a completion script for a shell
  man          Write the manual pages

Options:
{options}

Exit codes: 0 done · 1 failed · 2 difference found (where asked for) · 64 wrong command line ·
70 a bug in kstack · 130 interrupted
";

/// Options of every command.
#[derive(Debug, Clone, ClapArgs)]
#[command(next_help_heading = "Options of every command")]
pub struct GlobalArgs {
    /// Work in this folder instead of the current one
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Form of what is printed on standard output
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    pub format: Format,
    /// When to use colour (`NO_COLOR` is honoured)
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Print only results, warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print what is done in detail
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// Form of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Human,
    /// One JSON document per line
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Try(commands::tour::TryArgs),
    Plan(commands::plan::PlanArgs),
    Policy(commands::policy::PolicyArgs),
    Apply(commands::apply::ApplyArgs),
    Promote(Box<commands::promote::PromoteArgs>),
    Resume(Box<commands::resume::ResumeArgs>),
    Audit(commands::audit::AuditArgs),
    Unlock(commands::unlock::UnlockArgs),
    Doctor(commands::doctor::DoctorArgs),
    Init(Box<commands::init::InitArgs>),
    Bootstrap(commands::bootstrap::BootstrapArgs),
    Sandbox(commands::sandbox::SandboxArgs),
    Bundle(commands::bundle::BundleArgs),
    Add(commands::add::AddArgs),
    Remove(commands::remove::RemoveArgs),
    Diff(commands::diff::DiffArgs),
    List(commands::list::ListArgs),
    Explain(commands::explain::ExplainArgs),
    Why(commands::why::WhyArgs),
    Ci(Box<commands::ci::CiArgs>),
    Completions(commands::completions::CompletionsArgs),
    Validate(commands::validate::ValidateArgs),
    Sync(commands::sync::SyncArgs),
    Status(commands::status::StatusArgs),
    Outputs(commands::outputs::OutputsArgs),
    Man(commands::man::ManArgs),
}
