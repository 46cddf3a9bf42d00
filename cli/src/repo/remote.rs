//! Talking to other repositories, by the git program and the user's credential helpers.

use super::{RepoError, Repository, program::Output};

impl Repository {
    /// Fetches `refspecs` from `remote` (a name or a URL).
    ///
    /// # Errors
    /// [`RepoError::Authentication`], [`RepoError::Unreachable`], or Git's own words.
    pub fn fetch(&self, remote: &str, refspecs: &[&str]) -> Result<(), RepoError> {
        let mut arguments = vec!["fetch", "--quiet", "--no-write-fetch-head", "--end-of-options", remote];
        arguments.extend(refspecs);
        let output = self.git(&arguments)?;
        if output.success { Ok(()) } else { Err(failure("fetch", remote, &refspecs.join(" "), &output)) }
    }

    /// What `remote` answers to a command of the git program that reads.
    pub(super) fn ask_remote(&self, remote: &str, arguments: &[&str]) -> Result<String, RepoError> {
        let output = self.git(arguments)?;
        let command = arguments.first().copied().unwrap_or_default();
        if output.success { Ok(output.stdout) } else { Err(failure(command, remote, "", &output)) }
    }

    /// Pushes `refspec` to `remote` (a name or a URL). Never forces unless the refspec begins with `+`.
    ///
    /// # Errors
    /// [`RepoError::Rejected`] when the remote has other commits or protects the branch,
    /// [`RepoError::Authentication`], [`RepoError::Unreachable`], or Git's own words.
    pub fn push(&self, remote: &str, refspec: &str) -> Result<(), RepoError> {
        let output = self.git(&["push", "--quiet", "--porcelain", "--end-of-options", remote, refspec])?;
        if output.success { Ok(()) } else { Err(failure("push", remote, refspec, &output)) }
    }
}

/// Sorts Git's messages (English: the program runs with `LC_ALL=C`) into what the user can mend.
fn failure(command: &str, remote: &str, refspec: &str, output: &Output) -> RepoError {
    let says = |phrases: &[&str]| {
        phrases.iter().any(|phrase| output.stderr.contains(phrase) || output.stdout.contains(phrase))
    };
    let (remote, detail) = (without_credentials(remote), without_credentials(&output.detail()));
    if says(&["[rejected]", "[remote rejected]", "non-fast-forward"]) {
        // `!<TAB><from>:<to><TAB>[rejected] (fetch first)` is the porcelain line.
        let line = output.stdout.lines().chain(output.stderr.lines()).find(|line| line.contains("rejected]"));
        let detail = line.and_then(|line| line.split('\t').next_back()).map_or(detail, str::to_owned);
        return RepoError::Rejected { remote, refspec: refspec.to_owned(), detail };
    }
    const MISSING: &str = "couldn't find remote ref ";
    if let Some(name) = output.stderr.lines().find_map(|line| line.split_once(MISSING)) {
        return RepoError::NoRemoteRef { remote, name: name.1.trim().to_owned() };
    }
    if says(&[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "Permission denied",
        "terminal prompts disabled",
        "Host key verification failed",
        "error: 403",
        "error: 401",
    ]) {
        return RepoError::Authentication { remote, detail };
    }
    if says(&[
        "unable to access",
        "Could not resolve host",
        "Connection refused",
        "Connection timed out",
        "Could not read from remote repository",
        "does not appear to be a git repository",
        "unable to connect",
        "repository not found",
        "does not exist",
    ]) {
        return RepoError::Unreachable { remote, detail };
    }
    RepoError::Program { command: command.to_owned(), detail }
}

/// Removes `user:password@` from URLs in `text`.
fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        clean.push_str(head);
        let authority = tail.find(|c: char| c == '/' || c == '\'' || c.is_whitespace()).unwrap_or(tail.len());
        rest = match tail[..authority].rfind('@') {
            Some(user) => &tail[user + 1..],
            None => tail,
        };
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_reach_a_message() {
        assert_eq!(
            without_credentials("unable to access 'https://ci:s3cr3t@git.example/a.git/': 403 from https://x@y"),
            "unable to access 'https://git.example/a.git/': 403 from https://y"
        );
        assert_eq!(without_credentials("git@github.com:acme/platform"), "git@github.com:acme/platform");
    }

    #[test]
    fn failures_are_told_apart() {
        let failed = |stderr: &str, stdout: &str| {
            failure("push", "origin", "main", &Output { success: false, stdout: stdout.into(), stderr: stderr.into() })
        };
        let auth = "fatal: could not read Username for 'https://x': terminal prompts disabled";
        assert!(matches!(failed(auth, ""), RepoError::Authentication { .. }));
        let down = "fatal: unable to access 'http://127.0.0.1:1/': Failed to connect";
        assert!(matches!(failed(down, ""), RepoError::Unreachable { .. }));
        let RepoError::Rejected { detail, .. } =
            failed("error: failed to push some refs", "To x\n!\tmain:main\t[rejected] (fetch first)\nDone")
        else {
            panic!("a rejected push is told apart");
        };
        assert_eq!(detail, "[rejected] (fetch first)");
        assert!(matches!(failed("fatal: odd", ""), RepoError::Program { .. }));
    }
}
