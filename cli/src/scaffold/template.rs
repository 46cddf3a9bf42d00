//! minijinja with a syntax that HCL, YAML, Helm and GitHub Actions leave alone.
//!
//! `#% if x` on a line of its own is a statement, `<%= x %>` a value, `<%# … %>` a comment. A value
//! is written as it is; `hcl` and `yaml` quote it for the file it stands in. What has no one
//! spelling in those files (lists, maps, nothing) cannot be written at all.

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, escape_formatter,
    syntax::SyntaxConfig,
    value::{Serde, ValueKind},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::ScaffoldError;

/// Renders templates.
#[derive(Debug)]
pub(super) struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    pub(super) fn new() -> Result<Self, ScaffoldError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .block_delimiters("<%", "%>")
            .variable_delimiters("<%=", "%>")
            .comment_delimiters("<%#", "%>")
            .line_statement_prefix("#%")
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .map_err(|source| ScaffoldError::Template { template: "syntax".to_owned(), source: Box::new(source) })?;
        environment.set_syntax(syntax);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(format);
        environment.add_filter("hcl", hcl);
        environment.add_filter("yaml", yaml);
        environment.add_filter("attributes", attributes);
        environment.add_filter("within", within);
        environment.add_filter("indented", indented);
        Ok(Self { environment })
    }

    /// Renders `text`; `template` is its name in errors.
    pub(super) fn render(&self, template: &str, text: &str, values: &impl Serialize) -> Result<String, ScaffoldError> {
        self.environment
            .template_from_named_str(template, text)
            .and_then(|parsed| parsed.render(Serde(values)))
            .map_err(|source| ScaffoldError::Template { template: template.to_owned(), source: Box::new(source) })
    }
}

/// Booleans as HCL and YAML spell them (the default is Python's `True`).
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }).map_err(Error::from),
        ValueKind::String | ValueKind::Number | ValueKind::Undefined => escape_formatter(out, state, value),
        kind => Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} cannot be written into a file"))),
    }
}

/// A string as an HCL literal: JSON's escapes, and no way to begin an interpolation.
fn hcl(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

/// Pairs of names and values as lines of an HCL body, laid out as `terraform fmt` does it. A pair whose
/// value is nothing is left out; values are strings, numbers, booleans and lists of strings.
fn attributes(pairs: &Value, indent: usize) -> Result<String, Error> {
    let mut lines = Vec::new();
    for pair in pairs.try_iter()? {
        let (name, value) = (pair.get_item_by_index(0)?, pair.get_item_by_index(1)?);
        if !value.is_none() {
            lines.push((name.to_string(), literal(&value)?));
        }
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let line = |(name, value): (String, String)| format!("{:indent$}{name:width$} = {value}", "");
    Ok(lines.into_iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Every line that is not empty moved to the right by `width`, without the last line end.
fn indented(text: &str, width: usize) -> String {
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{:width$}{line}", "") };
    text.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A name of at most `limit` characters: one that is longer loses its end to a hash, so that two long names stay two.
fn within(name: &str, limit: usize) -> String {
    if name.len() <= limit {
        return name.to_owned();
    }
    let digest = Sha256::digest(name);
    let hash = format!("{:02x}{:02x}", digest[0], digest[1]);
    let kept: String = name.chars().take(limit.saturating_sub(hash.len() + 1)).collect();
    format!("{}-{hash}", kept.trim_end_matches('-'))
}

/// A value as HCL writes it.
fn literal(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String => Ok(hcl(value.as_str().unwrap_or_default())),
        ValueKind::Number => Ok(value.to_string()),
        ValueKind::Bool => Ok(if value.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Seq => {
            let items = value.try_iter()?.map(|item| literal(&item)).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("[{}]", items.join(", ")))
        }
        kind => Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} is no value of an attribute"))),
    }
}

/// A string as a YAML scalar: plain where every reader takes it as that string, otherwise quoted.
pub(super) fn yaml(text: &str) -> String {
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '.' || first == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@+~?=&%".contains(c))
        && !text.ends_with(':')
        && !["true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan"]
            .contains(&text.to_ascii_lowercase().as_str())
        && !text.starts_with('.');
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use minijinja::context;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_string_comes_back_from_hcl(text in any::<String>()) {
            let body: hcl::Body = hcl::from_str(&format!("x = {}\n", hcl(&text))).unwrap();
            let value = &body.attributes().next().unwrap().expr;
            let read = match value {
                // A string with an escaped marker is a template to the parser, without anything to fill in.
                hcl::Expression::TemplateExpr(_) => {
                    hcl::eval::Evaluate::evaluate(value, &hcl::eval::Context::new()).unwrap().as_str().unwrap().to_owned()
                }
                hcl::Expression::String(text) => text.clone(),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(read, text);
        }

        #[test]
        fn any_string_comes_back_from_yaml(text in any::<String>()) {
            let value: serde_json::Value = serde_saphyr::from_str(&format!("x: {}\n", yaml(&text))).unwrap();
            prop_assert_eq!(value["x"].as_str(), Some(text.as_str()));
        }

        #[test]
        fn what_looks_like_something_else_stays_a_string_in_yaml(text in "[-~.a-z0-9:&*!%@#?=/ ]{0,12}") {
            let value: serde_json::Value = serde_saphyr::from_str(&format!("x: {}\n", yaml(&text))).unwrap();
            prop_assert_eq!(value["x"].as_str(), Some(text.as_str()));
        }
    }

    fn render(text: &str) -> Result<String, String> {
        let values = context! {
            yes => true, no => false, name => "ac\"me", nothing => (), list => vec!["a", "b"], dollar => "${x} %{y}",
        };
        Renderer::new().unwrap().render("test.tf", text, &values).map_err(|error| {
            let source = std::error::Error::source(&error).unwrap();
            source.to_string()
        })
    }

    #[test]
    fn foreign_syntaxes_pass_untouched() {
        let text = "a = \"${var.x}\" # {{ .Values.y }} ${{ github.ref }} %{ if z } <<EOT {# c #} <name>\n";
        assert_eq!(render(text).unwrap(), text);
    }

    #[test]
    fn statements_take_their_whole_line() {
        let text =
            "a\n#% if yes\n  b = <%= yes %>\n  #% else\n  c\n#% endif\n#% for x in list\n- <%= x %>\n#% endfor\nd\n";
        assert_eq!(render(text).unwrap(), "a\n  b = true\n- a\n- b\nd\n");
    }

    #[test]
    fn values_are_quoted_for_their_file() {
        assert_eq!(render("<%= name|hcl %> <%= dollar|hcl %>").unwrap(), r#""ac\"me" "$${x} %%{y}""#);
        for (text, written) in [
            ("https://github.com/acme/platform", "https://github.com/acme/platform"),
            ("ssh://git@github.com:22/acme/platform.git", "ssh://git@github.com:22/acme/platform.git"),
            ("yes", "\"yes\""),
            ("1.33", "\"1.33\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("", "\"\""),
            ("a:", "\"a:\""),
            (".inf", "\".inf\""),
        ] {
            assert_eq!(yaml(text), written);
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        assert_eq!(within("acme-kstack", 24), "acme-kstack");
        let (one, two) =
            (within("a-platform-of-many-words-kstack", 24), within("a-platform-of-many-worlds-kstack", 24));
        assert!(one.len() <= 24 && one.starts_with("a-platform-of-many"), "{one}");
        assert_ne!(one, two);
        assert_eq!(within("abcdefghijklmnopqr-stuvwxyz", 24).matches("--").count(), 0);
    }

    #[test]
    fn attributes_are_laid_out_and_nothing_is_left_out() {
        let text = "<%= [[\"a\", name], [\"longer\", list], [\"b\", nothing], [\"c\", 3]]|attributes(2) %>\n";
        assert_eq!(render(text).unwrap(), "  a      = \"ac\\\"me\"\n  longer = [\"a\", \"b\"]\n  c      = 3\n");
        assert!(render("<%= [[\"a\", {\"b\": 1}]]|attributes(0) %>").unwrap_err().contains("no value"));
    }

    #[test]
    fn what_has_no_spelling_is_an_error() {
        assert!(render("<%= missing %>").unwrap_err().contains("`missing` is undefined"));
        assert!(render("<% if missing %><% endif %>").is_err());
        assert!(render("<%= list %>").unwrap_err().contains("cannot be written"));
        assert!(render("<%= nothing %>").unwrap_err().contains("cannot be written"));
    }
}
