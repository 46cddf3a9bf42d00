//! The story: each step says in one line what it is for, shows the command that a person would type, and runs it.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use clap::Parser as _;

use crate::{
    args::Args,
    commands::{self, Context, interrupt, sandbox::report::Report},
    error::{CliError, ErrorKind},
    exit::ExitCode,
    pipeline::{ClusterSelection, Site},
    platform::EnvironmentName,
    repo::Repository,
    sandbox::{Component, ComponentSettings, Components, DriverChoice, FLUX_VERSION},
    terraform::Interrupt,
    ui::Table,
};

use super::ground::Ground;

/// The steps of the story.
const STEPS: usize = 8;
/// What the change of the story changes; `kstack init` writes it.
const MESSAGE: &str = "apps/hello/base/message.txt";

/// Runs the story to its end, or to the first step that does not end well.
///
/// # Errors
/// As the step.
pub fn tell(context: &mut Context<'_>, ground: &Ground, components: &ComponentSettings) -> Result<ExitCode, CliError> {
    let here = std::mem::replace(&mut context.directory, ground.platform.clone());
    let told =
        Story { interrupt: interrupt::listen(context)?, step: Cell::new(0), ground }.tell(context, &here, components);
    context.directory = here;
    match told {
        Ok(()) => Ok(ExitCode::Done),
        Err(End::Code(code)) => Ok(code),
        Err(End::Error(error)) => Err(error),
    }
}

/// What a reader may do now.
pub fn what_next(context: &Context<'_>, ground: &Ground) {
    let ui = &context.ui;
    ui.status(&format!("\n{}", ui.styles_err().bold("What next")));
    let lines = [
        ("look into the cluster", format!("export KUBECONFIG={}", ground.sandbox.kubeconfig().display())),
        (
            "change something",
            format!("cd {}; then git commit, kstack diff, git push, kstack apply", ground.platform.display()),
        ),
        ("start your own platform", "kstack init --help".to_owned()),
    ];
    let removal = ground.removal().join("; ");
    for (what, how) in lines.into_iter().chain([("remove all of this", removal)]) {
        ui.status(&format!("  {what:24} {how}"));
    }
}

/// Why the story ended early.
enum End {
    /// A command ended with this code, and said why.
    Code(ExitCode),
    Error(CliError),
}

impl<E: Into<CliError>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

struct Story<'g> {
    interrupt: Interrupt,
    step: Cell<usize>,
    ground: &'g Ground,
}

impl Story<'_> {
    fn tell(&self, context: &mut Context<'_>, here: &Path, components: &ComponentSettings) -> Result<(), End> {
        self.step(context, "Components: a Kubernetes control plane and Flux, found, fetched or built once")?;
        self.obtain(context, components)?;
        let git_url = self.reserve(context)?;

        self.step(context, "Scaffold: a repository of Terraform modules, cluster services and a registry for Flux")?;
        context.directory = here.to_owned();
        let cluster = format!("local:{}", self.ground.cluster);
        let platform = self.ground.platform.display().to_string();
        let domain = ["--base-domain", "platform.localhost", "--environments", "ops"];
        let repository = ["--repository", &git_url];
        self.kstack(context, &[&["init", &platform, "--cluster", &cluster], &repository[..], &domain[..]].concat())?;
        context.directory.clone_from(&self.ground.platform);

        self.step(context, "First commit: the repository is the platform, and Git is how it changes")?;
        let remote = self.ground.remote.display().to_string();
        let repository = Repository::open(&self.ground.platform)?;
        context.ui.status(&command(context, &format!("git commit, git push {remote} main")));
        repository.commit_all("Scaffold the platform")?;
        repository.add_remote("origin", &remote)?;
        repository.push("origin", "main")?;

        self.step(context, "Plan: what the commit does to infrastructure, kept as a bundle for review")?;
        self.kstack(context, &["plan"])?;

        self.step(context, "Apply: exactly the reviewed plan, then the cluster is handed over to Flux")?;
        self.kstack(context, &["apply"])?;
        self.show_delivered(context)?;

        self.step(context, "Change: a branch changes a service; the review shows infrastructure and rendered objects")?;
        context.ui.status(&command(context, &format!("git switch -c hello; edit {MESSAGE}; git commit")));
        repository.branch("hello")?;
        self.change_message()?;
        repository.commit_all("Greet in another way")?;
        self.kstack(context, &["plan"])?;
        self.kstack(context, &["diff"])?;

        self.step(context, "Merge: what was reviewed reaches the branch that Flux follows")?;
        context.ui.status(&command(context, "git switch main; git merge hello; git push"));
        repository.switch("main")?;
        repository.merge("hello", "Merge branch 'hello'")?;
        repository.push("origin", "main")?;

        self.step(context, "Deliver: nothing to apply; wait until every object reports the new commit")?;
        self.kstack(context, &["apply"])?;
        Ok(())
    }

    /// Begins the next step, unless the user interrupted.
    fn step(&self, context: &Context<'_>, what: &str) -> Result<(), End> {
        if self.interrupt.is_raised() {
            return Err(End::Code(ExitCode::Interrupted));
        }
        self.step.set(self.step.get() + 1);
        let (ui, number) = (&context.ui, self.step.get());
        let (title, rest) = what.split_once(':').unwrap_or((what, ""));
        ui.status(&format!("\n{}{rest}", ui.styles_err().bold(format!("[{number}/{STEPS}] {title}:"))));
        Ok(())
    }

    /// Runs a command of this very program, as if it had been typed.
    fn kstack(&self, context: &mut Context<'_>, arguments: &[&str]) -> Result<(), End> {
        context.ui.status(&command(context, &format!("kstack {}", arguments.join(" "))));
        let parsed = Args::try_parse_from(["kstack"].iter().chain(arguments));
        let parsed = parsed.map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        match commands::run(context, &parsed.command)? {
            ExitCode::Done => Ok(()),
            code => Err(End::Code(code)),
        }
    }

    fn obtain(&self, context: &Context<'_>, settings: &ComponentSettings) -> Result<(), End> {
        let report = Report::new(context.ui);
        let sink = |event| report.event(&event);
        let components = Components::new(settings, &sink);
        let obtained = context.block_on(async {
            tokio::select! {
                obtained = async {
                    components.ensure(&BTreeSet::from(Component::ALL)).await?;
                    components.flux_manifests(FLUX_VERSION).await
                } => Some(obtained),
                // What is complete is kept, so the next try goes on from there.
                _ = tokio::signal::ctrl_c() => None,
            }
        });
        report.finish();
        obtained.ok_or(End::Code(ExitCode::Interrupted))??;
        context.ui.status(&format!("everything is in `{}`", settings.cache.display()));
        Ok(())
    }

    /// Makes the bare remote, and has the sandbox that does not run yet promise to serve it.
    fn reserve(&self, context: &Context<'_>) -> Result<String, End> {
        let ground = self.ground;
        Repository::init_bare(&ground.remote, "main")?;
        let repositories = BTreeMap::from([(ground.repository.clone(), ground.remote.clone())]);
        let reservation = context.block_on(ground.sandbox.reserve(DriverChoice::Auto, &repositories, &|_| {}))?;
        Ok(reservation.git_url(&ground.repository))
    }

    fn change_message(&self) -> Result<(), End> {
        let path = self.ground.platform.join(MESSAGE);
        std::fs::write(&path, "Hello again from ${cluster_name}\n").map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            CliError::new(ErrorKind::External, std::io::Error::new(error.kind(), message))
        })?;
        Ok(())
    }

    fn show_delivered(&self, context: &Context<'_>) -> Result<(), End> {
        let site = Site::new(Repository::open(&self.ground.platform)?, &context.cache()?);
        let (commit, environment) = (site.repository().head()?, EnvironmentName::new("ops")?);
        let selection = ClusterSelection { commit, environment, stacks: Vec::new(), access: None };
        let seen = context.block_on(site.cluster_status(&selection))?;
        let seen = seen.into_iter().map(|(_, status)| status).collect::<Result<Vec<_>, _>>()?;
        if context.ui.is_json() {
            return Ok(());
        }
        let mut table = Table::new(*context.ui.styles(), &["kustomization", "objects"]);
        for (kustomization, objects) in seen.iter().flat_map(|status| &status.delivered) {
            // The engine itself is no news.
            if kustomization.name == "flux-system" {
                continue;
            }
            let names: Vec<String> = objects.iter().map(|object| format!("{}/{}", object.kind, object.name)).collect();
            table.row([kustomization.name.clone(), names.join(", ")]);
        }
        context.ui.data(&table.render());
        Ok(())
    }
}

fn command(context: &Context<'_>, text: &str) -> String {
    context.ui.styles_err().dim(format!("$ {text}"))
}
