//! `modules/parity.hcl`: what every cloud has, with evidence that is looked up in its modules, or a line in
//! `modules/DEVIATIONS.md` that says why not.

use std::{collections::BTreeSet, fs};

use hcl_edit::{
    Span,
    structure::{Block, Body},
};

use super::{
    documentation, settings,
    source::{File, Module, clouds, modules, repository, string, strings},
};

/// What may stand in a `row`.
const ATTRIBUTES: [&str; 4] = ["text", "settings", "resources", "deviation"];

fn read() -> File {
    File::read(&repository().join("modules/parity.hcl"))
}

/// The names of the rows, in their order.
fn rows(file: &File) -> Vec<&str> {
    strings(file.body.get_attribute("rows"))
}

fn row_of<'a>(file: &'a File, cloud: &str, row: &str) -> Option<&'a Block> {
    let block = file.body.get_blocks("cloud").find(|block| block.has_exact_labels(&[cloud]))?;
    block.body.blocks().find(|block| block.has_exact_labels(&[row]))
}

/// The table of `modules/README.md`.
pub fn table() -> String {
    let (file, clouds) = (read(), clouds());
    let head: Vec<&str> = std::iter::once("").chain(clouds.iter().map(String::as_str)).collect();
    let cell = |cloud: &String, row: &str| match row_of(&file, cloud, row) {
        Some(block) if block.body.has_attribute("text") => string(block, "text").unwrap().to_owned(),
        Some(block) if block.body.has_attribute("deviation") => format!("[–](DEVIATIONS.md#{cloud})"),
        Some(_) => "yes".to_owned(),
        None => "?".to_owned(),
    };
    let line = |row: &str| {
        let cells = clouds.iter().map(|cloud| cell(cloud, row));
        std::iter::once(row.to_owned()).chain(cells).collect()
    };
    documentation::table(&head, rows(&file).into_iter().map(line))
}

#[test]
fn every_cloud_has_every_row_or_says_why_not() {
    let (file, clouds, all) = (read(), clouds(), modules());
    let rows = rows(&file);
    assert!(rows.len() > 10, "{rows:?}");
    let mut wrong = Vec::new();
    for cloud in file.body.get_blocks("cloud") {
        let place = |block: &Block| file.place(block.span());
        let name = cloud.labels[0].as_str();
        if !clouds.iter().any(|known| known == name) {
            wrong.push(format!("{}: there is no `modules/{name}`", place(cloud)));
        }
        for row in cloud.body.blocks() {
            if !rows.contains(&row.labels[0].as_str()) {
                wrong.push(format!("{}: `{}` is not one of `rows`", place(row), row.labels[0].as_str()));
            }
            for attribute in row.body.attributes().filter(|it| !ATTRIBUTES.contains(&it.key.as_str())) {
                wrong.push(format!("{}: `{}` says nothing here", file.place(attribute.span()), attribute.key.as_str()));
            }
        }
    }
    for cloud in &clouds {
        let deviations = deviations(cloud);
        for row in &rows {
            let Some(block) = row_of(&file, cloud, row) else {
                wrong.push(format!("{}: cloud `{cloud}` has no row \"{row}\"", file.path));
                continue;
            };
            let here = file.place(block.span());
            wrong.extend(missing(&all, cloud, block, &deviations).into_iter().map(|text| format!("{here}: {text}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a row claims and cannot show.
fn missing(all: &[Module], cloud: &str, row: &Block, deviations: &BTreeSet<String>) -> Vec<String> {
    let modules: Vec<&Module> = all.iter().filter(|module| module.cloud() == cloud).collect();
    let (settings, resources) =
        (strings(row.body.get_attribute("settings")), strings(row.body.get_attribute("resources")));
    let deviation = string(row, "deviation");
    let mut wrong = Vec::new();
    if settings.is_empty() && resources.is_empty() && deviation.is_none() {
        wrong.push("neither `settings` or `resources` that show it, nor a `deviation`".to_owned());
    }
    for setting in settings.iter().filter(|setting| !has_setting(&modules, cloud, setting)) {
        wrong.push(format!("no module of {cloud} has the setting `{setting}`"));
    }
    for resource in resources.iter().filter(|resource| !modules.iter().any(|module| has_resource(module, resource))) {
        wrong.push(format!("no module of {cloud} has `{resource}`"));
    }
    if let Some(line) = deviation.filter(|line| !deviations.contains(*line)) {
        wrong.push(format!("`modules/DEVIATIONS.md` has no line \"{line}\" under `## {cloud}`"));
    }
    wrong
}

/// Whether `cluster/network.nat` is the key `network.nat` of the module `<cloud>/cluster`.
fn has_setting(modules: &[&Module], cloud: &str, setting: &str) -> bool {
    let Some((module, key)) = setting.rsplit_once('/') else { return false };
    let module = modules.iter().find(|known| known.path == format!("{cloud}/{module}"));
    let known = module.and_then(|module| settings::known(module)).unwrap_or_default();
    known.iter().any(|known| known.path.join(".") == key)
}

/// Whether a module has `aws_eks_cluster`, `aws_eks_cluster.this`, `aws_eks_cluster.this.vpc_config.subnet_ids`, or
/// the same with `data.` before it.
fn has_resource(module: &Module, address: &str) -> bool {
    let (kind, address) = address.strip_prefix("data.").map_or(("resource", address), |address| ("data", address));
    let mut parts = address.split('.');
    let (resource, name) = (parts.next().unwrap(), parts.next());
    let arguments: Vec<&str> = parts.collect();
    module.blocks(kind).any(|(_, block)| {
        let found = block.labels[0].as_str() == resource && name.is_none_or(|name| block.labels[1].as_str() == name);
        found && has_argument(&block.body, &arguments)
    })
}

/// Whether a body has an argument or a nested block, also a dynamic one, at a path. What is inside of an attribute's
/// value is not looked at.
fn has_argument(body: &Body, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let dynamic = body.get_blocks("dynamic").filter(|block| block.has_exact_labels(&[*first]));
    let contents = dynamic.flat_map(|block| block.body.get_blocks("content"));
    body.has_attribute(first) && rest.is_empty()
        || body.get_blocks(first).chain(contents).any(|block| has_argument(&block.body, rest))
}

/// The first cells of the tables in a cloud's section.
fn deviations(cloud: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("modules/DEVIATIONS.md")).unwrap();
    let section = text.split("\n## ").find_map(|section| section.strip_prefix(&format!("{cloud}\n")));
    let lines = section.unwrap_or_default().lines().filter_map(|line| line.strip_prefix("| "));
    lines.filter_map(|line| Some(line.split_once(" | ")?.0.to_owned())).collect()
}
