//! What a closure cannot know exactly, and what counts instead.

use std::fmt;

/// Where a closure is wider than needed, or ends at the border of what can be seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// A path that only Terraform can work out.
    Widened {
        /// The file that names it.
        path: String,
        /// The line.
        line: usize,
        /// What names it, such as `templatefile`.
        by: String,
        /// The folder that counts as a whole instead; empty for the repository.
        folder: String,
    },
    /// A path to a folder that holds the stack itself, given to something that may read all of it.
    Encloses {
        /// The file that names it.
        path: String,
        /// The line.
        line: usize,
        /// The folder, which counts as a whole; empty for the repository.
        folder: String,
    },
    /// A configuration file that cannot be parsed.
    Unreadable {
        /// The file.
        path: String,
        /// The line.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A path that leads out of the repository: changes there cannot be seen.
    Outside {
        /// The file that names it.
        path: String,
        /// The line; 0 for a symlink.
        line: usize,
        /// The path as written.
        target: String,
    },
    /// Symlinks that go in circles.
    LinkLoop {
        /// The path.
        path: String,
    },
    /// A local module that is not there: Terraform will refuse the stack.
    MissingModule {
        /// The file that calls it.
        path: String,
        /// The line.
        line: usize,
        /// Its folder.
        folder: String,
    },
    /// A module that lies in a submodule, whose commit counts for all that is inside it.
    Submodule {
        /// The file that calls it.
        path: String,
        /// The line.
        line: usize,
        /// The submodule's folder.
        folder: String,
    },
    /// The platform of the base could not be read, so everything counts as changed.
    BaseUnreadable {
        /// Why.
        message: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Widened { path, line, by, folder } if folder.is_empty() => write!(
                f,
                "{path}:{line}: {by} names a path that is known only when Terraform runs; the whole repository counts"
            ),
            Self::Widened { path, line, by, folder } => write!(
                f,
                "{path}:{line}: {by} names a path that is known only when Terraform runs; all of `{folder}` counts"
            ),
            Self::Encloses { path, line, folder } => {
                let folder =
                    if folder.is_empty() { "the whole repository".to_owned() } else { format!("all of `{folder}`") };
                write!(f, "{path}:{line}: an expression names a folder that the stack lies in; {folder} counts")
            }
            Self::Unreadable { path, line, message } => {
                write!(f, "{path}:{line}: {message}; its whole folder and all modules count")
            }
            Self::Outside { path, line: 0, .. } => {
                write!(f, "{path}: leads out of the repository; changes there cannot be seen")
            }
            Self::Outside { path, line, target } => {
                write!(f, "{path}:{line}: `{target}` is outside the repository; changes there cannot be seen")
            }
            Self::LinkLoop { path } => write!(f, "{path}: passes through symlinks that go in circles"),
            Self::MissingModule { path, line, folder } => {
                write!(f, "{path}:{line}: module folder `{folder}` does not exist")
            }
            Self::Submodule { path, line, folder } => write!(
                f,
                "{path}:{line}: the module lies in submodule `{folder}`, whose commit counts; what it reads outside of \
                 it cannot be seen"
            ),
            Self::BaseUnreadable { message } => {
                write!(f, "the platform cannot be read in the base ({message}); every instance counts as changed")
            }
        }
    }
}
