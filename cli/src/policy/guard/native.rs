//! HCL → facts.

use hcl_edit::{
    Span as _,
    expr::{Expression, ObjectKey},
    structure::{Block, Body, Structure},
};

use crate::hcl::Document;

use super::facts::{Call, Facts, Found, Required, construct_of, implied, is_endpoint, local_name, provisioner};

pub(super) fn facts(document: &Document) -> Facts {
    let mut reader = Reader { document, facts: Facts::default() };
    for block in blocks(document.body()) {
        reader.top(block);
    }
    reader.facts
}

struct Reader<'a> {
    document: &'a Document,
    facts: Facts,
}

fn blocks(body: &Body) -> impl Iterator<Item = &Block> {
    body.iter().filter_map(Structure::as_block)
}

/// The label at `index`; empty without one.
fn label(block: &Block, index: usize) -> &str {
    block.labels.get(index).map_or("", |label| label.as_str())
}

impl Reader<'_> {
    fn found(&self, construct: &'static str, what: String, block: &Block) -> Found {
        let file = self.document.file();
        let span = block.span().unwrap_or_default();
        let start = block.ident.span().unwrap_or_else(|| span.clone()).start;
        Found {
            construct,
            what,
            text: file.text.get(span).unwrap_or_default().trim().to_owned(),
            line: Some(file.line_of(start)),
        }
    }

    fn top(&mut self, block: &Block) {
        match block.ident.as_str() {
            kind @ ("resource" | "data" | "ephemeral" | "action" | "list") => self.resource(kind, block),
            "check" => {
                // Data sources can be scoped to a check.
                for inner in blocks(&block.body).filter(|inner| inner.ident.as_str() == "data") {
                    self.resource("data", inner);
                }
            }
            "module" => self.module(block),
            "provider" => self.provider(block),
            "terraform" => blocks(&block.body).for_each(|inner| self.setting(inner)),
            _ => {}
        }
    }

    fn resource(&mut self, kind: &str, block: &Block) {
        let (resource_type, name) = (label(block, 0), label(block, 1));
        if let Some(construct) = construct_of(kind, resource_type) {
            let found = self.found(construct, format!("{kind} `{resource_type}.{name}`"), block);
            self.facts.found.push(found);
        }
        match block.body.get_attribute("provider").map(|attribute| &attribute.value) {
            Some(Expression::Variable(name)) => self.facts.uses(name.as_str()),
            Some(Expression::Traversal(traversal)) => match &traversal.expr {
                Expression::Variable(name) => self.facts.uses(name.as_str()),
                _ => self.facts.uses(implied(resource_type)),
            },
            Some(Expression::String(text)) => self.facts.uses(local_name(text.value())),
            _ => self.facts.uses(implied(resource_type)),
        }
        for inner in blocks(&block.body).filter(|inner| inner.ident.as_str() == "provisioner") {
            let run = label(inner, 0);
            let found = self.found(provisioner(run), format!("provisioner `{run}` of `{resource_type}.{name}`"), inner);
            self.facts.found.push(found);
        }
    }

    fn module(&mut self, block: &Block) {
        let Some(source) = block.body.get_attribute("source") else { return };
        let offset = source.key.span().unwrap_or_default().start;
        self.facts.modules.push(Call {
            name: label(block, 0).to_owned(),
            source: source.value.as_str().map(ToOwned::to_owned),
            line: Some(self.document.file().line_of(offset)),
        });
    }

    fn provider(&mut self, block: &Block) {
        let name = label(block, 0);
        self.facts.uses(name);
        if has_key(&block.body, &|key| key == "exec") {
            let found = self.found("provider-exec", format!("`exec` of provider `{name}`"), block);
            self.facts.found.push(found);
        }
        // `host` of a cluster is how a provider for clusters works at all.
        let for_clusters = ["kubernetes", "helm", "kubectl"].contains(&name);
        let elsewhere = |key: &str| is_endpoint(key) && !(for_clusters && ["host", "proxy_url"].contains(&key));
        if has_key(&block.body, &elsewhere) {
            let found = self.found("provider-endpoint", format!("another address for provider `{name}`"), block);
            self.facts.found.push(found);
        }
    }

    fn setting(&mut self, block: &Block) {
        match block.ident.as_str() {
            "required_providers" => {
                for attribute in block.body.attributes() {
                    let local = attribute.key.as_str();
                    let line = attribute.key.span().map(|span| self.document.file().line_of(span.start));
                    let source = source(local, &attribute.value);
                    self.facts.required.insert(local.to_owned(), Required { source, line });
                }
            }
            kind @ ("backend" | "cloud") => {
                let construct = if kind == "cloud" { "cloud" } else { "backend" };
                let what = format!("`{kind}` {}", label(block, 0));
                let found = self.found(construct, what.trim_end().to_owned(), block);
                self.facts.backends.push(found);
            }
            // OpenTofu asks these programs for keys: <https://opentofu.org/docs/language/state/encryption/>.
            "encryption" => {
                for inner in blocks(&block.body).filter(|inner| label(inner, 0) == "external") {
                    let what = format!("`{}` `external` of `encryption`", inner.ident.as_str());
                    let found = self.found("external", what, inner);
                    self.facts.found.push(found);
                }
            }
            _ => {}
        }
    }
}

/// The source address of an entry of `required_providers`.
fn source(local: &str, value: &Expression) -> String {
    let named = value.as_object().and_then(|object| {
        object
            .iter()
            .find_map(|(key, value)| (key_text(key) == Some("source")).then(|| value.expr().as_str()).flatten())
    });
    named.map_or_else(|| format!("hashicorp/{local}"), ToOwned::to_owned)
}

fn key_text(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(expression) => expression.as_str(),
    }
}

/// Whether a block, attribute or key of an object of a wanted name is anywhere in `body`.
fn has_key(body: &Body, wanted: &dyn Fn(&str) -> bool) -> bool {
    body.iter().any(|structure| match structure {
        Structure::Attribute(attribute) => wanted(attribute.key.as_str()) || in_value(&attribute.value, wanted),
        Structure::Block(block) => {
            let dynamic = block.ident.as_str() == "dynamic" && wanted(label(block, 0));
            dynamic || wanted(block.ident.as_str()) || has_key(&block.body, wanted)
        }
    })
}

fn in_value(value: &Expression, wanted: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Expression::Object(object) => {
            object.iter().any(|(key, value)| key_text(key).is_some_and(wanted) || in_value(value.expr(), wanted))
        }
        Expression::Array(items) => items.iter().any(|item| in_value(item, wanted)),
        Expression::Parenthesis(inner) => in_value(inner.inner(), wanted),
        Expression::Conditional(choice) => in_value(&choice.true_expr, wanted) || in_value(&choice.false_expr, wanted),
        Expression::FuncCall(call) => call.args.iter().any(|argument| in_value(argument, wanted)),
        _ => false,
    }
}
