//! Releases, addresses of providers, and patterns for what Terraform manages.

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
