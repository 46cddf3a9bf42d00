//! Blocks `state`: at the top, and in an environment.

use hcl_edit::structure::Block;

use crate::platform::{State, StateBackend, form, layout};

use super::{Parser, checked, label, required};

impl<'a> Parser<'a> {
    pub(super) fn state(&mut self, block: &'a Block) -> Option<State> {
        let kind = label(block);
        let backend = match kind.value.as_str() {
            "s3" => self.read(block, |reader| {
                let bucket = required(reader, "bucket", "a bucket name", form::s3_bucket);
                let region = required(reader, "region", "a region", form::region);
                Some(StateBackend::S3 { bucket: bucket?, region: region? })
            }),
            "gcs" => self.read(block, |reader| {
                let bucket = required(reader, "bucket", "a bucket name", form::gcs_bucket);
                Some(StateBackend::Gcs { bucket: bucket? })
            }),
            "azurerm" => self.read(block, |reader| {
                let group = required(reader, "resource_group_name", "a resource group", form::azure_resource_group);
                let account =
                    required(reader, "storage_account_name", "a storage account", form::azure_storage_account);
                let container = required(reader, "container_name", "a container name", form::azure_container);
                Some(StateBackend::Azurerm { resource_group: group?, storage_account: account?, container: container? })
            }),
            "local" => self.read(block, |reader| {
                let path = reader.string("path");
                let path = checked(reader, "path", path, "a folder", |_| Ok(()));
                Some(StateBackend::Local { path: path.unwrap_or_else(|| format!("{}/state", layout::WORK)) })
            }),
            _ => {
                self.unknown_kind("kind of state", &kind, &StateBackend::KINDS);
                None
            }
        };
        backend.map(|backend| State { backend })
    }
}
