//! Reads `modules/`: which modules there are, and the Terraform in them with its places.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use hcl_edit::{
    Span,
    expr::Expression,
    structure::{Attribute, Block, Body},
};
use regex::Regex;

/// The folder of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of Terraform that can be called.
pub struct Module {
    /// Where it lies, below `modules/`: `aws/cluster/node-pool`.
    pub path: String,
    /// Its `.tf` files, sorted.
    pub files: Vec<File>,
}

/// A parsed file.
pub struct File {
    /// Where it lies, from the root of this repository.
    pub path: String,
    /// What it says.
    pub text: String,
    /// The same, parsed: spans point into `text`.
    pub body: Body,
}

/// All modules, sorted by path; those that only exist for tests are not among them.
pub fn modules() -> Vec<Module> {
    let mut found = Vec::new();
    walk(&repository().join("modules"), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "`modules/` has no module");
    found
}

/// The clouds that have modules, in the order of the pages.
pub fn clouds() -> Vec<String> {
    const ORDER: [&str; 4] = ["aws", "google", "azure", "local"];
    let mut clouds: Vec<String> = modules().iter().map(|module| module.cloud().to_owned()).collect();
    clouds.retain(|cloud| cloud != "common");
    clouds.dedup();
    clouds.sort_by_key(|cloud| ORDER.iter().position(|known| known == cloud).unwrap_or(ORDER.len()));
    clouds
}

fn walk(folder: &Path, found: &mut Vec<Module>) {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" && !name.starts_with('.') {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            files.push(path);
        }
    }
    files.sort();
    if !files.is_empty() {
        let path = folder.strip_prefix(repository().join("modules")).unwrap().to_str().unwrap().to_owned();
        found.push(Module { path, files: files.iter().map(|path| File::read(path)).collect() });
    }
}

impl Module {
    /// The folder.
    pub fn folder(&self) -> PathBuf {
        repository().join("modules").join(&self.path)
    }

    /// The first folder of the path: a cloud, or `common`.
    pub fn cloud(&self) -> &str {
        self.path.split('/').next().unwrap()
    }

    /// The file `name`, if there is one.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path.ends_with(&format!("/{name}")))
    }

    /// All blocks of the kind `ident`, with the files that they are in.
    pub fn blocks<'a>(&'a self, ident: &'a str) -> impl Iterator<Item = (&'a File, &'a Block)> {
        self.files.iter().flat_map(move |file| file.body.get_blocks(ident).map(move |block| (file, block)))
    }

    /// Whether the module is a part of the one around it: called from there and meant for nobody else.
    pub fn is_part(&self, all: &[Self]) -> bool {
        let Some((parent, name)) = self.path.rsplit_once('/') else { return false };
        let source = format!("./{name}");
        let calls =
            |block: &Block| block.body.get_attribute("source").and_then(|it| it.value.as_str()) == Some(&source);
        all.iter().any(|module| module.path == parent && module.blocks("module").any(|(_, block)| calls(block)))
    }
}

impl File {
    /// Reads and parses a file.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let shown = path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
        let body = text.parse().unwrap_or_else(|error| panic!("{shown}: {error}"));
        Self { path: shown, text, body }
    }

    /// `file:line` of a place.
    pub fn place(&self, span: Option<Range<usize>>) -> String {
        let line = self.text[..span.unwrap().start].matches('\n').count() + 1;
        format!("{}:{line}", self.path)
    }

    /// What an expression says, on one line: as Terraform would accept it, without comments.
    pub fn on_one_line(&self, expression: &Expression) -> String {
        let comment = Regex::new(r"\s+#[^\n]*").unwrap();
        let aligned = Regex::new(r"\s+=").unwrap();
        let text = comment.replace_all(&self.text[expression.span().unwrap()], "").into_owned();
        let mut line = String::new();
        for next in text.lines().map(str::trim).filter(|next| !next.is_empty()) {
            let opened = line.ends_with(['{', '(', '[', ',']) || line.is_empty();
            let closes = next.starts_with(['}', ')', ']']);
            let joint = match (line.is_empty(), opened, closes) {
                (true, ..) => "",
                (_, false, false) => ", ",
                _ => " ",
            };
            line.push_str(joint);
            line.push_str(&aligned.replace_all(next, " ="));
        }
        line
    }

    /// The comment that ends the line of a place, or else the one right above it.
    pub fn comment(&self, key: &Range<usize>, value: &Range<usize>) -> Option<String> {
        let rest = self.text[value.end..].lines().next().unwrap_or_default();
        let beside = rest.trim_start_matches([',', ' ']).strip_prefix('#').map(|comment| comment.trim().to_owned());
        beside.or_else(|| self.heading(key))
    }

    /// The comment right above a place, as one line.
    pub fn heading(&self, key: &Range<usize>) -> Option<String> {
        let mut above: Vec<&str> = self.text[..key.start].lines().collect();
        // The indent of the place itself.
        above.pop_if(|line| line.trim().is_empty() && !self.text[..key.start].ends_with('\n'));
        let lines = above.iter().rev().map_while(|line| line.trim().strip_prefix('#')).map(str::trim);
        let lines: Vec<&str> = lines.collect();
        let text = lines.into_iter().rev().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }
}

/// The string that an attribute of a block has.
pub fn string<'a>(block: &'a Block, attribute: &str) -> Option<&'a str> {
    block.body.get_attribute(attribute).and_then(|attribute| attribute.value.as_str())
}

/// The strings in an attribute's list; none without the attribute.
pub fn strings(attribute: Option<&Attribute>) -> Vec<&str> {
    let list = attribute.map(|attribute| attribute.value.as_array().expect("a list of strings"));
    list.into_iter().flat_map(|list| list.iter().map(|item| item.as_str().expect("a string"))).collect()
}
