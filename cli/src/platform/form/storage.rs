//! Names of the places where state and plans are kept.

use super::{characters, ends, length};

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

fn not_an_address(name: &str) -> Result<(), &'static str> {
    if name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok()) {
        Err("it looks like an IP address")
    } else {
        Ok(())
    }
}

/// A bucket of Google that kstack can make: names with dots are domains, which their owner must have proven to own.
///
/// # Errors
/// What is wrong with it, as [`gcs_bucket`].
pub fn new_gcs_bucket(name: &str) -> Result<(), &'static str> {
    gcs_bucket(name)?;
    if name.contains('.') {
        return Err("a name with dots is a domain, which Google wants proof for; choose one without");
    }
    Ok(())
}
