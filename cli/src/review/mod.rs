//! Normalised changes → one model, grouped and ordered by risk → Markdown, terminal text, HTML, JSON.
//!
//! Pure: no I/O, no clock, no async. Must not know: where changes come from, Git, forges, colours.
//! Every text that enters may have been chosen by an attacker: a resource's name must not mention
//! people, end a code block, hide behind control characters or look like our own marker.

mod beside;
mod budget;
mod checks;
mod details;
mod document;
mod findings;
mod grouping;
mod html;
mod input;
mod markdown;
mod model;
mod names;
mod objects;
mod outline;
mod risk;
mod stages;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod wording;

pub use beside::{Comparison, Unlike, UnlikeAttribute};
pub use checks::CheckGroup;
pub use document::Document;
pub use findings::FindingGroup;
pub use grouping::{OutputGroup, ResourceGroup};
pub use html::ReportError;
pub use input::{BeforeInput, InstanceInput, Outcome, ReviewInput, Stale};
pub use markdown::{COMMENT_BUDGET, COMMENT_MARKER};
pub use model::{
    Counts, EngineChange, EnvironmentSummary, Failure, InstanceState, InstanceSummary, ObjectCounts, Remark, Review,
};
pub use objects::ObjectGroup;
pub use risk::Risk;
pub use stages::Stage;
pub use terminal::{Paint, Plain, Role};
pub use text::{prose, visible};
