//! Errors of `forge/` for the user.

use super::{CliError, ErrorKind};
use crate::forge::ForgeError;

impl From<ForgeError> for CliError {
    fn from(error: ForgeError) -> Self {
        let hints: Vec<String> = match &error {
            ForgeError::Repository { .. } => {
                vec!["write `repository` in `kstack.hcl` as `https://host/owner/name`".to_owned()]
            }
            ForgeError::NoToken { variables, .. } => vec![
                format!("put one into {}; in a workflow hand it to the step as `env`", list(variables)),
                "`--no-post` leaves the forge alone; the comment then goes to `--comment` only".to_owned(),
            ],
            ForgeError::TokenForm { .. } => vec!["a token has no spaces, line ends or other letters".to_owned()],
            ForgeError::Unreachable { .. } => vec!["check `url` of block `forge` in `kstack.hcl`".to_owned()],
            ForgeError::Unauthorized { job: true, .. } | ForgeError::Forbidden { job: true, .. } => vec![
                "the token of a job may not do this on GitLab: put a project access token with the scope `api` and the \
                 role Developer into the masked variable `GITLAB_TOKEN`"
                    .to_owned(),
            ],
            ForgeError::Unauthorized { .. } => {
                vec![
                    "it may have expired or been revoked: make a new one and store it where the job reads it"
                        .to_owned(),
                ]
            }
            ForgeError::Forbidden { grant, .. } => vec![format!("grant the token {grant}")],
            ForgeError::NotFound { grant, .. } => {
                vec![format!(
                    "check that it exists, and grant the token {grant}: what it may not see looks like this too"
                )]
            }
            ForgeError::Limited { .. } => {
                vec!["wait and run the job again; the limit is shared by all jobs with this token".to_owned()]
            }
            ForgeError::Status { status: 300..400, .. } => {
                vec!["the repository has moved: write its new address into `kstack.hcl`".to_owned()]
            }
            ForgeError::Invalid { .. }
            | ForgeError::Status { .. }
            | ForgeError::Answer { .. }
            | ForgeError::Budget { .. } => Vec::new(),
        };
        let kind = match &error {
            ForgeError::Repository { .. }
            | ForgeError::NoToken { .. }
            | ForgeError::TokenForm { .. }
            | ForgeError::Unauthorized { .. }
            | ForgeError::Forbidden { .. }
            | ForgeError::NotFound { .. } => ErrorKind::User,
            _ => ErrorKind::External,
        };
        hints.into_iter().fold(Self::new(kind, error), Self::hint)
    }
}

/// "`A`, `B` or `C`".
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
