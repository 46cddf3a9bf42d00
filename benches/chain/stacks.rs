//! Equal stacks that share a module, applied, and a clone in which the commands by hand run: a loop of `xargs` around
//! Terraform, with as many at once as kstack has.

use std::{cell::RefCell, collections::HashMap, fmt::Write as _, fs, path::PathBuf, rc::Rc};

use crate::{
    measure::{Run, kstack, run},
    memory,
    shared::{
        cli::{World, find_program},
        moto::Moto,
        providers,
    },
};

const BUCKET: &str = "acme-state";
/// The provider of heavy stacks.
const AWS: (&str, &str) = ("hashicorp/aws", ">= 5.100.0, < 7.0.0");
/// A clone for the commands by hand, beside the platform.
const BY_HAND: &str = "../by-hand";

/// What stacks cost Terraform.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// The real AWS provider (about 700 MB) against moto, state in its S3: a bucket and a policy each.
    Heavy,
    /// Terraform's built-in resource alone, state on the disk.
    Light,
}

/// A loop by hand.
#[derive(Clone, Copy)]
pub enum Loop {
    /// `terraform plan -out` alone, in folders that are initialised.
    Plan,
    /// `terraform init`, `plan -out` and `show -json`, as a pipeline without memory runs them.
    InitPlanShow,
    /// `terraform init` alone.
    Init,
    /// `terraform output -json`.
    Output,
}

/// An applied platform of equal stacks.
pub struct Stacks {
    pub world: World,
    weight: Weight,
    count: usize,
    at_once: usize,
    _moto: Option<Moto>,
}

thread_local! {
    /// Those that an earlier part of this run applied: that takes minutes.
    static APPLIED: RefCell<HashMap<(Weight, usize), Rc<Stacks>>> = RefCell::default();
}

/// Lets go of all stacks, and of the servers that they use.
pub fn clear() {
    APPLIED.with_borrow_mut(HashMap::clear);
}

impl Stacks {
    /// `count` stacks that are applied; `None`, said aloud, where the AWS provider cannot be had.
    pub fn applied(weight: Weight, count: usize) -> Option<Rc<Self>> {
        if let Some(known) = APPLIED.with_borrow(|known| known.get(&(weight, count)).cloned()) {
            return Some(known);
        }
        let made = Rc::new(Self::make(weight, count)?);
        APPLIED.with_borrow_mut(|known| known.insert((weight, count), Rc::clone(&made)));
        Some(made)
    }

    fn make(weight: Weight, count: usize) -> Option<Self> {
        let mut world = World::new();
        for program in ["git", "terraform", "xargs", "sh"] {
            world.install(program);
        }
        let mut moto = None;
        if weight == Weight::Heavy {
            let mirror = providers::unpacked_with(&[AWS])?;
            let server = Moto::start(world.root());
            for (name, value) in server.variables() {
                world.set(name, value);
            }
            server.make_bucket(BUCKET);
            moto = Some(server);
            // kstack makes a configuration of its own from the mirror; by hand this one names the same.
            world.set("KSTACK_PROVIDER_MIRROR", mirror);
            world.set("TF_CLI_CONFIG_FILE", providers::unpacked_config(world.root()));
        }
        world.set("CHECKPOINT_DISABLE", "1");
        // What kstack chooses by itself where nothing holds it back.
        let at_once = std::thread::available_parallelism().map_or(2, |cores| cores.get() * 3 / 2);
        let stacks = Self { world, weight, count, at_once, _moto: moto };
        stacks.write();
        stacks.git(&["init", "--quiet", "--initial-branch=main"]);
        stacks.commit("Found the platform");
        let _ = stacks.world.kstack(&["plan"]).done();
        let _ = stacks.world.kstack(&["apply", "--no-handoff"]).done();
        Some(stacks)
    }

    /// How many there are, and of which kind.
    pub fn title(&self) -> String {
        let kind = if self.weight == Weight::Heavy { "stacks with the AWS provider" } else { "light stacks" };
        format!("{} {kind}", self.count)
    }

    /// Commits a change of the shared module, which changes a resource of every stack.
    pub fn change(&self) {
        let module = self.module("two");
        self.world.write("modules/base/main.tf", &module);
        self.commit("Change the module that all stacks share");
    }

    /// Makes the clone anew, with nothing initialised.
    pub fn clone_by_hand(&self) {
        let clone = self.world.work().join(BY_HAND);
        if clone.exists() {
            fs::remove_dir_all(clone).unwrap();
        }
        self.git(&["clone", "--quiet", ".", BY_HAND]);
    }

    /// Takes away what kstack remembers between runs.
    pub fn forget(&self) {
        let cache = self.world.root().join("home/.cache");
        if cache.exists() {
            // Providers may lie there without the right to write.
            let _ = std::process::Command::new("chmod").args(["-R", "u+w"]).arg(&cache).status();
            fs::remove_dir_all(cache).unwrap();
        }
    }

    /// Runs kstack.
    pub fn kstack(&self, arguments: &[&str]) -> Run {
        run(&self.world, &self.world.work(), &kstack(), arguments)
    }

    /// The peak of all processes of a run of kstack, in MiB.
    pub fn kstack_memory(&self, arguments: &[&str]) -> Option<u64> {
        memory::peak(&self.world, &self.world.work(), &kstack(), arguments)
    }

    /// Runs a loop by hand in the clone.
    pub fn by_hand(&self, steps: Loop) -> Run {
        let arguments = self.xargs(steps);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&self.world, &self.world.work().join(BY_HAND), &find_program("xargs").unwrap(), &arguments)
    }

    /// The peak of all processes of a loop by hand, in MiB.
    pub fn by_hand_memory(&self, steps: Loop) -> Option<u64> {
        let arguments = self.xargs(steps);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        memory::peak(&self.world, &self.world.work().join(BY_HAND), &find_program("xargs").unwrap(), &arguments)
    }

    /// The arguments of `xargs`. A plan by hand takes no lock either, so that what kstack saves by that is no part of it.
    fn xargs(&self, steps: Loop) -> Vec<String> {
        let init = format!("terraform -chdir=infra/STACK init -input=false {}", self.backend());
        let plan = "terraform -chdir=infra/STACK plan -input=false -lock=false -out=plan.tfplan \
                    -var-file=../../environments/ops.tfvars";
        let show = "terraform -chdir=infra/STACK show -json plan.tfplan";
        let output = "terraform -chdir=infra/STACK output -json";
        let command = match steps {
            Loop::Plan => plan.to_owned(),
            Loop::Init => init,
            Loop::Output => output.to_owned(),
            Loop::InitPlanShow => format!("{init} && {plan} && {show} > infra/STACK/plan.json"),
        };
        let names = self.names().fold(String::new(), |mut text, name| {
            writeln!(text, "{name}").unwrap();
            text
        });
        let list = self.world.root().join("stacks");
        fs::write(&list, names).unwrap();
        let mut arguments = vec![format!("--arg-file={}", list.display()), format!("-P{}", self.at_once)];
        arguments.extend(["-ISTACK".to_owned()]);
        match steps {
            // Where one command is enough, there is no shell in between.
            Loop::InitPlanShow => arguments.extend(["sh".to_owned(), "-c".to_owned(), command]),
            _ => arguments.extend(command.split_whitespace().map(str::to_owned)),
        }
        arguments
    }

    /// The place of a stack's state, which both sides share.
    fn backend(&self) -> String {
        match self.weight {
            Weight::Heavy => {
                "-backend-config=../../environments/ops.tfbackend -backend-config=key=ops/STACK.tfstate".to_owned()
            }
            Weight::Light => {
                let states = self.world.work().join(".kstack/state/ops");
                format!("-backend-config=path={}/STACK.tfstate", states.display())
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = String> {
        (0..self.count).map(|number| format!("s{number:03}"))
    }

    fn git(&self, arguments: &[&str]) {
        self.world.must("", "git", arguments);
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn write(&self) {
        let (state, backend) = match self.weight {
            Weight::Heavy => (format!("state \"s3\" {{\n  bucket = \"{BUCKET}\"\n  region = \"eu-west-1\"\n}}"), "s3"),
            Weight::Light => ("state \"local\" {}".to_owned(), "local"),
        };
        let platform = format!(
            "kstack {{\n  version = \"0.1.0\"\n}}\n\nplatform \"acme\" {{\n  base_domain = \"acme.example.com\"\n  \
             repository  = \"https://git.example.com/acme/platform\"\n}}\n\nenvironment \"ops\" {{\n  \
             trigger = \"branch:main\"\n}}\n\n{state}\n\nengine \"flux\" {{\n  version = \"2.7.3\"\n}}\n\n\
             pipeline {{\n  parallelism = {}\n}}\n",
            self.at_once
        );
        self.world.write("kstack.hcl", &platform);
        self.world.write(".gitignore", "/.kstack/\n.terraform/\n*.tfplan\n");
        self.world.write("environments/ops.tfvars", "environment = \"ops\"\n");
        if self.weight == Weight::Heavy {
            let settings = format!("bucket = \"{BUCKET}\"\nregion = \"eu-west-1\"\n");
            self.world.write("environments/ops.tfbackend", &settings);
        }
        self.world.write("modules/base/main.tf", &self.module("one"));
        let lock = self.lock_file();
        for name in self.names() {
            let provider = match self.weight {
                Weight::Heavy => {
                    let (source, version) = AWS;
                    format!(
                        "terraform {{\n  required_providers {{\n    aws = {{ source = {source:?}, version = {version:?} \
                         }}\n  }}\n}}\n\nprovider \"aws\" {{\n  region            = \"eu-west-1\"\n  \
                         s3_use_path_style = true\n}}\n\n"
                    )
                }
                Weight::Light => String::new(),
            };
            let main = format!(
                "terraform {{\n  backend \"{backend}\" {{}}\n}}\n\n{provider}variable \"environment\" {{\n  type = \
                 string\n}}\n\nmodule \"base\" {{\n  source = \"../../modules/base\"\n\n  name = \
                 \"{name}-${{var.environment}}\"\n}}\n\noutput \"value\" {{\n  value = module.base.value\n}}\n"
            );
            self.world.write(&format!("infra/{name}/main.tf"), &main);
            if let Some(lock) = &lock {
                self.world.write(&format!("infra/{name}/.terraform.lock.hcl"), lock);
            }
        }
    }

    /// The module that all stacks share; `revision` is what a change of it changes.
    fn module(&self, revision: &str) -> String {
        let resources = match self.weight {
            Weight::Heavy => format!(
                "resource \"aws_s3_bucket\" \"this\" {{\n  bucket = var.name\n  tags   = {{ revision = \"{revision}\" \
                 }}\n}}\n\nresource \"aws_iam_policy\" \"read\" {{\n  name   = \"${{var.name}}-read\"\n  policy = \
                 jsonencode({{\n    Version   = \"2012-10-17\"\n    Statement = [{{ Effect = \"Allow\", Action = \
                 \"s3:GetObject\", Resource = \"${{aws_s3_bucket.this.arn}}/*\" }}]\n  }})\n}}\n\noutput \"value\" {{\n  \
                 value = aws_iam_policy.read.arn\n}}\n"
            ),
            Weight::Light => format!(
                "resource \"terraform_data\" \"this\" {{\n  count = 5\n  input = \"${{var.name}}-{revision}\"\n}}\n\n\
                 output \"value\" {{\n  value = terraform_data.this[0].output\n}}\n"
            ),
        };
        format!("variable \"name\" {{\n  type = string\n}}\n\n{resources}")
    }

    /// What `terraform init` locks; every stack commits the same.
    fn lock_file(&self) -> Option<String> {
        if self.weight == Weight::Light {
            return None;
        }
        let (source, version) = AWS;
        let main = format!(
            "terraform {{\n  required_providers {{\n    aws = {{ source = {source:?}, version = {version:?} }}\n  }}\n}}\n"
        );
        self.world.write("../lock/main.tf", &main);
        self.world.must("../lock", "terraform", &["init", "-input=false"]);
        Some(self.world.read("../lock/.terraform.lock.hcl"))
    }
}

/// The sum of `xargs` and its family is told with that of kstack.
pub fn memory_text(peak: Option<u64>) -> String {
    peak.map_or_else(|| "unknown".to_owned(), |mib| format!("{mib} MiB"))
}

/// Where a review is written to.
pub fn review(stacks: &Stacks) -> PathBuf {
    stacks.world.root().join("review.md")
}
