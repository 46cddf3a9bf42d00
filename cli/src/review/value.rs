//! Values as a person reads them: short ones on a line, policies and documents as text with lines.

use serde_json::Value;

use super::text::{shorten, visible};
use crate::terraform::Shown;

/// Collections longer than this on one line are shown over several.
const COMPACT: usize = 60;

/// The value on one line, harmless and of hardly more than `limit` characters.
pub(super) fn inline(shown: &Shown, limit: usize) -> String {
    match shown {
        Shown::Absent => "null".to_owned(),
        Shown::Unknown => "(known after apply)".to_owned(),
        Shown::Sensitive => "(sensitive)".to_owned(),
        Shown::Value(value) => {
            let text = value.to_string();
            let length = text.chars().count();
            let short = visible(&shorten(&text, limit));
            if length > limit { format!("{short} ({length} characters)") } else { short }
        }
    }
}

/// The value over several lines, if it is better read so: text with lines, JSON in a text, and
/// collections that are long.
pub(super) fn block(shown: &Shown) -> Option<String> {
    match shown {
        Shown::Value(Value::String(text)) => match document(text) {
            Some(document) => Some(pretty(document)),
            None => text.trim_end().contains('\n').then(|| text.clone()),
        },
        Shown::Value(value @ (Value::Array(_) | Value::Object(_))) if value.to_string().len() > COMPACT => {
            Some(pretty(value.clone()))
        }
        _ => None,
    }
}

/// The JSON object or list that `text` is, such as an IAM policy.
fn document(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// With sorted keys: clouds return policies in an order of their own.
fn pretty(mut value: Value) -> String {
    value.sort_all_objects();
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_short_and_hide_what_they_must() {
        assert_eq!(inline(&Shown::Sensitive, 160), "(sensitive)");
        assert_eq!(inline(&Shown::Unknown, 160), "(known after apply)");
        assert_eq!(inline(&Shown::Value(json!("a\"b\u{1b}")), 160), r#""a\"b\u001b""#);
        let long = inline(&Shown::Value(json!("x".repeat(1000))), 160);
        assert!(long.ends_with("x\" (1002 characters)") && long.chars().count() < 200, "{long}");
    }

    #[test]
    fn policies_have_lines() {
        let policy = json!({"Version": "2012-10-17", "Statement": []}).to_string();
        assert_eq!(
            block(&Shown::Value(policy.into())).unwrap(),
            "{\n  \"Statement\": [],\n  \"Version\": \"2012-10-17\"\n}\n"
        );
        assert_eq!(block(&Shown::Value(json!("[not json"))), None);
        assert_eq!(block(&Shown::Value(json!(["a"]))), None);
    }
}
