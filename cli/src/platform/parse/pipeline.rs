//! Block `pipeline`.

use hcl_edit::structure::Block;

use crate::{
    hcl::BlockReader,
    platform::{OnStale, Parallelism, Pipeline, Verify, form},
};

use super::{Parser, checked, each};

impl<'a> Parser<'a> {
    pub(super) fn pipeline(&mut self, block: Option<&'a Block>) -> Option<Pipeline> {
        let Some(block) = block else {
            return Some(Pipeline {
                plan_store: None,
                parallelism: Parallelism::Auto,
                on_stale: OnStale::Refuse,
                verify: Verify::Bundle,
                recipients: Vec::new(),
            });
        };
        let is_number = block.body.get_attribute("parallelism").is_some_and(|attribute| attribute.value.is_number());
        self.read(block, |reader| {
            let plan_store = reader.string("plan_store");
            let plan_store = checked(reader, "plan_store", plan_store, "a place for plans", plan_store_form);
            let parallelism = if is_number {
                fixed(reader)
            } else {
                if let Some(word) = reader.string("parallelism").filter(|word| word.value != "auto") {
                    reader.problem(word.span, "`parallelism` must be `\"auto\"` or a number");
                }
                Some(Parallelism::Auto)
            };
            let on_stale = match reader.string("on_stale") {
                Some(word) if word.value == "compare" => OnStale::Compare,
                Some(word) if word.value != "refuse" => {
                    reader.problem(word.span, "`on_stale` must be `\"refuse\"` or `\"compare\"`");
                    OnStale::Refuse
                }
                _ => OnStale::Refuse,
            };
            let verify = match reader.string("verify") {
                Some(word) if word.value == "replan" => Verify::Replan,
                Some(word) if word.value != "bundle" => {
                    reader.problem(word.span, "`verify` must be `\"bundle\"` or `\"replan\"`");
                    Verify::Bundle
                }
                _ => Verify::Bundle,
            };
            let recipients = reader.strings("recipients").unwrap_or_default();
            let recipients = each(reader, "recipients", &recipients, "a recipient", form::age_recipient);
            Some(Pipeline { plan_store, parallelism: parallelism?, on_stale, verify, recipients })
        })
    }
}

fn fixed(reader: &mut BlockReader<'_, '_>) -> Option<Parallelism> {
    let number = reader.number("parallelism")?;
    match usize::try_from(number.value) {
        Ok(count @ 1..=256) => Some(Parallelism::Fixed(count)),
        _ => {
            reader.problem(number.span, "`parallelism` must be between 1 and 256");
            None
        }
    }
}

/// What `store::Location` reads, with names that the clouds take.
fn plan_store_form(text: &str) -> Result<(), &'static str> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(()) };
    let (first, rest) = rest.split_once('/').unwrap_or((rest, ""));
    match scheme {
        "s3" => form::s3_bucket(first),
        "gs" => form::gcs_bucket(first),
        "az" => {
            let container = rest.split('/').next().unwrap_or_default();
            if first.is_empty() || container.is_empty() {
                return Err("it must name a storage account and a container");
            }
            form::azure_storage_account(first)?;
            form::azure_container(container)
        }
        "file" if rest.is_empty() || !first.is_empty() => Err("write `file:///<folder>`"),
        "file" => Ok(()),
        _ => Err(
            "write `s3://<bucket>/<prefix>`, `gs://<bucket>/<prefix>`, `az://<account>/<container>/<prefix>` or a folder",
        ),
    }
}
