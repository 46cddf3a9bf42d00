//! Resource addresses, as far as plans need them taken apart.

/// What an address such as `module.a["x.y"].data.aws_ami.this[0]` is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Whether it is a data source.
    pub(super) data: bool,
    /// The type.
    pub(super) resource_type: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes an absolute address of a resource instance apart.
    pub(super) fn of(address: &'a str) -> Option<Self> {
        let mut rest = address;
        let mut next = || {
            let (part, remaining) = split(rest)?;
            rest = remaining;
            Some(part)
        };
        let mut part = next()?;
        while part == "module" {
            next()?;
            part = next()?;
        }
        let data = part == "data";
        let resource_type = if data { next()? } else { part };
        next().filter(|name| !name.is_empty())?;
        Some(Self { data, resource_type })
    }
}

/// The text up to the next `.` outside brackets, and what follows it.
fn split(text: &str) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' if !quoted => return Some((&text[..index], &text[index + 1..])),
            _ => {}
        }
    }
    (!text.is_empty()).then_some((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let parts = |address| Parts::of(address).map(|parts| (parts.data, parts.resource_type));
        assert_eq!(parts("aws_vpc.this"), Some((false, "aws_vpc")));
        assert_eq!(parts("data.aws_ami.x[0]"), Some((true, "aws_ami")));
        assert_eq!(parts(r#"module.a["x.\"y].z"].module.b[1].data.c.d["e.f"]"#), Some((true, "c")));
        assert_eq!(parts("module.a"), None);
        assert_eq!(parts("x"), None);
    }
}
