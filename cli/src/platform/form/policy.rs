//! What the `policy` block names: labels, tags, sources of modules.

/// A label of a pull request: a word or some, as forges show them.
///
/// # Errors
/// What is wrong with it.
pub fn label(text: &str) -> Result<(), &'static str> {
    if text.trim() != text || text.is_empty() {
        Err("it begins or ends with a space")
    } else if text.chars().any(char::is_control) || text.contains(',') {
        Err("forges separate labels by commas and lines")
    } else {
        Ok(())
    }
}

/// The name of a tag or label that resources must have.
///
/// # Errors
/// What is wrong with it.
pub fn tag_name(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control() || "*\"'`".contains(c)) {
        Err("write one name, such as `cost-center`")
    } else {
        Ok(())
    }
}

/// A pattern for sources of modules from elsewhere: a source address in which `*` stands for any text.
///
/// # Errors
/// What is wrong with it.
pub fn module_pattern(text: &str) -> Result<(), &'static str> {
    if text.starts_with(['.', '/']) {
        Err("modules in the repository need no leave; write the source of one from elsewhere")
    } else if text.chars().any(char::is_whitespace) {
        Err("it holds a space")
    } else if text.trim_matches('*').is_empty() {
        Err("it stands for every module there is; name at least where they come from")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sources_have_a_form() {
        assert!(label("kstack/run").is_ok() && label("safe to run").is_ok());
        assert!(label(" run").is_err() && label("a,b").is_err());
        assert!(tag_name("cost-center").is_ok() && tag_name("a b").is_err() && tag_name("").is_err());
        for good in ["terraform-aws-modules/*", "git::https://git.example.com/acme/*", "acme/vpc/aws"] {
            assert_eq!(module_pattern(good), Ok(()), "{good}");
        }
        for bad in ["./vpc", "*", "**", "a b"] {
            assert!(module_pattern(bad).is_err(), "{bad}");
        }
    }
}
