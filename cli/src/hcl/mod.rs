//! HCL as kstack needs it: parsing that keeps spans, diagnostics that point into a file,
//! and decoding with exact errors. Pure: text in, values or diagnostics out.
//!
//! Must not know: what the blocks mean (that is `platform/`), or how a diagnostic is printed (`ui/`).

mod decode;
mod diagnostic;
mod document;

pub use decode::{BlockReader, Located, did_you_mean, nearest};
pub use diagnostic::{Diagnostic, Note, SourceFile};
pub use document::Document;
