//! The charts of `kstack.lock.hcl`: blocks are added and taken away, and every other byte stays.

use hcl_edit::{Span as _, structure::Structure};

use super::{Chart, ScaffoldError};
use crate::{
    hcl::Document,
    platform::{ParseError, layout},
};

/// A block of the file: its kind, its label, and where its text ends.
struct Placed {
    kind: String,
    label: String,
    /// The end of the line of the structure before it, where the lines above it begin that belong to it.
    start: usize,
    /// The end of its last line.
    end: usize,
}

/// The blocks and attributes of the top level.
fn placed(text: &str) -> Result<Vec<Placed>, ScaffoldError> {
    let document = Document::parse(layout::LOCK_FILE, text)
        .map_err(|problem| ScaffoldError::Parse(ParseError::of(vec![*problem])))?;
    let mut found: Vec<Placed> = Vec::new();
    for structure in document.body() {
        let end = structure.span().map_or(text.len(), |span| span.end);
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        let start = found.last().map_or(0, |before| before.end);
        let (kind, label) = match structure {
            Structure::Block(block) => {
                let label = block.labels.first().map(|label| label.as_str().to_owned());
                (block.ident.as_str().to_owned(), label.unwrap_or_default())
            }
            Structure::Attribute(_) => (String::new(), String::new()),
        };
        found.push(Placed { kind, label, start, end });
    }
    Ok(found)
}

/// The names of the charts that the file lists.
pub(super) fn charts(text: &str) -> Result<Vec<String>, ScaffoldError> {
    let blocks = placed(text)?.into_iter().filter(|block| block.kind == "chart");
    Ok(blocks.map(|block| block.label).collect())
}

/// `text` with a block for `chart` after the other charts; as it is when there is one already.
pub(super) fn with(text: &str, chart: &Chart) -> Result<String, ScaffoldError> {
    let blocks = placed(text)?;
    let mut charts = blocks.iter().filter(|block| block.kind == "chart");
    if charts.clone().any(|block| block.label == chart.name) {
        return Ok(text.to_owned());
    }
    let last = charts.next_back().or(blocks.last());
    let (before, after) = text.split_at(last.map_or(text.len(), |block| block.end));
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let digest = chart.digest.as_deref().map_or_else(|| "null".to_owned(), quoted);
    let gap = if before.is_empty() || before.ends_with('\n') { "\n" } else { "\n\n" };
    Ok(format!(
        "{before}{gap}chart {} {{\n  version = {}\n  source  = {}\n  digest  = {digest}\n}}\n{after}",
        quoted(&chart.name),
        quoted(&chart.version),
        quoted(&chart.source)
    ))
}

/// `text` without the blocks of these charts and the lines above that belong to them.
pub(super) fn without(text: &str, charts: &[String]) -> Result<String, ScaffoldError> {
    let mut text = text.to_owned();
    for block in placed(&text)?.iter().rev() {
        if block.kind == "chart" && charts.contains(&block.label) {
            text.replace_range(block.start..block.end, "");
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# head\n\ntool \"a\" {\n  version = \"1\" # x\n}\n\n# Mine.\nchart \"b\" {\n  version = \"1\"\n}\n\nimage \"c\" {\n  digest = null\n}\n";

    fn chart(name: &str) -> Chart {
        Chart {
            name: name.to_owned(),
            source: "oci://example.com/x".to_owned(),
            version: "1.2.3".to_owned(),
            digest: None,
        }
    }

    #[test]
    fn a_chart_comes_after_the_others_and_once() {
        let text = with(TEXT, &chart("x")).unwrap();
        let block =
            "\nchart \"x\" {\n  version = \"1.2.3\"\n  source  = \"oci://example.com/x\"\n  digest  = null\n}\n";
        assert_eq!(text, TEXT.replace("\n\nimage", &format!("\n{block}\nimage")));
        assert_eq!(charts(&text).unwrap(), ["b", "x"]);
        assert_eq!(with(&text, &chart("x")).unwrap(), text);
        assert_eq!(without(&text, &["x".to_owned()]).unwrap(), TEXT);
    }

    #[test]
    fn a_chart_goes_with_what_is_said_of_it() {
        let text = without(TEXT, &["b".to_owned()]).unwrap();
        assert_eq!(text, TEXT.replace("\n# Mine.\nchart \"b\" {\n  version = \"1\"\n}\n", ""));
        assert_eq!(without(TEXT, &["c".to_owned()]).unwrap(), TEXT);
    }

    #[test]
    fn a_file_without_charts_takes_one() {
        assert!(with("", &chart("x")).unwrap().starts_with("\nchart"));
        assert!(with("a = 1", &chart("x")).unwrap().starts_with("a = 1\n\nchart"));
        assert!(with("chart {", &chart("x")).is_err());
    }
}
