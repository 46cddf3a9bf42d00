//! Which instances a change affects, and why.
