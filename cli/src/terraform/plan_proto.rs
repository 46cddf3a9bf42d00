//! The messages of a plan file's `tfplan` member, as far as kstack reads them. Names and numbers are
//! those of Terraform's internal/plans/planproto/planfile.proto, compared for 1.5.7 to 1.13.5, and of OpenTofu's
//! internal/plans/internal/planproto/planfile.proto, compared for 1.10.0, 1.11.0 and 1.12.6. Where the two
//! gave one number two meanings, there is a message or a table for each.

use std::collections::HashMap;

/// The whole plan.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Plan {
    #[prost(uint64, tag = "1")]
    pub(super) version: u64,
    #[prost(map = "string, message", tag = "2")]
    pub(super) variables: HashMap<String, DynamicValue>,
    #[prost(message, repeated, tag = "3")]
    pub(super) resource_changes: Vec<ResourceInstanceChange>,
    #[prost(message, repeated, tag = "4")]
    pub(super) output_changes: Vec<OutputChange>,
    /// `-target`.
    #[prost(string, repeated, tag = "5")]
    pub(super) target_addrs: Vec<String>,
    /// `-exclude`, of OpenTofu.
    #[prost(string, repeated, tag = "6")]
    pub(super) exclude_addrs: Vec<String>,
    #[prost(message, optional, tag = "13")]
    pub(super) backend: Option<Backend>,
    #[prost(string, tag = "14")]
    pub(super) terraform_version: String,
    #[prost(int32, tag = "17")]
    pub(super) ui_mode: i32,
    #[prost(message, repeated, tag = "18")]
    pub(super) resource_drift: Vec<ResourceInstanceChange>,
    #[prost(message, repeated, tag = "19")]
    pub(super) check_results: Vec<CheckResults>,
    #[prost(bool, tag = "20")]
    pub(super) errored: bool,
    #[prost(string, tag = "21")]
    pub(super) timestamp: String,
    #[prost(bool, tag = "25")]
    pub(super) applyable: bool,
    #[prost(bool, tag = "26")]
    pub(super) complete: bool,
    #[prost(message, repeated, tag = "27")]
    pub(super) deferred_changes: Vec<DeferredResourceInstanceChange>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Backend {
    #[prost(string, tag = "1")]
    pub(super) kind: String,
    #[prost(message, optional, tag = "2")]
    pub(super) config: Option<DynamicValue>,
    #[prost(string, tag = "3")]
    pub(super) workspace: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ResourceInstanceChange {
    #[prost(string, tag = "7")]
    pub(super) deposed_key: String,
    #[prost(string, tag = "8")]
    pub(super) provider: String,
    #[prost(message, optional, tag = "9")]
    pub(super) change: Option<Change>,
    #[prost(message, repeated, tag = "11")]
    pub(super) required_replace: Vec<Path>,
    #[prost(int32, tag = "12")]
    pub(super) action_reason: i32,
    #[prost(string, tag = "13")]
    pub(super) addr: String,
    #[prost(string, tag = "14")]
    pub(super) prev_run_addr: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DeferredResourceInstanceChange {
    #[prost(message, optional, tag = "2")]
    pub(super) change: Option<ResourceInstanceChange>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OutputChange {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) change: Option<Change>,
    #[prost(bool, tag = "3")]
    pub(super) sensitive: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Change {
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
    #[prost(message, repeated, tag = "2")]
    pub(super) values: Vec<DynamicValue>,
    #[prost(message, repeated, tag = "3")]
    pub(super) before_sensitive_paths: Vec<Path>,
    #[prost(message, repeated, tag = "4")]
    pub(super) after_sensitive_paths: Vec<Path>,
    /// [`Importing`] or [`OpenTofuImporting`].
    #[prost(bytes = "vec", optional, tag = "5")]
    pub(super) importing: Option<Vec<u8>>,
}

/// Terraform's message.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Importing {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(bool, tag = "2")]
    pub(super) unknown: bool,
    #[prost(message, optional, tag = "3")]
    pub(super) identity: Option<DynamicValue>,
}

/// OpenTofu's, since 1.12 with the identity in another place.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OpenTofuImporting {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) identity: Option<DynamicValue>,
}

/// The conditions of one block, with a result for each of its instances.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CheckResults {
    #[prost(message, repeated, tag = "4")]
    pub(super) objects: Vec<ObjectResult>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ObjectResult {
    #[prost(string, tag = "1")]
    pub(super) object_addr: String,
    #[prost(int32, tag = "2")]
    pub(super) status: i32,
    #[prost(string, repeated, tag = "3")]
    pub(super) failure_messages: Vec<String>,
}

/// A value as MessagePack.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DynamicValue {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) msgpack: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Path {
    #[prost(message, repeated, tag = "1")]
    pub(super) steps: Vec<PathStep>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PathStep {
    #[prost(oneof = "Selector", tags = "1, 2")]
    pub(super) selector: Option<Selector>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Selector {
    #[prost(string, tag = "1")]
    AttributeName(String),
    #[prost(message, tag = "2")]
    ElementKey(DynamicValue),
}
