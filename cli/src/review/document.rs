//! The model as one JSON document.

use serde::Serialize;

use super::Review;

/// `{"type": "review", "version": 1, …}`: fields are only ever added within a version.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    version: u32,
    #[serde(flatten)]
    review: &'a Review,
}

impl Review {
    /// The review as a document for programs.
    pub fn document(&self) -> Document<'_> {
        Document { kind: "review", version: 1, review: self }
    }
}
