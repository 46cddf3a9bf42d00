//! Blocks `engine` and `forge`.

use hcl_edit::structure::Block;

use crate::{
    hcl::BlockReader,
    platform::{ArgoCdMode, Engine, FluxMode, Forge, form},
};

use super::{Parser, checked, label, required};

impl<'a> Parser<'a> {
    pub(super) fn engine(&mut self, block: &'a Block) -> Option<Engine> {
        let kind = label(block);
        match kind.value.as_str() {
            "flux" => self.read(block, flux),
            "argocd" => self.read(block, argocd),
            _ => {
                self.unknown_kind("engine", &kind, &Engine::KINDS);
                None
            }
        }
    }

    pub(super) fn forge(&mut self, block: &'a Block) -> Option<Forge> {
        let kind = label(block);
        let make: fn(Option<String>) -> Forge = match kind.value.as_str() {
            "github" => |url| Forge::GitHub { url },
            "gitlab" => |url| Forge::GitLab { url },
            "gitea" => |url| Forge::Gitea { url },
            _ => {
                self.unknown_kind("forge", &kind, &Forge::KINDS);
                return None;
            }
        };
        let url = self.read(block, |reader| {
            let url = reader.string("url")?;
            if form::has_credentials(&url.value) {
                reader.problem(url.span, "the address of the forge holds credentials").help =
                    Some("leave them out, and change them: they were seen".to_owned());
                return None;
            }
            checked(reader, "url", Some(url), "a forge's address", form::forge_url)
        });
        Some(make(url))
    }
}

fn flux(reader: &mut BlockReader<'_, '_>) -> Option<Engine> {
    let version = required(reader, "version", "a version", form::version);
    match reader.string("mode") {
        Some(mode) if mode.value == "operator" => {
            reader.problem(mode.span, "this version of kstack has no mode `operator`").help =
                Some("`classic` is the one that it has".to_owned());
        }
        Some(mode) if mode.value != "classic" => {
            reader.problem(mode.span, "`mode` must be `\"classic\"`");
        }
        _ => {}
    }
    Some(Engine::Flux { version: version?, mode: FluxMode::Classic })
}

fn argocd(reader: &mut BlockReader<'_, '_>) -> Option<Engine> {
    let version = required(reader, "version", "a version", form::version);
    let mode = match reader.string("mode") {
        Some(mode) if mode.value == "full" => ArgoCdMode::Full,
        Some(mode) if mode.value != "core" => {
            reader.problem(mode.span, "`mode` must be `\"core\"` or `\"full\"`");
            return None;
        }
        _ => ArgoCdMode::Core,
    };
    Some(Engine::ArgoCd { version: version?, mode })
}
