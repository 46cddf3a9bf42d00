//! What a path in an expression adds to a closure.

use super::{
    ClosureError, Notice,
    collect::Added,
    evaluate::Value,
    facts::{Language, ReferenceKind},
    follow::{Follow, Spot, join},
    lexical::{goes_up, words},
    text::Text,
};
use crate::repo::RepoError;

impl Follow<'_> {
    /// The argument of a function that reads files; relative paths start in the stack's folder.
    pub(super) fn read(
        &mut self,
        value: &Value,
        kind: ReferenceKind,
        spot: &Spot,
        folder: &str,
    ) -> Result<(), ClosureError> {
        match value {
            Value::Exact(path) => {
                if path.is_empty() {
                    return Ok(());
                }
                if path.starts_with(['/', '~']) {
                    self.outside(path.clone(), spot);
                    return Ok(());
                }
                let added = self.collector.add(&self.cleaned(path), &spot.origin(kind.name()))?;
                match added {
                    Added::File(path, id) if kind == ReferenceKind::Template && self.templates.insert(path.clone()) => {
                        let facts = self.collector.facts(self.memo, id, Language::Template)?;
                        self.follow_references(folder, &path, &facts.references)?;
                    }
                    Added::Folder(path) => {
                        self.named.insert(path);
                    }
                    Added::File(..) | Added::Nothing => {}
                }
            }
            // However it goes on: an absolute path is none of the repository.
            Value::Below(path) if path.starts_with(['/', '~']) => self.outside(format!("{path}…"), spot),
            Value::Below(path) => self.widen(&self.cleaned(above(path)), kind, spot)?,
            Value::Anywhere => self.widen("", kind, spot)?,
        }
        Ok(())
    }

    fn outside(&mut self, target: String, spot: &Spot) {
        self.collector.notices.insert(Notice::Outside { path: spot.path.clone(), line: spot.line, target });
    }

    /// A text that may hold paths: every word of it that leads out of the stack's folder to something
    /// that exists counts. What stays in the folder is in the closure anyway.
    pub(super) fn mention(
        &mut self,
        value: &Value,
        text: &Text,
        kind: ReferenceKind,
        spot: &Spot,
    ) -> Result<(), ClosureError> {
        let literal = matches!(text, Text::Literal(_));
        let (text, open) = match value {
            Value::Exact(text) => (text, None),
            // The word that the unknown part continues.
            Value::Below(text) => (text, words(text).last().filter(|word| text.ends_with(word))),
            // A name by itself is most often no path; one that is continued upwards is.
            Value::Anywhere if text.may_leave() => return self.widen("", ReferenceKind::Mention, spot),
            Value::Anywhere => return Ok(()),
        };
        if let Some(word) = open.filter(|word| goes_up(word)) {
            self.widen(&self.in_repository(above(word)), kind, spot)?;
        }
        // A path with spaces is one word only between quotes, or as a whole.
        let spaced = text.split(['"', '\'', '`', '\n']).filter(|part| part.contains(' '));
        for word in words(text).chain(spaced).filter(|word| goes_up(word) && Some(*word) != open) {
            if literal {
                self.words.insert((word.to_owned(), spot.clone()));
            }
            self.mention_word(word, kind, spot)?;
        }
        Ok(())
    }

    fn mention_word(&mut self, word: &str, kind: ReferenceKind, spot: &Spot) -> Result<(), ClosureError> {
        let path = self.in_repository(word);
        // Prose may hold anything; only what exists in the repository was meant.
        let found = match self.collector.lookup(&path) {
            Err(RepoError::Escapes { .. } | RepoError::LinkLoop { .. }) => None,
            found => found?,
        };
        let Some(found) = found.filter(|_| !word.starts_with('/')) else { return Ok(()) };
        if self.encloses(&found.path) {
            // `root = "${path.module}/../.."` is where other paths begin; those are seen where they are used.
            if kind == ReferenceKind::Flow {
                return Ok(());
            }
            let (path, line) = (spot.path.clone(), spot.line);
            self.collector.notices.insert(Notice::Encloses { path, line, folder: found.path });
        }
        self.collector.add(&path, &spot.origin(kind.name()))?;
        Ok(())
    }

    /// Whether the stack's folder lies in `folder`.
    pub(super) fn encloses(&self, folder: &str) -> bool {
        folder.is_empty() || self.evaluator.root.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Adds all of `folder` because the path in it is not known.
    fn widen(&mut self, folder: &str, kind: ReferenceKind, spot: &Spot) -> Result<(), ClosureError> {
        let Some(found) = self.collector.find(folder, &spot.origin(kind.name()))? else { return Ok(()) };
        if kind == ReferenceKind::Flow && self.encloses(&found.path) {
            return Ok(());
        }
        self.bases.insert(found.path.clone());
        // Inside the stack's folder there is nothing to add, and nothing to tell.
        let inside = found.path == self.evaluator.root || found.path.starts_with(&format!("{}/", self.evaluator.root));
        if !inside {
            self.widened(spot, kind.name(), &found.path);
            self.collector.add(&found.path, &spot.origin(kind.name()))?;
        }
        Ok(())
    }

    pub(super) fn widened(&mut self, spot: &Spot, by: &str, folder: &str) {
        self.collector.notices.insert(Notice::Widened {
            path: spot.path.clone(),
            line: spot.line,
            by: by.to_owned(),
            folder: folder.to_owned(),
        });
    }

    /// The path that a reading function opens: Terraform removes `..` as text, before the kernel sees symlinks.
    fn cleaned(&self, path: &str) -> String {
        join(&self.evaluator.root, path).unwrap_or_else(|| self.in_repository(path))
    }

    /// A path as the kernel and other programs see it → a path from the root of the repository.
    fn in_repository(&self, path: &str) -> String {
        format!("{}/{path}", self.evaluator.root)
    }
}

/// The folder that everything beginning with `path` lies in.
fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
