//! Whether this run writes to the forge, and as whom.

use crate::{
    commands::{Context, teller::teller},
    error::CliError,
    forge::{Address, Client, ForgeError, Token, Variables},
    platform::Platform,
};

use super::event::EventArgs;

/// Whether something is written to the forge.
#[derive(Debug, clap::Args)]
pub(super) struct PostArgs {
    /// Write the comment and the statuses to the forge that `kstack.hcl` names, also when flags name the event
    #[arg(long, conflicts_with = "no_post")]
    post: bool,
    /// Leave the forge alone [default when flags name the event]
    #[arg(long)]
    no_post: bool,
}

impl PostArgs {
    /// The forge of `platform`, if this run writes to it. A change that has not been merged must have no say in
    /// `platform`: the token goes where that says.
    ///
    /// # Errors
    /// No token, where there has to be one; `--post` without a forge.
    pub(super) fn connect(
        &self,
        context: &Context<'_>,
        platform: &Platform,
        event: &EventArgs,
        fork: bool,
    ) -> Result<Option<Client>, CliError> {
        let forge = &platform.forge;
        if self.no_post || (event.is_said() && !self.post) {
            return Ok(None);
        }
        let variables = Variables::of_process();
        let Some(address) = Address::find(forge, &platform.repository, &variables)? else {
            return if self.post {
                Err(CliError::user("`kstack.hcl` names no forge")
                    .hint("add `forge \"github\" {}`, `\"gitlab\"` or `\"gitea\"`"))
            } else {
                Ok(None)
            };
        };
        let title = forge.title().unwrap_or_default();
        let Some(token) = Token::find(forge, &variables) else {
            if fork {
                context.ui.status(&format!("nothing is posted to {title}: a pull request from elsewhere has no token"));
                return Ok(None);
            }
            return Err(ForgeError::NoToken { forge: title, variables: Token::variables(forge) }.into());
        };
        Ok(Some(Client::new(address, &token, teller(context))?))
    }
}
