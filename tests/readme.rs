//! What the README and `docs/` say of the program is so: commands, flags, exit codes, variables, documents, links.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use kstack::ExitCode;
use regex::Regex;

use crate::support::cli::World;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The pages for people who use or change kstack.
const PAGES: [&str; 11] = [
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "docs/json.md",
    "docs/services.md",
    "docs/secrets.md",
    "docs/fan-out.md",
    "docs/reviews.md",
    "docs/benchmarks.md",
    "modules/README.md",
    "examples/README.md",
];

/// The rows of the table whose head is `head`, as cells without back quotes.
fn table(page: &str, head: &str) -> Vec<Vec<String>> {
    let lines = page.lines().skip_while(|line| *line != head).skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    let rows: Vec<Vec<String>> = lines.map(cells).collect();
    assert!(!rows.is_empty(), "there is no table `{head}`");
    rows
}

/// The commands of the code blocks that are marked `sh`, as words: comments gone, lines that go on joined.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut texts = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => texts.push(line.split_once(" #").map_or(line, |(command, _)| command)),
            _ => {}
        }
    }
    let text = texts.join("\n").replace("\\\n", " ").replace("&&", "\n");
    text.lines().map(words).filter(|words| !words.is_empty()).collect()
}

/// Words as a shell splits them; only double quotes are known.
fn words(line: &str) -> Vec<String> {
    let pattern = Regex::new(r#""([^"]*)"|(\S+)"#).unwrap();
    let found = pattern.captures_iter(line);
    found.map(|found| found.get(1).or(found.get(2)).unwrap().as_str().to_owned()).collect()
}

#[test]
fn every_command_that_is_shown_can_be_typed() {
    let mut shown = 0;
    for page in PAGES {
        for words in commands(&read(page)) {
            let arguments = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["kstack", arguments @ ..] | ["cargo", "run", "--release", "--", arguments @ ..] => {
                    arguments.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
                }
                _ => continue,
            };
            shown += 1;
            let command = std::iter::once("kstack".to_owned()).chain(arguments);
            if let Err(error) = kstack::command().try_get_matches_from(command) {
                panic!("{page}: `{}`: {error}", words.join(" "));
            }
        }
    }
    assert!(shown > 10, "{shown}");
}

#[test]
fn every_command_that_is_named_exists() {
    let pattern = Regex::new("`kstack ([a-z][a-z-]*)").unwrap();
    let program = kstack::command();
    for page in PAGES {
        for named in pattern.captures_iter(&read(page)) {
            assert!(program.find_subcommand(&named[1]).is_some(), "{page}: `kstack {}`", &named[1]);
        }
    }
}

#[test]
fn the_table_of_commands_is_that_of_the_help() {
    let help = World::new().kstack(&["--help"]).done().stdout;
    let row = Regex::new(r"(?m)^  ([a-z]+)  +(\S.*)$").unwrap();
    let (commands, options) = help.split_once("Options:").unwrap();
    let helped: Vec<_> =
        row.captures_iter(commands).map(|row| vec![format!("kstack {}", &row[1]), row[2].to_owned()]).collect();
    assert_eq!(table(&read("README.md"), "| command | what it does |"), helped);

    let mut listed: Vec<_> = helped.iter().map(|row| row[0].trim_start_matches("kstack ").to_owned()).collect();
    listed.sort_unstable();
    let program = kstack::command();
    let mut known: Vec<_> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    known.sort_unstable();
    assert_eq!(listed, known);

    let codes = options.split_once("Exit codes:").unwrap().1.replace('\n', " ");
    let codes: Vec<Vec<String>> = codes
        .split('·')
        .map(|code| code.trim().split_once(' ').unwrap())
        .map(|(n, text)| vec![n.into(), text.into()])
        .collect();
    assert_eq!(table(&read("README.md"), "| exit code | meaning |"), codes);
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    use ExitCode as E;

    let codes =
        [E::Done, E::Failed, E::Different, E::Usage, E::Bug, E::Interrupted].map(|code| code.code().to_string());
    let rows = table(&read("README.md"), "| exit code | meaning |");
    assert_eq!(rows.into_iter().map(|mut row| row.remove(0)).collect::<Vec<_>>(), codes);
}

#[test]
fn every_variable_that_the_program_reads_is_described() {
    // Set by kstack for the processes that it starts, to know them again.
    let own = "KSTACK_SANDBOX_MEMBER";
    let mut read_there: BTreeSet<String> =
        found_in_source("\"(KSTACK_[A-Z_]+)\"").into_iter().map(|row| row[0].clone()).collect();
    assert!(read_there.remove(own));
    let rows = table(&read("README.md"), "| variable | meaning | default |");
    assert_eq!(rows.into_iter().map(|mut row| row.remove(0)).collect::<BTreeSet<_>>(), read_there);
}

#[test]
fn every_document_that_the_program_writes_is_described() {
    let patterns = [r#""type": "([a-z_-]+)", "version": ([0-9]+)"#, r#"kind: "([a-z_-]+)", version: ([0-9]+)"#];
    let written: BTreeSet<Vec<String>> = patterns.iter().flat_map(|pattern| found_in_source(pattern)).collect();
    let link = Regex::new(r"\[([a-z0-9_-]+)\]\([^)]*\)").unwrap();
    let rows = table(&read("docs/json.md"), "| type | version | written by | when |");
    let described = rows.iter().map(|row| row[..2].iter().map(|cell| link.replace(cell, "$1").into_owned()).collect());
    assert_eq!(described.collect::<BTreeSet<_>>(), written);
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)#]*)(#[^)]*)?\)").unwrap();
    for page in PAGES {
        let text = read(page);
        let headings: BTreeSet<String> =
            text.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_lowercase).collect();
        for found in link.captures_iter(&text) {
            let (file, heading) = (&found[1], found.get(2));
            if file.is_empty() {
                let heading = heading.unwrap().as_str().trim_start_matches('#');
                assert!(headings.contains(heading), "{page}: #{heading}");
            } else if !file.contains("://") {
                let path: PathBuf = root().join(page).parent().unwrap().join(file);
                assert!(path.exists(), "{page}: {file}");
            }
        }
    }
}

/// What the groups of `pattern` match in the source of the program, without its unit tests.
fn found_in_source(pattern: &str) -> BTreeSet<Vec<String>> {
    fn walk(folder: &Path, pattern: &Regex, found: &mut BTreeSet<Vec<String>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, pattern, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                let groups = pattern
                    .captures_iter(code)
                    .map(|groups| groups.iter().skip(1).flatten().map(|group| group.as_str().to_owned()).collect());
                found.extend(groups);
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&root().join("cli/src"), &Regex::new(pattern).unwrap(), &mut found);
    found
}
