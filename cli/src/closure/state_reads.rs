//! Which outputs of a state a configuration uses.
//!
//! Found in the text, since a use looks the same wherever it stands: in an expression, in a template, in JSON. A use that
//! is only a comment counts as well; none is missed, because Terraform wants references to data sources written out.

use std::collections::{BTreeMap, BTreeSet};

const TYPE: &str = "terraform_remote_state";

/// The outputs that are used of a state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadOutputs {
    /// The state as a whole is used, so any of them may be.
    All,
    /// Exactly these.
    Named(BTreeSet<String>),
}

impl Default for ReadOutputs {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl ReadOutputs {
    /// Whether the output `name` is used.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }

    /// Adds what `other` uses.
    pub fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Named(names), Self::Named(more)) => names.extend(more.iter().cloned()),
            (Self::Named(_), Self::All) => *self = Self::All,
            (Self::All, _) => {}
        }
    }
}

/// The uses in `text`, by the name of the data source.
pub(super) fn find(text: &str) -> BTreeMap<String, ReadOutputs> {
    let mut reads: BTreeMap<String, ReadOutputs> = BTreeMap::new();
    for (at, _) in text.match_indices(TYPE) {
        // Anything but a dot: the block itself, or prose.
        let Some((name, rest)) = attribute(&text[at + TYPE.len()..]) else { continue };
        let read = match output(rest) {
            Some(output) => ReadOutputs::Named(BTreeSet::from([output.to_owned()])),
            None => ReadOutputs::All,
        };
        reads.entry(name.to_owned()).or_default().add(&read);
    }
    reads
}

/// The output that comes after the data source's name: `.outputs.id`, `["a"].outputs.id`, `.outputs["id"]`.
fn output(rest: &str) -> Option<&str> {
    // Which of several states it is matters to nobody here.
    let rest = match rest.trim_start().strip_prefix('[') {
        Some(index) => index.split_once(']')?.1,
        None => rest,
    };
    let (name, rest) = attribute(rest)?;
    if name != "outputs" {
        return None;
    }
    match rest.trim_start().strip_prefix('[') {
        Some(index) => {
            let (key, rest) = index.trim_start().strip_prefix('"')?.split_once('"')?;
            (rest.trim_start().starts_with(']') && key.bytes().all(|byte| byte != b'$' && byte != b'\\')).then_some(key)
        }
        None => attribute(rest).map(|(output, _)| output),
    }
}

/// An attribute, `.name`, and what follows it.
fn attribute(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('.')?.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> String {
        let told = find(text).into_iter().map(|(name, outputs)| match outputs {
            ReadOutputs::All => format!("{name}: all"),
            ReadOutputs::Named(names) => format!("{name}: {}", names.into_iter().collect::<Vec<_>>().join(" ")),
        });
        told.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn outputs_are_found_wherever_they_are_used() {
        for (text, found) in [
            ("vpc = data.terraform_remote_state.net.outputs.vpc_id", "net: vpc_id"),
            ("vpc = \"x-${data.terraform_remote_state.net.outputs.vpc_id}-y\"", "net: vpc_id"),
            ("vpc = data.terraform_remote_state.net[0].outputs.vpc_id[0].x", "net: vpc_id"),
            ("vpc = data.terraform_remote_state.net[\"a\"].outputs[\"vpc_id\"]", "net: vpc_id"),
            ("x = data.terraform_remote_state.net[*].outputs.vpc-id", "net: vpc-id"),
            ("x = data .\n  terraform_remote_state . net\n  .outputs\n  .vpc_id", "net: vpc_id"),
            ("{\"x\": \"${data.terraform_remote_state.net.outputs.vpc_id}\"}", "net: vpc_id"),
            ("data.terraform_remote_state.a.outputs.x + data.terraform_remote_state.a.outputs.y", "a: x y"),
            ("data.terraform_remote_state.a.outputs.x, data.terraform_remote_state.b.outputs.y", "a: x, b: y"),
            // Which one cannot be known.
            ("x = data.terraform_remote_state.net.outputs", "net: all"),
            ("x = data.terraform_remote_state.net.outputs[var.name]", "net: all"),
            ("x = data.terraform_remote_state.net.outputs[\"${var.name}\"]", "net: all"),
            ("x = values(data.terraform_remote_state.net)[0]", "net: all"),
            ("x = data.terraform_remote_state.net[each.key]", "net: all"),
            ("depends_on = [data.terraform_remote_state.net]", "net: all"),
            ("a.terraform_remote_state.net.outputs.x + a.terraform_remote_state.net.outputs", "net: all"),
            // The block itself, and prose.
            ("data \"terraform_remote_state\" \"net\" {}", ""),
            ("{\"data\": {\"terraform_remote_state\": {\"net\": {}}}}", ""),
            ("# what terraform_remote_state reads", ""),
        ] {
            assert_eq!(reads(text), found, "{text}");
        }
    }
}
