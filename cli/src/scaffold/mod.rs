//! Answers and templates → a set of files.
