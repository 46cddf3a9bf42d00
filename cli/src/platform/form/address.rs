//! Domains, addresses of repositories and forges, and paths inside a repository.

use super::{characters, ends};

/// A DNS domain in lower case, with its parent.
///
/// # Errors
/// What is wrong with it.
pub fn domain(name: &str) -> Result<(), &'static str> {
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && characters(label, "-", "").is_ok() && ends(label).is_ok()
    };
    // A domain has 253 characters at most (RFC 1035); before this one stand a cluster, with 63, and its provider.
    if name.len() > 183 {
        Err("it is longer than 183 characters, which leaves no room for the names of clusters")
    } else if !name.contains('.') {
        Err("write it with its parent, such as `platform.example.com`")
    } else if !name.split('.').all(label) {
        Err("only lower-case letters, digits, `-` and `.` between parts are allowed")
    } else {
        Ok(())
    }
}

/// The address of a repository as Flux's source controller takes it: http, https or ssh. An address with
/// credentials must be found with [`has_credentials`] first, and not be repeated.
///
/// # Errors
/// What is wrong with it.
pub fn repository(url: &str) -> Result<(), &'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(if url.contains('@') && url.contains(':') {
            "write `ssh://git@host/path` instead of `git@host:path`"
        } else {
            "write an address that begins with `https://` or `ssh://`"
        });
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !["https", "http", "ssh"].contains(&scheme) {
        Err("only `https`, `http` and `ssh` addresses are")
    } else if !is_plain(url) {
        Err("it holds a character that addresses of repositories do not have")
    } else if authority.is_empty() || path.trim_matches('/').is_empty() {
        Err("it names no repository on a host")
    } else {
        Ok(())
    }
}

/// The address of a self-managed forge. As with [`repository`], credentials are looked for first.
///
/// # Errors
/// What is wrong with it.
pub fn forge_url(url: &str) -> Result<(), &'static str> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        None => Err("write an address that begins with `https://`"),
        Some(host) if host.split('/').next().is_none_or(str::is_empty) => Err("it names no host"),
        Some(_) if !is_plain(url) => Err("it holds a character that addresses of forges do not have"),
        Some(_) => Ok(()),
    }
}

/// Whether an address carries a password or token; the user of an ssh address is none.
pub fn has_credentials(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| scheme != "ssh" || user.contains(':'))
}

fn is_plain(url: &str) -> bool {
    !url.chars().any(|c| c.is_whitespace() || c.is_control() || "?#\"'`\\$".contains(c))
}

/// A path inside the repository, with `/` between its parts.
///
/// # Errors
/// What is wrong with it.
pub fn repository_path(path: &str) -> Result<(), &'static str> {
    if path.is_empty() {
        Err("it is empty")
    } else if path.starts_with('/') {
        Err("it must be relative to the repository")
    } else if path.contains('\\') {
        Err("write `/` between its parts")
    } else if path.split('/').any(|part| part == "..") {
        Err("it must not leave the repository")
    } else {
        Ok(())
    }
}
