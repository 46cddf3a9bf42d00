//! Errors of `sandbox/` for the user.

use super::{CliError, ErrorKind};
use crate::sandbox::SandboxError;

impl From<SandboxError> for CliError {
    fn from(error: SandboxError) -> Self {
        use SandboxError as E;

        let kind = match &error {
            E::Unknown { .. }
            | E::BrokenRecord { .. }
            | E::OtherDriver { .. }
            | E::CannotKeep { .. }
            | E::UnsupportedSystem { .. } => ErrorKind::User,
            _ => ErrorKind::External,
        };
        let hints: Vec<String> = match &error {
            E::Unknown { known, .. } if known.is_empty() => vec!["start one with `kstack sandbox up`".to_owned()],
            E::Unknown { known, .. } => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                vec![format!("there are: {}", known.join(", "))]
            }
            E::BrokenRecord { path, .. } => vec![format!(
                "if nothing of the sandbox is worth keeping, remove `{}`; `kstack sandbox up` then makes it anew",
                path.display()
            )],
            E::UnsupportedSystem { .. } => {
                vec!["use a Linux machine, or one in a virtual machine".to_owned()]
            }
            E::KindUnavailable { .. } => {
                vec!["use `--driver process` for a control plane that needs neither Docker nor kind".to_owned()]
            }
            E::OtherDriver { name, made_with, .. } => vec![format!(
                "leave `--driver` away to go on with `{made_with}`, or remove it first: `kstack sandbox down {name}`"
            )],
            E::CannotKeep { .. } => vec!["leave `--keep` away".to_owned()],
            E::GitPortTaken { .. } => vec![
                "end that program, or make the sandbox anew: `kstack sandbox down`, then `kstack sandbox up`".to_owned(),
            ],
            E::Died { .. } | E::NotReady { .. } | E::Slow { .. } => vec![
                "`kstack sandbox up` tries again with what is there; `kstack sandbox down` removes it all".to_owned(),
            ],
            E::Unobtainable { .. } => vec![
                "put the programs into a folder and name it in `KSTACK_ASSETS`, or install Go 1.25 or later so that they can be built".to_owned(),
            ],
            E::DigestMismatch { .. } => vec![
                "do not use what came; find out why it changed before you remove its entry from `digests.json`".to_owned(),
            ],
            E::Tampered { path } => {
                vec![format!("if you did not change it, remove its folder so that it is had anew: `{}`",
                    path.parent().unwrap_or(path).display())]
            }
            _ => Vec::new(),
        };
        hints.into_iter().fold(Self::new(kind, error), Self::hint)
    }
}
