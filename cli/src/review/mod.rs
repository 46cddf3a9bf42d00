//! Normalised changes → groups, risk order, Markdown and terminal text. Pure.
