//! Random platforms, whose expected selection is plain reachability in the graph they were made from.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Before, Files, stacks};

const MODULES: usize = 6;
/// Where modules lie: side by side, nested, and far away.
const FOLDERS: [&str; MODULES] =
    ["modules/a", "modules/b", "modules/a/inner", "lib/deep/er/c", "modules/group/d", "infra/one/local"];

/// How a module names its file of data.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    ModulePath,
    RootPath,
    Local,
    Joined,
    Formatted,
    Object,
    Default,
    Command,
}

/// A platform to be: calls between modules (only to later ones, as Terraform allows no cycles), calls
/// of the two stacks, and each module's spelling.
#[derive(Debug, Clone)]
struct Plan {
    calls: Vec<(usize, usize)>,
    stacks: [BTreeSet<usize>; 2],
    spellings: Vec<Spelling>,
}

fn plan() -> impl Strategy<Value = Plan> {
    use Spelling::{Command, Default, Formatted, Joined, Local, ModulePath, Object, RootPath};
    let spelling = prop::sample::select(vec![ModulePath, RootPath, Local, Joined, Formatted, Object, Default, Command]);
    let called = || prop::collection::btree_set(0..MODULES, 0..3);
    (
        prop::collection::vec((0..MODULES, 0..MODULES), 0..8),
        called(),
        called(),
        prop::collection::vec(spelling, MODULES),
    )
        .prop_map(|(calls, one, two, spellings)| Plan {
            calls: calls.into_iter().filter(|(from, to)| from < to).collect(),
            stacks: [one, two],
            spellings,
        })
}

/// The way from one folder to another.
fn relative(from: &str, to: &str) -> String {
    format!("{}{to}", "../".repeat(from.split('/').count()))
}

fn call(index: usize, from: &str, to: usize) -> String {
    format!("module \"m{index}\" {{\n  source = \"{}\"\n}}\n", relative(from, FOLDERS[to]))
}

fn data(module: usize) -> String {
    format!("data/{module}/file.txt")
}

fn read(spelling: Spelling, module: usize) -> String {
    let (folder, data) = (FOLDERS[module], data(module));
    let up = relative(folder, &data);
    match spelling {
        Spelling::ModulePath => format!("locals {{\n  x = file(\"${{path.module}}/{up}\")\n}}\n"),
        Spelling::RootPath => format!("locals {{\n  x = filesha256(\"${{path.root}}/../../{data}\")\n}}\n"),
        Spelling::Local => format!(
            "locals {{\n  base = \"${{path.module}}/{}\"\n  x = templatefile(\"${{local.base}}/{data}\", {{}})\n}}\n",
            relative(folder, "").trim_end_matches('/')
        ),
        Spelling::Joined => format!("locals {{\n  x = file(join(\"/\", [path.module, \"{up}\"]))\n}}\n"),
        Spelling::Formatted => format!("locals {{\n  x = file(format(\"%s/%s\", path.module, \"{up}\"))\n}}\n"),
        Spelling::Object => format!(
            "locals {{\n  all = [{{ name = \"n\", from = \"../../{data}\", other = timestamp() }}]\n  x = [for one in local.all : file(one.from)]\n}}\n"
        ),
        Spelling::Default => {
            format!("variable \"x\" {{\n  default = \"../../{data}\"\n}}\nlocals {{\n  x = fileexists(var.x)\n}}\n")
        }
        Spelling::Command => format!("resource \"x\" \"y\" {{\n  command = \"cat ${{path.module}}/{up} | wc\"\n}}\n"),
    }
}

impl Plan {
    fn files(&self) -> Files {
        let mut files = Files::platform(&[]);
        for (module, folder) in FOLDERS.iter().enumerate() {
            let mut text = read(self.spellings[module], module);
            for (index, (_, to)) in self.calls.iter().enumerate().filter(|(_, (from, _))| *from == module) {
                text += &call(index, folder, *to);
            }
            files = files.with(&format!("{folder}/main.tf"), &text).with(&data(module), "x");
        }
        for (stack, called) in ["one", "two"].iter().zip(&self.stacks) {
            let folder = format!("infra/{stack}");
            let text = called.iter().map(|module| call(*module, &folder, *module)).collect::<String>();
            files = files.with(&format!("{folder}/main.tf"), &format!("locals {{}}\n{text}"));
        }
        files
    }

    fn reached(&self, stack: usize) -> BTreeSet<usize> {
        let mut reached = self.stacks[stack].clone();
        for module in 0..MODULES {
            if reached.contains(&module) {
                reached.extend(self.calls.iter().filter(|(from, _)| *from == module).map(|(_, to)| to));
            }
        }
        reached
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_file_selects_the_stacks_that_reach_it(plan in plan()) {
        let base = plan.files();
        let before = Before::of(&base);
        let selected = |path: &str| stacks(&before.after(&base.clone().touched(path)));
        for (module, folder) in FOLDERS.iter().enumerate() {
            let expected = |own: bool| {
                let of = |stack: usize| plan.reached(stack).contains(&module) || (own && stack == 0);
                ["one", "two"].iter().enumerate().filter(|(stack, _)| of(*stack)).map(|(_, name)| *name).collect::<Vec<_>>()
            };
            let source = format!("{folder}/main.tf");
            // The last module lies in the folder of stack `one`, all of which counts.
            prop_assert_eq!(selected(&source), expected(module == MODULES - 1));
            prop_assert_eq!(selected(&data(module)), expected(false));
        }
    }
}
