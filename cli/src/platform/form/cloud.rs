//! Ids that clouds give out.

use super::{characters, ends, length};

/// A region of AWS or of a store that speaks S3: `eu-west-1`, `us-gov-east-1`, `auto`.
///
/// # Errors
/// What is wrong with it.
pub fn region(name: &str) -> Result<(), &'static str> {
    length(name, 1, 63, "it must have 1 to 63 characters")?;
    characters(name, "-", "only lower-case letters, digits and `-` are allowed, as in `eu-west-1`")?;
    ends(name)
}

/// The id of a project of Google Cloud:
/// <https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin>.
///
/// # Errors
/// What is wrong with it.
pub fn google_project(id: &str) -> Result<(), &'static str> {
    length(id, 6, 30, "it must have 6 to 30 characters")?;
    characters(id, "-", "only lower-case letters, digits and `-` are allowed")?;
    if !id.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err("it must begin with a letter");
    }
    ends(id)
}

/// The id of a subscription or tenant of Azure, in the form of RFC 9562.
///
/// # Errors
/// What is wrong with it.
pub fn uuid(id: &str) -> Result<(), &'static str> {
    let groups: Vec<&str> = id.split('-').collect();
    let hexadecimal = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(hexadecimal) {
        Ok(())
    } else {
        Err("write its 36 characters, as in `00000000-0000-0000-0000-000000000000`")
    }
}
