//! Names of branches and tags, and patterns for them.

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

/// Tags that promote: a tag, or its beginning and `*`. It is the part of [`tag_pattern`] that the conditions of every CI
/// system can say.
///
/// # Errors
/// What is wrong with it.
pub fn promotion(pattern: &str) -> Result<(), &'static str> {
    tag_pattern(pattern)?;
    let beginning = pattern.strip_suffix('*').unwrap_or(pattern);
    if beginning.is_empty() || beginning.contains('*') {
        return Err("write a tag, or its beginning and `*`");
    }
    Ok(())
}
