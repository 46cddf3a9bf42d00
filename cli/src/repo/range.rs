//! Which two states of the repository a command compares.

use super::{CommitId, RepoError, Repository};

/// Two commits to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The earlier one; `None` when there is no earlier commit, so that everything is new.
    pub base: Option<CommitId>,
    /// The later one.
    pub head: CommitId,
}

impl Repository {
    /// Reads `BASE..HEAD`, `BASE...HEAD` (from their merge base) or `BASE`; an empty side is `HEAD`.
    ///
    /// Without text, the head is `HEAD` and the base is where it left `default_branch`: the nearest of
    /// the merge bases with `origin/<default_branch>` and `<default_branch>`, so that neither a stale
    /// local branch nor an unfetched remote widens the range. On the default branch itself there is
    /// nothing to leave, and the base is the first parent: what the last merge brought.
    ///
    /// # Errors
    /// Unknown revisions, unrelated or missing history.
    pub fn range(&self, text: Option<&str>, default_branch: &str) -> Result<Range, RepoError> {
        let side = |text: &str| self.resolve(if text.is_empty() { "HEAD" } else { text });
        let Some(text) = text else {
            let head = self.head()?;
            return Ok(Range { base: self.default_base(head, default_branch)?, head });
        };
        if let Some((base, head)) = text.split_once("...") {
            let (base, head) = (side(base)?, side(head)?);
            return Ok(Range { base: Some(self.merge_base(base, head)?), head });
        }
        let (base, head) = text.split_once("..").unwrap_or((text, ""));
        Ok(Range { base: Some(side(base)?), head: side(head)? })
    }

    /// The base to compare the work tree with: `text`, or else where `HEAD` left `default_branch`, which
    /// on that branch is `HEAD` itself. `None` before the first commit.
    ///
    /// # Errors
    /// Unknown revisions, unrelated or missing history.
    pub fn worktree_base(&self, text: Option<&str>, default_branch: &str) -> Result<Option<CommitId>, RepoError> {
        if let Some(text) = text {
            return self.resolve(text).map(Some);
        }
        let head = match self.head() {
            Err(RepoError::Unborn) => return Ok(None),
            head => head?,
        };
        match self.nearest_base(head, default_branch) {
            // Without the branch, uncommitted changes are what there is to see.
            Err(RepoError::UnknownRevision { .. }) => Ok(Some(head)),
            base => base.map(Some),
        }
    }

    fn default_base(&self, head: CommitId, default_branch: &str) -> Result<Option<CommitId>, RepoError> {
        let base = self.nearest_base(head, default_branch)?;
        if base != head {
            return Ok(Some(base));
        }
        let first = self.commit_info(head)?.parents.first().copied();
        if first.is_none() && self.is_shallow()? {
            return Err(RepoError::Shallow { wanted: format!("the parent of `{}`", head.short()) });
        }
        Ok(first)
    }

    /// The nearest of the merge bases of `head` with the remote's and the local default branch; `head`
    /// itself when it is on both that exist.
    fn nearest_base(&self, head: CommitId, default_branch: &str) -> Result<CommitId, RepoError> {
        let remote = self.resolve(&format!("origin/{default_branch}"));
        let local = self.resolve(default_branch);
        let bases = match (remote, local) {
            // On the local default branch only the remote one can tell what is new.
            (Ok(remote), Ok(local)) if local == head => vec![remote],
            (Ok(remote), Ok(local)) => vec![remote, local],
            (Ok(tip), Err(RepoError::UnknownRevision { .. })) => vec![tip],
            (Err(RepoError::UnknownRevision { .. }), Ok(tip)) => vec![tip],
            (Err(RepoError::UnknownRevision { .. }) | Ok(_), Err(error)) | (Err(error), _) => return Err(error),
        };
        let mut nearest = None;
        for tip in bases {
            let base = self.merge_base(tip, head)?;
            nearest = match nearest {
                None => Some(base),
                Some(known) => match self.is_ancestor(known, base) {
                    Ok(true) => Some(base),
                    // A shallow clone may not tell; both are merge bases, and the remote's came first.
                    Ok(false) | Err(RepoError::Shallow { .. }) => Some(known),
                    Err(error) => return Err(error),
                },
            };
        }
        Ok(nearest.unwrap_or(head))
    }
}
