//! What single answers must look like. Each check gives the rest of a sentence that begins with the answer.

/// Domains below which clusters get their names.
pub(super) fn domain(domain: &str) -> Result<(), &'static str> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if domain.len() > 200 {
        Err("it is longer than 200 characters, which leaves no room for the names of clusters")
    } else if !domain.contains('.') {
        Err("write it with its parent, such as `platform.example.com`")
    } else if !domain.split('.').all(label) {
        Err("only lower-case letters, digits, `-` and `.` between parts are allowed")
    } else {
        Ok(())
    }
}

/// What Flux's source controller takes: http, https and ssh addresses.
pub(super) fn repository(url: &str) -> Result<(), &'static str> {
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
    } else if !plain_address(url) {
        Err("it holds a character that addresses of repositories do not have")
    } else if authority.is_empty() || path.trim_matches('/').is_empty() {
        Err("it names no repository on a host")
    } else {
        Ok(())
    }
}

/// Where a forge of one's own answers, without a path.
pub(super) fn forge_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|host| !host.is_empty() && !host.contains('@') && plain_address(host))
}

fn plain_address(url: &str) -> bool {
    !url.chars().any(|c| c.is_whitespace() || c.is_control() || "?#\"'`\\$".contains(c))
}

/// Whether an address carries a password or token; the user of an ssh address is none.
pub(super) fn has_credentials(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| scheme != "ssh" || user.contains(':'))
}

/// The rules of `git check-ref-format` for one branch name, as far as people get them wrong.
pub(super) fn is_branch(name: &str) -> bool {
    !name.is_empty()
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with(".lock"))
        && !name.contains("..")
        && !name.ends_with('.')
        && name.chars().all(|c| c.is_ascii_graphic() && !"~^:?*[\\@{\"'`$".contains(c))
}

/// Tags that promote: a name, or its beginning and a `*`. CI systems have no `*` elsewhere in conditions.
pub(super) fn is_tag_pattern(pattern: &str) -> bool {
    let name = pattern.strip_suffix('*').unwrap_or(pattern);
    // What stands for the `*` is part of the same name.
    name.strip_suffix(['-', '/', '.']).is_some_and(is_branch) || is_branch(name)
}

/// The rules of S3 for bucket names that do not depend on other accounts.
pub(super) fn is_s3_bucket(name: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| outer(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(outer)
        && name.bytes().last().is_some_and(outer)
        && !name.contains("..")
}

/// The rules of Cloud Storage for bucket names without a domain in them.
pub(super) fn is_gcs_bucket(name: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| outer(byte) || byte == b'-' || byte == b'_')
        && name.bytes().next().is_some_and(outer)
        && name.bytes().last().is_some_and(outer)
        && !name.starts_with("goog")
        && !name.contains("google")
}

/// The names of Azure's storage accounts, which are part of a host name.
pub(super) fn is_storage_account(name: &str) -> bool {
    (3..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The names of containers in a storage account.
pub(super) fn is_container(name: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| outer(byte) || byte == b'-')
        && name.bytes().next().is_some_and(outer)
        && name.bytes().last().is_some_and(outer)
        && !name.contains("--")
}

/// The names of Azure's resource groups.
pub(super) fn is_resource_group(name: &str) -> bool {
    (1..=90).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.()".contains(&byte))
        && !name.ends_with('.')
}

/// Ids of Google's projects.
pub(super) fn is_project(id: &str) -> bool {
    (6..=30).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && !id.ends_with('-')
}

/// Ids of Azure's subscriptions and tenants.
pub(super) fn is_uuid(id: &str) -> bool {
    let groups: Vec<_> = id.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Releases of Flux, without a leading `v`.
pub(super) fn is_release(version: &str) -> bool {
    let parts: Vec<_> = version.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_that_engines_can_pull() {
        for url in ["https://github.com/acme/platform", "ssh://git@host:2222/acme/p.git", "http://127.0.0.1:8000/p.git"]
        {
            assert_eq!(repository(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "platform",
            "/srv/git/p",
            "file:///srv/p",
            "https://",
            "https://host",
            "https://host/",
            "https://host/a b",
            "https://host/p?x=${y}",
        ] {
            assert!(repository(url).is_err(), "{url}");
        }
    }

    #[test]
    fn credentials_are_seen() {
        for url in ["https://s3cret@host/p", "ssh://git:s3cret@host/p", "https://user:s3cret@host/p"] {
            assert!(has_credentials(url), "{url}");
        }
        assert!(!has_credentials("ssh://git@host/p") && !has_credentials("https://host/a@b"));
    }

    #[test]
    fn names_have_the_rules_of_their_service() {
        type Case = (fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);
        let cases: [Case; 9] = [
            (is_s3_bucket, &["acme-state", "a.b.c"], &["No", "ab", "-ab", "a..b", "a_b"]),
            (is_gcs_bucket, &["acme-state", "a_b"], &["goog-x", "my-google-x", "a.b", "ab", "-ab"]),
            (is_storage_account, &["acmestate01"], &["acme-state", "AcmeState", "ab", "abcdefghijklmnopqrstuvwxy"]),
            (is_container, &["state", "a-b"], &["a--b", "-ab", "State", "ab"]),
            (is_resource_group, &["acme-state", "RG_1.(x)"], &["", "ends.", "a b"]),
            (is_project, &["acme-platform-1"], &["acme", "1acme-x", "acme-platform-", "Acme-platform"]),
            (
                is_uuid,
                &["00000000-0000-0000-0000-00000000000a"],
                &["00000000", "00000000-0000-0000-0000-00000000000g", "0000000-00000-0000-0000-000000000000"],
            ),
            (is_tag_pattern, &["apps-deploy-*", "v*", "release", "v1.*"], &["*", "", "a*b", "a b*", "-x*", "**"]),
            (is_release, &["2.7.3"], &["v2.7.3", "2.7", "2.7.x", "2..3", "2.7.3.1"]),
        ];
        for (check, good, bad) in cases {
            for text in good {
                assert!(check(text), "{text}");
            }
            for text in bad {
                assert!(!check(text), "{text}");
            }
        }
    }
}
