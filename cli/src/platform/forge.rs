//! The Git forge that holds the repository.

/// The Git forge that holds the repository. `url` is the address of a self-managed one, such as
/// `https://git.example.com`; `None` is the public one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forge {
    /// GitHub, or GitHub Enterprise at `url`.
    GitHub {
        /// Address of a self-managed one.
        url: Option<String>,
    },
    /// GitLab.
    GitLab {
        /// Address of a self-managed one.
        url: Option<String>,
    },
    /// Gitea or Forgejo.
    Gitea {
        /// Address of a self-managed one.
        url: Option<String>,
    },
    /// None: changes are reviewed and merged with Git alone.
    None,
}

impl Forge {
    /// The kinds that `forge "<kind>"` can name.
    pub const KINDS: [&str; 3] = ["github", "gitlab", "gitea"];

    /// The kind as `kstack.hcl` writes it; `None` without a forge.
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Self::GitHub { .. } => Some("github"),
            Self::GitLab { .. } => Some("gitlab"),
            Self::Gitea { .. } => Some("gitea"),
            Self::None => None,
        }
    }

    /// The name that people know it by; `None` without a forge.
    pub fn title(&self) -> Option<&'static str> {
        match self {
            Self::GitHub { .. } => Some("GitHub"),
            Self::GitLab { .. } => Some("GitLab"),
            Self::Gitea { .. } => Some("Gitea"),
            Self::None => None,
        }
    }

    /// Address of a self-managed forge.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::GitHub { url } | Self::GitLab { url } | Self::Gitea { url } => url.as_deref(),
            Self::None => None,
        }
    }
}
