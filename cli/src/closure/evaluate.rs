//! Looking up what a text may become: variables through every call of a module, locals, and the
//! values that the repository itself sets.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{facts::Facts, text::Text};

/// What a text may become, relative to the stack's folder where it is a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// Exactly this.
    Exact(String),
    /// Something that begins with this.
    Below(String),
    /// Anything.
    Anywhere,
}

pub(super) type Values = BTreeSet<Value>;

/// Beyond this many combinations, only the beginning counts.
const MAX_VALUES: usize = 256;
/// Longer than any path that Linux opens.
const MAX_LENGTH: usize = 4096;

/// A stack's or module's folder, read.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// What `path.module` says in it, relative to the stack's folder.
    pub(super) relative: String,
    /// Its configuration files.
    pub(super) files: Vec<(String, Arc<Facts>)>,
    /// Who calls it: the caller's folder, the file there, and which call of it.
    pub(super) calls: Vec<(String, Arc<Facts>, usize)>,
    /// Whether a file that cannot be parsed may call it, with any arguments.
    pub(super) called_unseen: bool,
}

/// A file with values of the stack's variables.
#[derive(Debug, Clone)]
pub(super) struct ValuesFile {
    pub(super) path: String,
    pub(super) facts: Arc<Facts>,
    /// Whether every plan reads it; another may be passed by hand, or not.
    pub(super) always: bool,
}

/// All folders of a closure, by path from the root of the repository.
#[derive(Debug, Default)]
pub(super) struct Evaluator {
    pub(super) folders: BTreeMap<String, Folder>,
    /// The stack's folder.
    pub(super) root: String,
    /// The files of the repository that set the stack's own variables.
    pub(super) values: Vec<ValuesFile>,
    known: RefCell<HashMap<Question, Values>>,
}

/// A folder, a kind of name, the name, the attributes below it, and whether its keys are asked for.
type Question = (String, NameKind, String, Vec<String>, bool);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum NameKind {
    Local,
    Variable,
}

/// Which part of a value is asked for: the attributes on the way, last first, and then its keys or
/// everything in it.
#[derive(Debug, Clone, Default)]
struct Part {
    attributes: Vec<String>,
    keys: bool,
}

impl Evaluator {
    /// Whether the stack may declare the variable `name`; otherwise Terraform ignores its value.
    pub(super) fn declares(&self, name: &str) -> bool {
        let files = self.folders.get(&self.root).map_or(&[][..], |root| &root.files);
        files
            .iter()
            .any(|(_, facts)| facts.problem.is_some() || facts.variables.iter().any(|(variable, _)| variable == name))
    }

    /// What `text` may become in `folder`.
    pub(super) fn values_of(&self, text: &Text, folder: &str) -> Values {
        self.resolve(text, folder, &Part::default())
    }

    fn resolve(&self, text: &Text, folder: &str, part: &Part) -> Values {
        let whole = part.attributes.is_empty();
        let exact = |text: &str| Values::from([Value::Exact(text.to_owned())]);
        match text {
            Text::Unknown => Values::from([Value::Anywhere]),
            Text::OneOf(items) => items.iter().flat_map(|item| self.resolve(item, folder, part)).collect(),
            Text::Local(name) => self.name(NameKind::Local, name, folder, part),
            Text::Variable(name) => self.name(NameKind::Variable, name, folder, part),
            Text::Attribute(inner, name) => {
                let mut part = part.clone();
                part.attributes.push(name.clone());
                self.resolve(inner, folder, &part)
            }
            Text::Keys(inner) if whole => self.resolve(inner, folder, &Part { attributes: Vec::new(), keys: true }),
            Text::Object(items) => self.object(items, folder, part),
            // A text has no attributes: another branch or item is meant.
            _ if !whole => Values::new(),
            Text::Literal(text) => exact(text),
            Text::ModulePath => exact(self.folders.get(folder).map_or(".", |folder| &folder.relative)),
            Text::RootPath => exact("."),
            Text::Inside => Values::from([Value::Below(String::new())]),
            Text::Concat(parts) => self.concat(parts, folder),
            Text::Dirname(inner) => {
                self.resolve(inner, folder, &Part::default()).into_iter().flat_map(Value::dirname).collect()
            }
            Text::Keys(_) => Values::new(),
        }
    }

    /// An attribute is looked for at any depth, so that it does not matter whether an object or a map
    /// or list of objects is at hand.
    fn object(&self, items: &[(Text, Text)], folder: &str, part: &Part) -> Values {
        let Some((wanted, rest)) = part.attributes.split_last() else {
            let pick = |(key, value): &(Text, Text)| {
                if part.keys {
                    self.resolve(key, folder, &Part::default())
                } else {
                    self.resolve(value, folder, &Part::default())
                }
            };
            return items.iter().flat_map(pick).collect();
        };
        let below = Part { attributes: rest.to_vec(), keys: part.keys };
        items
            .iter()
            .flat_map(|(key, value)| match key {
                Text::Literal(key) if key == wanted => self.resolve(value, folder, &below),
                Text::Literal(_) => self.resolve_structure(value, folder, part),
                // A computed key may be the one that is wanted.
                _ => {
                    let mut values = self.resolve(value, folder, &below);
                    values.extend(self.resolve_structure(value, folder, part));
                    values
                }
            })
            .collect()
    }

    /// As `resolve`, where only what is written as an object counts: that an attribute next to the
    /// wanted one is unknown does not make the wanted one unknown.
    fn resolve_structure(&self, text: &Text, folder: &str, part: &Part) -> Values {
        match text {
            Text::Object(_) | Text::OneOf(_) | Text::Local(_) | Text::Variable(_) => self.resolve(text, folder, part),
            _ => Values::new(),
        }
    }

    fn concat(&self, parts: &[Text], folder: &str) -> Values {
        let mut values = Values::from([Value::Exact(String::new())]);
        for part in parts {
            if values.iter().all(|value| !matches!(value, Value::Exact(_))) {
                break;
            }
            let next = self.resolve(part, folder, &Part::default());
            // A part without any value, such as `null`, cannot be rendered; nothing then follows.
            let many = values.len() * next.len() > MAX_VALUES;
            values = values
                .into_iter()
                .flat_map(|value| match value {
                    Value::Exact(_) if many => vec![value.open()],
                    Value::Exact(head) => next.iter().map(|tail| Value::join(&head, tail)).collect(),
                    other => vec![other],
                })
                .collect();
        }
        values
    }

    fn name(&self, kind: NameKind, name: &str, folder: &str, part: &Part) -> Values {
        let question = (folder.to_owned(), kind, name.to_owned(), part.attributes.clone(), part.keys);
        if let Some(known) = self.known.borrow().get(&question) {
            return known.clone();
        }
        // A name that depends on itself adds nothing to what its other sources give.
        self.known.borrow_mut().insert(question.clone(), Values::new());
        let values = match kind {
            NameKind::Local => self.local(name, folder, part),
            NameKind::Variable => self.variable(name, folder, part),
        };
        self.known.borrow_mut().insert(question, values.clone());
        values
    }

    fn local(&self, name: &str, folder: &str, part: &Part) -> Values {
        let Some(known) = self.folders.get(folder) else { return Values::from([Value::Anywhere]) };
        let mut found = false;
        let mut values = Values::new();
        for (_, facts) in &known.files {
            for (_, text) in facts.locals.iter().filter(|(local, _)| local == name) {
                found = true;
                values.extend(self.resolve(text, folder, part));
            }
        }
        // Defined in a file that cannot be parsed, if at all.
        if !found {
            values.insert(Value::Anywhere);
        }
        values
    }

    /// Everything that any call of the module passes, the default, and for the stack itself what the
    /// repository's `*.tfvars` set. A variable of the stack that none of them sets may come from outside
    /// (`TF_VAR_…`): without a default as anything, with one as a path that goes down only.
    fn variable(&self, name: &str, folder: &str, part: &Part) -> Values {
        let Some(known) = self.folders.get(folder) else { return Values::from([Value::Anywhere]) };
        let mut values = Values::new();
        let mut found = false;
        for (_, facts) in &known.files {
            for (_, default) in facts.variables.iter().filter(|(variable, _)| variable == name) {
                if let Some(default) = default {
                    found = true;
                    values.extend(self.resolve(default, folder, part));
                }
            }
        }
        for (caller, facts, index) in &known.calls {
            let arguments = facts.modules.get(*index).map_or(&[][..], |call| &call.arguments);
            for (_, text) in arguments.iter().filter(|(argument, _)| argument == name) {
                found = true;
                values.extend(self.resolve(text, caller, part));
            }
        }
        if folder == self.root {
            let mut set = false;
            for file in &self.values {
                // A file that cannot be parsed may set it to anything.
                if file.facts.problem.is_some() {
                    values.insert(Value::Anywhere);
                }
                for assignment in file.facts.values.iter().filter(|assignment| assignment.variable == name) {
                    set |= file.always;
                    values.extend(self.resolve(&assignment.value, folder, part));
                }
            }
            if !set && found {
                values.insert(Value::Below(String::new()));
            }
            found |= set;
        }
        if !found || known.called_unseen {
            values.insert(Value::Anywhere);
        }
        values
    }
}

impl Value {
    fn join(head: &str, tail: &Self) -> Self {
        match tail {
            Self::Exact(tail) if head.len() + tail.len() > MAX_LENGTH => Self::Exact(head.to_owned()).open(),
            Self::Exact(tail) => Self::Exact(format!("{head}{tail}")),
            Self::Below(tail) => Self::Below(format!("{head}{tail}")),
            Self::Anywhere => Self::Exact(head.to_owned()).open(),
        }
    }

    /// The value with anything after it.
    fn open(self) -> Self {
        match self {
            Self::Exact(text) if text.is_empty() => Self::Anywhere,
            Self::Exact(text) => Self::Below(text),
            other => other,
        }
    }

    /// Terraform's `dirname`. It goes by the text alone, so that of `..` is `.`, but of the absolute path that
    /// `abspath` and `path.cwd` stand for it is one folder up; both count.
    fn dirname(self) -> Vec<Self> {
        match self {
            Self::Exact(path) => {
                let (folder, name) = path.rsplit_once('/').unwrap_or((".", &path));
                let lexical = Self::Exact(folder.to_owned());
                match name {
                    "" | "." | ".." => vec![lexical, Self::Exact(format!("{path}/.."))],
                    _ => vec![lexical],
                }
            }
            Self::Below(path) => {
                let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
                vec![Self::Below(folder)]
            }
            Self::Anywhere => vec![Self::Anywhere],
        }
    }
}
