//! The tables in the modules' pages are generated: inputs and outputs from the variables and outputs, settings from
//! `known_keys.tf` and `settings/`, the parity table from `modules/parity.hcl`. `KSTACK_UPDATE_GOLDEN=1 cargo test
//! modules::documentation` writes them anew; the difference is for review.

use std::{fs, path::Path};

use hcl_edit::structure::Block;
use regex::Regex;

use super::{
    parity,
    settings::{self, Known, Typed},
    source::{File, Module, modules, repository, string},
};

/// What a page must hold between the markers of a name.
struct Table {
    name: &'static str,
    text: String,
}

#[test]
fn the_tables_of_inputs_outputs_and_settings_are_those_of_the_modules() {
    let all = modules();
    let public: Vec<&Module> = all.iter().filter(|module| !module.is_part(&all)).collect();
    let wrong = public.into_iter().filter_map(|module| {
        let mut tables = vec![inputs(module), outputs(module)];
        tables.extend(settings(module, &all));
        check(&module.folder().join("README.md"), &tables).err()
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_setting_has_a_comment_that_says_what_it_means() {
    let known = modules().iter().filter_map(settings::known).flatten().collect::<Vec<_>>();
    let silent = known.iter().filter(|key| key.kind.is_some() && key.meaning.is_none());
    let silent: Vec<&str> = silent.map(|key| key.place.as_str()).collect();
    assert!(silent.is_empty(), "these settings need a comment that says what they mean:\n{}", silent.join("\n"));
}

#[test]
fn the_list_of_modules_and_the_parity_table_are_those_of_the_modules() {
    let all = modules();
    let rows = all.iter().filter(|module| !module.is_part(&all)).map(|module| {
        let Module { path, .. } = module;
        vec![format!("[`{path}`]({path}/README.md)"), purpose(module)]
    });
    let list = Table { name: "modules", text: table(&["module", "what it is"], rows) };
    let tables = [list, Table { name: "parity", text: parity::table() }];
    check(&repository().join("modules/README.md"), &tables).unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// The first sentence of a module's page, without links: they would lead elsewhere.
fn purpose(module: &Module) -> String {
    // Without a page, the other tests say so.
    let page = fs::read_to_string(module.folder().join("README.md")).unwrap_or_default();
    let paragraph = page.split("\n\n").nth(1).unwrap_or("?");
    let link = Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    let paragraph = link.replace_all(paragraph, "$1").replace('\n', " ");
    paragraph.split(". ").next().unwrap().trim_end_matches('.').to_owned()
}

/// Compares a page with its tables, or writes them; what is wrong is the error.
fn check(page: &Path, tables: &[Table]) -> Result<(), String> {
    let shown = page.strip_prefix(repository()).unwrap().display();
    let kept = fs::read_to_string(page).map_err(|error| format!("{shown}: {error}"))?;
    let mut text = kept.clone();
    for Table { name, text: table } in tables {
        let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->\n"));
        let found = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
        let (before, after) =
            found.ok_or_else(|| format!("{shown}: no lines `{}` and `{}`", begin.trim(), end.trim()))?;
        text = format!("{before}{begin}{table}{end}{after}");
    }
    let mut markers = kept.lines().filter_map(|line| line.strip_prefix("<!-- begin: ")?.strip_suffix(" -->"));
    if let Some(marker) = markers.find(|marker| !tables.iter().any(|table| table.name == *marker)) {
        return Err(format!("{shown}: there is nothing to generate for `{marker}`"));
    }
    if std::env::var_os("KSTACK_UPDATE_GOLDEN").is_some() {
        fs::write(page, text).map_err(|error| format!("{shown}: {error}"))
    } else if kept == text {
        Ok(())
    } else {
        let difference = similar::TextDiff::from_lines(&kept, &text).unified_diff().to_string();
        Err(format!("{shown} is not what the modules say; KSTACK_UPDATE_GOLDEN=1 writes it anew:\n{difference}"))
    }
}

fn inputs(module: &Module) -> Table {
    let rows = sorted(module.blocks("variable").collect()).into_iter().map(|(file, block)| {
        let one_line = |name| Some(file.on_one_line(&block.body.get_attribute(name)?.value));
        let default = one_line("default").map_or_else(|| "required".to_owned(), |default| code(&default));
        vec![code(label(block)), code(&one_line("type").unwrap_or_default()), default, meaning(file, block)]
    });
    Table { name: "inputs", text: table(&["name", "type", "default", "meaning"], rows) }
}

fn outputs(module: &Module) -> Table {
    let rows = module.blocks("output").map(|(file, block)| vec![code(label(block)), meaning(file, block)]);
    Table { name: "outputs", text: table(&["name", "meaning"], rows) }
}

/// Required inputs first, otherwise as they are written.
fn sorted<'a>(mut blocks: Vec<(&'a File, &'a Block)>) -> Vec<(&'a File, &'a Block)> {
    blocks.sort_by_key(|(_, block)| block.body.has_attribute("default"));
    blocks
}

fn settings(module: &Module, all: &[Module]) -> Option<Table> {
    let known = settings::known(module)?;
    let typed = settings::typed(module, all);
    let typed = typed.unwrap_or_else(|| panic!("{}: no settings/variables.tf beside known_keys.tf", module.path));
    let rows = known.iter().filter(|key| key.kind.is_some() || key.meaning.is_some()).map(|key| {
        let kind = key.kind.as_deref().unwrap_or(if is_map(&known, key) { "map(object)" } else { "object" });
        let meaning = key.meaning.as_deref().unwrap_or_default();
        vec![code(&shown(&key.path)), code(kind), default(&typed, key), text(meaning)]
    });
    Some(Table { name: "settings", text: table(&["key", "type", "default", "meaning"], rows) })
}

fn is_map(known: &[Known], key: &Known) -> bool {
    let entry = [key.path.as_slice(), &["*".to_owned()]].concat();
    known.iter().any(|other| other.path == entry)
}

fn default(typed: &[Typed], key: &Known) -> String {
    let Some(setting) = typed.iter().find(|setting| setting.path == key.path) else {
        panic!("{}: `{}` is not in settings/variables.tf", key.place, key.path.join("."));
    };
    match (&setting.default, setting.required) {
        (_, true) => "required".to_owned(),
        (Some(default), _) => code(default),
        (None, _) => code("null"),
    }
}

/// `access.*.policy` as people read it.
fn shown(path: &[String]) -> String {
    path.join(".").replace('*', "<name>")
}

fn label(block: &Block) -> &str {
    block.labels.first().expect("a name").as_str()
}

fn meaning(file: &File, block: &Block) -> String {
    let place = || file.place(hcl_edit::Span::span(block));
    text(string(block, "description").unwrap_or_else(|| panic!("{}: without a description", place())))
}

/// A Markdown table.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let mut text = line(&head).replace("|  |", "| |") + &"|---".repeat(head.len()) + "|\n";
    for row in rows {
        text += &line(&row);
    }
    format!("\n{text}\n")
}

/// A cell in the type of code; a bar would end the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', r"\|"))
}

/// A cell of prose.
fn text(text: &str) -> String {
    text.replace('|', r"\|").replace('<', "&lt;")
}
