//! What GitLab and Gitea have in common: lists in pages, and comments that are found by their text and author.

use serde_json::Value;

use super::{
    Comment, ForgeError,
    http::{Answer, Http, Purpose},
};

/// Pages of a list that are read at most; a page has up to 100 entries.
const PAGES: usize = 50;

/// Every entry of the list at `url`, page after page, until `wanted` finds something in one.
pub(super) async fn find<T>(
    http: &Http,
    purpose: &Purpose,
    url: String,
    mut wanted: impl FnMut(&Value) -> Result<Option<T>, ForgeError>,
) -> Result<Option<T>, ForgeError> {
    let mut next = Some(url);
    for _ in 0..PAGES {
        let Some(url) = next else { break };
        let Answer { body, next: further } = http.get(purpose, &url).await?;
        let list = body.as_array().ok_or_else(|| unexpected(http, purpose, "it is no list"))?;
        for entry in list {
            if let Some(found) = wanted(entry)? {
                return Ok(Some(found));
            }
        }
        // Whoever answers does not choose where the token goes.
        next = further.filter(|next| origin(next) == origin(&url));
    }
    Ok(None)
}

/// Every entry of the list at `url`.
pub(super) async fn all(http: &Http, purpose: &Purpose, url: String) -> Result<Vec<Value>, ForgeError> {
    let mut entries = Vec::new();
    find(http, purpose, url, |entry| {
        entries.push(entry.clone());
        Ok(None::<()>)
    })
    .await?;
    Ok(entries)
}

/// The comments with the marker, each with the name of its author.
pub(super) async fn marked(
    http: &Http,
    purpose: &Purpose,
    url: String,
    marker: &str,
    read: impl Fn(&Value) -> Option<(String, Comment)>,
) -> Result<Vec<(String, Comment)>, ForgeError> {
    let mut comments = Vec::new();
    find(http, purpose, url, |entry| {
        comments.extend(read(entry).filter(|(_, comment)| comment.body.starts_with(marker)));
        Ok(None::<()>)
    })
    .await?;
    Ok(comments)
}

/// An answer that is not as documented.
pub(super) fn unexpected(http: &Http, purpose: &Purpose, reason: impl Into<String>) -> ForgeError {
    ForgeError::Answer { forge: http.forge(), action: purpose.action.clone(), reason: reason.into() }
}

/// The text at `path` of an answer.
pub(super) fn text(http: &Http, purpose: &Purpose, value: &Value, path: &str) -> Result<String, ForgeError> {
    let text = value.pointer(path).and_then(Value::as_str);
    text.map(ToOwned::to_owned).ok_or_else(|| unexpected(http, purpose, format!("`{path}` is no text")))
}

/// The text at `path` of an answer, if there is one.
pub(super) fn optional(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn origin(url: &str) -> Option<(String, Option<String>, Option<u16>)> {
    let url = reqwest::Url::parse(url).ok()?;
    Some((url.scheme().to_owned(), url.host_str().map(ToOwned::to_owned), url.port_or_known_default()))
}
