//! What names of clouds, Git and DNS look like. Only the form is checked, never against a list that ages: whether
//! a bucket or a region exists, the cloud tells. Each check gives the reason, as the rest of "… is no bucket name: …".

/// The rules of S3 for bucket names that do not depend on other accounts:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
///
/// # Errors
/// What is wrong with it.
pub fn s3_bucket(name: &str) -> Result<(), &'static str> {
    length(name, 3, 63, "it must have 3 to 63 characters")?;
    characters(name, "-.", "only lower-case letters, digits, `-` and `.` are allowed")?;
    ends(name)?;
    if name.contains("..") {
        return Err("two dots must not follow each other");
    }
    not_an_address(name)
}

/// The rules of Google Cloud Storage for bucket names:
/// <https://cloud.google.com/storage/docs/buckets#naming>.
///
/// # Errors
/// What is wrong with it.
pub fn gcs_bucket(name: &str) -> Result<(), &'static str> {
    length(name, 3, 222, "it must have 3 to 63 characters, with dots up to 222")?;
    if name.split('.').any(|part| part.is_empty() || part.len() > 63) {
        return Err("each part between dots must have 1 to 63 characters");
    }
    characters(name, "-_.", "only lower-case letters, digits, `-`, `_` and `.` are allowed")?;
    ends(name)?;
    if name.starts_with("goog") || name.contains("google") {
        return Err("names that begin with `goog` or contain `google` are Google's own");
    }
    not_an_address(name)
}

/// The rules of Azure for storage accounts:
/// <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftstorage>.
///
/// # Errors
/// What is wrong with it.
pub fn azure_storage_account(name: &str) -> Result<(), &'static str> {
    length(name, 3, 24, "it must have 3 to 24 characters")?;
    characters(name, "", "only lower-case letters and digits are allowed")
}

/// The rules of Azure for blob containers; the source is that of [`azure_storage_account`].
///
/// # Errors
/// What is wrong with it.
pub fn azure_container(name: &str) -> Result<(), &'static str> {
    length(name, 3, 63, "it must have 3 to 63 characters")?;
    characters(name, "-", "only lower-case letters, digits and `-` are allowed")?;
    if name.contains("--") {
        return Err("two hyphens must not follow each other");
    }
    ends(name)
}

/// The rules of Azure for resource groups; the source is that of [`azure_storage_account`].
///
/// # Errors
/// What is wrong with it.
pub fn azure_resource_group(name: &str) -> Result<(), &'static str> {
    length(name, 1, 90, "it must have 1 to 90 characters")?;
    if !name.chars().all(|c| c.is_alphanumeric() || "-_.()".contains(c)) {
        Err("only letters, digits, `-`, `_`, `.` and parentheses are allowed")
    } else if name.ends_with('.') {
        Err("it must not end with `.`")
    } else {
        Ok(())
    }
}

/// A region of AWS or of a store that speaks S3: `eu-west-1`, `us-gov-east-1`, `auto`.
///
/// # Errors
/// What is wrong with it.
pub fn region(name: &str) -> Result<(), &'static str> {
    length(name, 1, 63, "it must have 1 to 63 characters")?;
    characters(name, "-", "only lower-case letters, digits and `-` are allowed, as in `eu-west-1`")?;
    ends(name)
}

/// A release: three numbers, as in `2.7.3`, perhaps with a suffix such as `-rc.1` (<https://semver.org>).
///
/// # Errors
/// What is wrong with it.
pub fn version(text: &str) -> Result<(), &'static str> {
    if text.starts_with(['v', 'V']) {
        return Err("write it without the leading `v`");
    }
    let (numbers, suffix) = match text.find(['-', '+']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let number = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if numbers.split('.').count() != 3 || !numbers.split('.').all(number) {
        return Err("write three numbers, such as `2.7.3`");
    }
    match suffix {
        Some(suffix) if !suffix.split(['.', '+']).all(word) => {
            Err("after the numbers, only letters, digits, `-` and `.` are allowed")
        }
        _ => Ok(()),
    }
}

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

/// The rules of `git check-ref-format` for one branch or tag, as far as people get them wrong.
///
/// # Errors
/// What is wrong with it.
pub fn reference(name: &str) -> Result<(), &'static str> {
    let part = |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with(".lock");
    if name.is_empty() {
        Err("it is empty")
    } else if let Some(reason) = [
        (name.contains(|c: char| !c.is_ascii_graphic()), "it holds a space or a character that is not ASCII"),
        (
            name.contains(['~', '^', ':', '?', '*', '[', '\\', '@', '{', '"', '\'', '`', '$']),
            "it holds a character that Git or a shell takes for something else",
        ),
        (name.contains("..") || name.ends_with('.'), "two dots must not follow each other, and none be its end"),
        (
            !name.split('/').all(part),
            "no part between slashes may be empty, begin with `.` or `-`, or end with `.lock`",
        ),
    ]
    .iter()
    .find_map(|(wrong, reason)| wrong.then_some(*reason))
    {
        Err(reason)
    } else {
        Ok(())
    }
}

/// A pattern for tags: a tag in which `*` stands for any text.
///
/// # Errors
/// What is wrong with it.
pub fn tag_pattern(pattern: &str) -> Result<(), &'static str> {
    if pattern.contains(['?', '[', ']', '{', '}', '!']) {
        return Err("only `*` stands for other text");
    }
    if pattern.contains("**") {
        return Err("one `*` stands for any text already");
    }
    // A letter in its place leaves all other rules as they are.
    reference(&pattern.replace('*', "x"))
}

/// The address of a provider: `<namespace>/<type>`, with the host before it where it is not the public registry's.
///
/// # Errors
/// What is wrong with it.
pub fn provider(address: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = address.split('/').collect();
    let name = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    };
    match parts.as_slice() {
        [host, ..] if ["registry.terraform.io", "registry.opentofu.org"].contains(host) => {
            Err("leave out the host of the public registry")
        }
        [namespace, kind] if name(namespace) && name(kind) => Ok(()),
        [host, namespace, kind] if host.contains(['.', ':']) && name(namespace) && name(kind) => Ok(()),
        _ => Err("write `<namespace>/<type>`, such as `hashicorp/aws`"),
    }
}

/// A pattern for resource types: a type in which `*` stands for any text.
///
/// # Errors
/// What is wrong with it.
pub fn type_pattern(pattern: &str) -> Result<(), &'static str> {
    if pattern.is_empty() {
        Err("it is empty")
    } else if pattern.contains('.') {
        Err("it is an address; `protect` in a stack's `stack.hcl` takes those")
    } else if !pattern.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_*-".contains(&byte))
    {
        Err("write a type, or a part of it with `*`, such as `aws_db_*`")
    } else {
        Ok(())
    }
}

/// A pattern for addresses of resources or modules: an address in which `*` stands for any text.
///
/// # Errors
/// What is wrong with it.
pub fn address_pattern(pattern: &str) -> Result<(), &'static str> {
    if pattern.is_empty() {
        Err("it is empty")
    } else if pattern.chars().any(char::is_whitespace) {
        Err("it holds a space")
    } else if !pattern.contains(['.', '*']) {
        Err("write it as Terraform shows it, such as `aws_vpc.main` or `module.cluster`")
    } else {
        Ok(())
    }
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

fn length(name: &str, least: usize, most: usize, reason: &'static str) -> Result<(), &'static str> {
    match name.chars().count() {
        0 => Err("it is empty"),
        count if (least..=most).contains(&count) => Ok(()),
        _ => Err(reason),
    }
}

/// Lower-case letters, digits and `others`.
fn characters(name: &str, others: &str, reason: &'static str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c);
    if name.chars().all(allowed) { Ok(()) } else { Err(reason) }
}

fn ends(name: &str) -> Result<(), &'static str> {
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.starts_with(outer) && name.ends_with(outer) {
        Ok(())
    } else {
        Err("it must begin and end with a letter or digit")
    }
}

fn not_an_address(name: &str) -> Result<(), &'static str> {
    if name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok()) {
        Err("it looks like an IP address")
    } else {
        Ok(())
    }
}

/// A recipient of the age format, <https://age-encryption.org/v1>: the public half of what `age-keygen` makes. Its
/// checksum finds every mistyped letter, and a plan that nobody can open would be found out only when it is to be
/// applied. Keys of SSH and of plugins are not taken: every machine that applies would need them.
///
/// # Errors
/// What is wrong with it.
pub fn age_recipient(text: &str) -> Result<(), &'static str> {
    if text.starts_with("AGE-SECRET-KEY-") {
        return Err(
            "it is the secret half, which must never be written here: make a new key and write the public half",
        );
    }
    if !text.starts_with("age1") {
        return Err("write the public key that `age-keygen` prints: `age1…`");
    }
    text.parse::<age::x25519::Recipient>().map(drop).map_err(|_| "a letter is wrong or missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Result<(), &'static str>;

    #[test]
    fn what_the_clouds_take_passes() {
        let good: [(Check, &[&str]); 13] = [
            (s3_bucket, &["acme-kstack-state", "a.b", "123"]),
            (gcs_bucket, &["acme_state", "state.example.com", "a-1"]),
            (azure_storage_account, &["acmestate", "123"]),
            (azure_container, &["tfstate", "a-b-c"]),
            (azure_resource_group, &["rg-Acme_1.(x)", "a"]),
            (region, &["eu-west-1", "us-gov-east-1", "auto"]),
            (version, &["0.1.0", "2.7.3", "2.8.0-rc.1", "1.0.0+build.5"]),
            (domain, &["platform.example.com", "acme.localhost"]),
            (repository, &["https://example.com/acme", "ssh://git@example.com:22/acme/platform.git"]),
            (forge_url, &["https://git.example.com", "http://127.0.0.1:3000/git"]),
            (reference, &["main", "release/1.2", "feature-x"]),
            (tag_pattern, &["apps-deploy-*", "v1", "*", "a/*"]),
            (provider, &["hashicorp/aws", "example.com/acme/own", "localhost:80/acme/own"]),
        ];
        for (check, texts) in good {
            for text in texts {
                assert_eq!(check(text), Ok(()), "{text}");
            }
        }
    }

    #[test]
    fn what_they_refuse_is_refused() {
        let bad: [(Check, &[&str]); 15] = [
            (s3_bucket, &["", "ab", "Acme", "a..b", "-ab", "a_b", "10.0.0.1", "a/b"]),
            (gcs_bucket, &["goog-x", "my-google-bucket", "a..b", "Abc", "192.168.0.1"]),
            (azure_storage_account, &["acme-state", "ab", "Acme", "abcdefghijklmnopqrstuvwxy"]),
            (azure_container, &["a--b", "-ab", "ab", "A-b"]),
            (azure_resource_group, &["", "a.", "a/b"]),
            (region, &["", "EU", "eu west", "-eu"]),
            (version, &["", "v2.7.3", "2.7", "2.07.3", "latest", "2.7.3-", "2.7.3-a_b", ">= 2.7.0"]),
            (domain, &["", "localhost", "Example.com", "a..b", "-a.b"]),
            (repository, &["", "git@example.com:acme", "ftp://example.com/a", "https://example.com", "https://a/b?c"]),
            (forge_url, &["", "git.example.com", "https://", "https:///x", "https://a b"]),
            (reference, &["", "a b", "a..b", "a/", "-a", "a.lock", "a*", "ä"]),
            (tag_pattern, &["", "v[0-9]*", "a**", "a b", "v?"]),
            (provider, &["aws", "a/b/c", "Hashicorp/aws", "registry.terraform.io/hashicorp/aws", "hashicorp/"]),
            (type_pattern, &["", "aws_vpc.main", "AWS_*", "aws vpc"]),
            (repository_path, &["", "/etc", "../other", "a/../../b", "a\\b"]),
        ];
        for (check, texts) in bad {
            for text in texts {
                assert!(check(text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn credentials_in_an_address_are_found() {
        for url in ["https://user:token@example.com/a", "https://token@example.com/a", "ssh://git:pass@example.com/a"] {
            assert!(has_credentials(url), "{url}");
        }
        for url in ["https://example.com/a@b", "ssh://git@example.com/a", "git@example.com:a"] {
            assert!(!has_credentials(url), "{url}");
        }
    }
}
