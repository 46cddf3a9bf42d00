//! Parsed HCL → facts.

use hcl_edit::{
    Span as _,
    expr::{Expression, FuncCall},
    structure::{Attribute, Block, Body, Structure},
    template::{Directive, Element, Template},
};

use super::{
    facts::{Assignment, Facts, ModuleCall, Reference, ReferenceKind, RemoteState},
    lexical::{WILDCARDS, fixed, goes_up, words},
    text::{Scope, Text, for_scope},
};

/// The functions that read files, as Terraform's function index lists them. `templatefile` is apart.
const READERS: [&str; 10] = [
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "fileexists",
    "filemd5",
    "fileset",
    "filesha1",
    "filesha256",
    "filesha512",
];

/// The reader called `name`.
pub(super) fn reader_named(name: &str) -> Option<ReferenceKind> {
    if name == "templatefile" {
        return Some(ReferenceKind::Template);
    }
    READERS.iter().find(|reader| **reader == name).map(|reader| ReferenceKind::Read(reader))
}

/// The facts of a configuration file.
pub(super) fn configuration(body: &Body, source: &str) -> Facts {
    let mut reader = Reader::new(source, ReferenceKind::Mention);
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => reader.expression(&attribute.value, &Scope::default()),
            Structure::Block(block) => reader.top(block),
        }
    }
    reader.facts
}

/// The facts of a file with values of variables.
pub(super) fn values(body: &Body, source: &str) -> Facts {
    let mut reader = Reader::new(source, ReferenceKind::Flow);
    let scope = Scope::default();
    for attribute in body.attributes() {
        reader.expression(&attribute.value, &scope);
        reader.facts.values.push(Assignment {
            variable: attribute.key.as_str().to_owned(),
            value: Text::of(&attribute.value, &scope),
            references: std::mem::take(&mut reader.facts.references),
        });
    }
    reader.facts
}

/// The facts of a template. Its variables are known only where it is called.
pub(super) fn template(template: &Template, source: &str) -> Facts {
    let mut reader = Reader::new(source, ReferenceKind::Mention);
    // Its own text is output, not a path: only what is between braces counts.
    for element in template {
        reader.element(element, &Scope::default());
    }
    reader.facts
}

/// Byte offsets → lines.
struct Lines(Vec<usize>);

impl Lines {
    fn of(source: &str) -> Self {
        Self(source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    fn at(&self, span: Option<std::ops::Range<usize>>) -> usize {
        span.map_or(1, |span| self.0.partition_point(|&end| end < span.start) + 1)
    }
}

struct Reader {
    lines: Lines,
    facts: Facts,
    /// How paths that are only mentioned count here: [`ReferenceKind::Mention`] or [`ReferenceKind::Flow`].
    mention: ReferenceKind,
}

impl Reader {
    fn new(source: &str, mention: ReferenceKind) -> Self {
        Self { lines: Lines::of(source), facts: Facts::default(), mention }
    }

    /// Reads something with mentions counting as `mention`.
    fn counting(&mut self, mention: ReferenceKind, read: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.mention, mention);
        read(self);
        self.mention = outer;
    }

    fn top(&mut self, block: &Block) {
        let scope = Scope::default();
        let label = |index: usize| block.labels.get(index).map(hcl_edit::structure::BlockLabel::as_str);
        if let Some(collection) = block.body.get_attribute("for_each") {
            self.facts.loops.push(self.lines.at(collection.span()));
        }
        match (block.ident.as_str(), label(0)) {
            ("module", Some(name)) => return self.module(block, name),
            ("locals", _) => {
                for attribute in block.body.attributes() {
                    let text = Text::of(&attribute.value, &scope);
                    self.facts.locals.push((attribute.key.as_str().to_owned(), text));
                }
                return self.counting(ReferenceKind::Flow, |reader| reader.body(&block.body, &scope));
            }
            ("variable", Some(name)) => {
                let default = block.body.get_attribute("default").map(|default| Text::of(&default.value, &scope));
                self.facts.variables.push((name.to_owned(), default));
                return self.counting(ReferenceKind::Flow, |reader| reader.body(&block.body, &scope));
            }
            ("output", Some(name)) => {
                self.facts.outputs.insert(name.to_owned());
            }
            ("data", Some("terraform_remote_state")) => self.remote_state(block),
            _ => {}
        }
        self.body(&block.body, &scope);
    }

    fn module(&mut self, block: &Block, name: &str) {
        let scope = each(&block.body, &Scope::default());
        let mut call = ModuleCall {
            name: name.to_owned(),
            source: None,
            version: None,
            arguments: Vec::new(),
            line: self.lines.at(block.span()),
        };
        for attribute in block.body.attributes() {
            match attribute.key.as_str() {
                "source" => {
                    call.source = Some(Text::of(&attribute.value, &scope));
                    call.line = self.lines.at(attribute.value.span());
                    continue;
                }
                "version" => call.version = attribute.value.as_str().map(str::to_owned),
                key => call.arguments.push((key.to_owned(), Text::of(&attribute.value, &scope))),
            }
            self.counting(ReferenceKind::Flow, |reader| reader.expression(&attribute.value, &scope));
        }
        self.facts.modules.push(call);
    }

    /// Where the state lies: kstack's own backends name it by `key`, `path` or `prefix`.
    fn remote_state(&mut self, block: &Block) {
        let Some(config) = block.body.get_attribute("config").map(|config| &config.value) else { return };
        let line = self.lines.at(config.span());
        let config = Text::of(config, &each(&block.body, &Scope::default()));
        let places = ["key", "path", "prefix"].map(|name| config.attribute(name));
        let name = block.labels.get(1).map_or("", |label| label.as_str());
        let repeated = block.body.has_attribute("for_each");
        let state = |place| RemoteState { name: name.to_owned(), place, repeated, line };
        self.facts.remote_states.extend(places.into_iter().flatten().map(state));
    }

    fn body(&mut self, body: &Body, scope: &Scope) {
        let scope = each(body, scope);
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => self.attribute(attribute, &scope),
                Structure::Block(block) if block.ident.as_str() == "dynamic" => self.dynamic(block, &scope),
                Structure::Block(block) => self.body(&block.body, &scope),
            }
        }
    }

    /// A collection is seen again where `each` is used.
    fn attribute(&mut self, attribute: &Attribute, scope: &Scope) {
        let flows = attribute.key.as_str() == "for_each";
        let mention = if flows { ReferenceKind::Flow } else { self.mention };
        self.counting(mention, |reader| reader.expression(&attribute.value, scope));
    }

    /// `dynamic "x"`: `x.value` goes through its own `for_each`, under another name if `iterator` says so.
    fn dynamic(&mut self, block: &Block, scope: &Scope) {
        let label = block.labels.first().map(|label| label.as_str().to_owned()).unwrap_or_default();
        let name = match block.body.get_attribute("iterator").map(|iterator| &iterator.value) {
            Some(Expression::Variable(name)) => name.as_str().to_owned(),
            _ => label,
        };
        let mut inner = scope.clone();
        for attribute in block.body.attributes() {
            if attribute.key.as_str() == "for_each" {
                inner = scope.iterating(&name, Text::of(&attribute.value, scope));
            }
            self.attribute(attribute, scope);
        }
        for content in block.body.blocks() {
            self.body(&content.body, &inner);
        }
    }

    fn refer(&mut self, path: Text, kind: ReferenceKind, line: usize) {
        self.facts.references.push(Reference { path, kind, line });
    }

    /// Notes what `expression` names, at any depth.
    fn expression(&mut self, expression: &Expression, scope: &Scope) {
        match expression {
            Expression::String(text) => {
                if words(text.value()).any(goes_up) {
                    let text = Text::Literal(text.value().clone());
                    self.refer(text, self.mention, self.lines.at(expression.span()));
                }
            }
            Expression::StringTemplate(template) => self.mentions(template, scope, expression.span()),
            Expression::HeredocTemplate(heredoc) => self.mentions(&heredoc.template, scope, expression.span()),
            Expression::Traversal(traversal) => {
                self.name(Text::of(expression, scope), expression.span());
                self.expression(&traversal.expr, scope);
                for operator in &traversal.operators {
                    if let hcl_edit::expr::TraversalOperator::Index(index) = operator.value() {
                        self.expression(index, scope);
                    }
                }
            }
            Expression::FuncCall(call) => self.call(call, expression, scope),
            Expression::Array(items) => items.iter().for_each(|item| self.expression(item, scope)),
            Expression::Object(object) => {
                for (key, value) in object {
                    if let Some(key) = key.as_expr() {
                        self.expression(key, scope);
                    }
                    self.expression(value.expr(), scope);
                }
            }
            Expression::Parenthesis(inner) => self.expression(inner.inner(), scope),
            Expression::Conditional(choice) => {
                for part in [&choice.cond_expr, &choice.true_expr, &choice.false_expr] {
                    self.expression(part, scope);
                }
            }
            Expression::UnaryOp(operation) => self.expression(&operation.expr, scope),
            Expression::BinaryOp(operation) => {
                self.expression(&operation.lhs_expr, scope);
                self.expression(&operation.rhs_expr, scope);
            }
            Expression::ForExpr(inner) => {
                self.counting(ReferenceKind::Flow, |reader| reader.expression(&inner.intro.collection_expr, scope));
                let scope = for_scope(&inner.intro, scope);
                let parts = inner.key_expr.iter().chain([&inner.value_expr]).chain(inner.cond.iter().map(|c| &c.expr));
                parts.for_each(|part| self.expression(part, &scope));
            }
            Expression::Variable(_) => self.name(Text::of(expression, scope), expression.span()),
            Expression::Null(_) | Expression::Bool(_) | Expression::Number(_) => {}
        }
    }

    /// A name that stands alone. Where it only flows on, nothing is lost by waiting for its use.
    fn name(&mut self, text: Text, span: Option<std::ops::Range<usize>>) {
        let used = self.mention == ReferenceKind::Mention && (text.has_names() || text.may_leave());
        if used || text == Text::ModulePath {
            self.refer(text, self.mention, self.lines.at(span));
        }
    }

    fn call(&mut self, call: &FuncCall, expression: &Expression, scope: &Scope) {
        let core = call.name.namespace.iter().all(|part| part.as_str() == "core");
        let kind = core.then(|| reader_named(call.name.name.as_str())).flatten();
        let mut arguments = call.args.iter();
        let line = self.lines.at(expression.span());
        if let (Some(kind), Some(path)) = (kind, call.args.iter().next()) {
            let spread = call.args.expand_final() && call.args.len() == 1;
            let text = if spread { Text::Unknown } else { Text::of(path, scope) };
            if let (ReferenceKind::Read("fileset"), Some(pattern)) = (kind, call.args.get(1)) {
                self.fileset(&text, pattern, scope, line);
            }
            self.refer(text, kind, line);
            arguments.next();
            self.calls_within(path, scope);
        }
        // `join` and `format` make paths out of pieces that are none by themselves.
        let text = Text::of(expression, scope);
        let used = self.mention == ReferenceKind::Mention && text.has_names();
        let joined = kind.is_none() && matches!(text, Text::Concat(_) | Text::Dirname(_));
        if joined && (used || text.may_leave()) {
            self.refer(text.clone(), self.mention, line);
        }
        let mention = match text {
            // What goes into a function that is not understood is not seen again.
            Text::Unknown => ReferenceKind::Mention,
            // The pieces were noted together.
            _ if joined => ReferenceKind::Flow,
            _ => self.mention,
        };
        self.counting(mention, |reader| arguments.for_each(|argument| reader.expression(argument, scope)));
    }

    /// A pattern that goes up reads from where its first wildcard is; any other stays below its folder.
    fn fileset(&mut self, folder: &Text, pattern: &Expression, scope: &Scope, line: usize) {
        let pattern = Text::of(pattern, scope);
        let start = match &pattern {
            Text::Literal(pattern) if !goes_up(pattern) => return,
            Text::Literal(pattern) => vec![Text::Literal(fixed(pattern).to_owned())],
            // A part that is not written here may go up as well, so the pattern counts up to its first wildcard.
            Text::Concat(parts) => {
                let wild = |part: &Text| matches!(part, Text::Literal(text) if text.contains(WILDCARDS));
                let end = parts.iter().position(wild).unwrap_or(parts.len());
                let tail = match parts.get(end) {
                    Some(Text::Literal(text)) => Text::Literal(fixed(text).to_owned() + "/"),
                    _ => Text::Literal(String::new()),
                };
                parts.iter().take(end).cloned().chain([tail, Text::Unknown]).collect()
            }
            other => vec![other.clone(), Text::Unknown],
        };
        let path = Text::Concat([folder.clone(), Text::Literal("/".to_owned())].into_iter().chain(start).collect());
        self.refer(path, ReferenceKind::Read("fileset"), line);
    }

    /// The path of a reading function is noted as a whole; inside it only further calls matter.
    fn calls_within(&mut self, path: &Expression, scope: &Scope) {
        let before = self.facts.references.len();
        self.expression(path, scope);
        let inner = self.facts.references.split_off(before);
        let reads = |kind| !matches!(kind, ReferenceKind::Mention | ReferenceKind::Flow);
        self.facts.references.extend(inner.into_iter().filter(|inner| reads(inner.kind)));
    }

    /// Notes the paths that a template's text mentions: from each `path.…` or name, and from each literal
    /// with `..`, to the end. A literal that continues what an interpolation began starts there.
    fn mentions(&mut self, template: &Template, scope: &Scope, span: Option<std::ops::Range<usize>>) {
        let line = self.lines.at(span);
        let texts = template.iter().map(|element| Text::of_element(element, scope)).collect::<Vec<_>>();
        for (index, element) in template.iter().enumerate() {
            let start = match &texts[index] {
                Text::ModulePath | Text::RootPath | Text::Dirname(_) => Some(index),
                Text::Literal(text) if element.is_literal() && words(text).any(goes_up) => {
                    let continues = words(text).next().is_some_and(|word| goes_up(word) && text.starts_with(word));
                    Some(if continues { index.saturating_sub(1) } else { index })
                }
                text => (self.mention == ReferenceKind::Mention && text.has_names()).then_some(index),
            };
            if let Some(start) = start {
                let text = Text::Concat(texts.get(start..).unwrap_or_default().to_vec());
                self.refer(text, self.mention, line);
            }
            // What stands for itself was just noted, together with what follows it.
            let noted = matches!(texts[index], Text::ModulePath | Text::Dirname(_)) || texts[index].has_names();
            let plain =
                element.as_interpolation().is_some_and(|inner| inner.expr.is_traversal() || inner.expr.is_variable());
            if !(noted && plain) {
                self.element(element, scope);
            }
        }
    }

    fn element(&mut self, element: &Element, scope: &Scope) {
        match element {
            Element::Literal(_) => {}
            Element::Interpolation(interpolation) => self.expression(&interpolation.expr, scope),
            Element::Directive(directive) => match &**directive {
                Directive::If(directive) => {
                    self.expression(&directive.if_expr.cond_expr, scope);
                    let branches = std::iter::once(&directive.if_expr.template)
                        .chain(directive.else_expr.iter().map(|branch| &branch.template));
                    branches.for_each(|branch| self.mentions(branch, scope, None));
                }
                Directive::For(directive) => {
                    let intro = &directive.for_expr;
                    self.counting(ReferenceKind::Flow, |reader| reader.expression(&intro.collection_expr, scope));
                    let collection = Text::of(&intro.collection_expr, scope);
                    let mut inner = scope.clone();
                    if let Some(key) = &intro.key_var {
                        inner = inner.binding(key.as_str(), Text::Keys(Box::new(collection.clone())));
                    }
                    let inner = inner.binding(intro.value_var.as_str(), collection);
                    self.mentions(&intro.template, &inner, None);
                }
            },
        }
    }
}

/// The scope of a block with `for_each`.
fn each(body: &Body, scope: &Scope) -> Scope {
    match body.get_attribute("for_each").map(|Attribute { value, .. }| value) {
        Some(collection) => scope.iterating("each", Text::of(collection, scope)),
        None => scope.clone(),
    }
}
