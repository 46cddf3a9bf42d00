//! From the messages of a plan file to the change list.

use prost::Message as _;

use super::{
    Action, ChangeList, CheckResult, CheckStatus, OutputChange, PlanFileError, PlanMode, Product, ResourceMode,
    Secrets, Shown,
    address::Parts,
    cell::{Cell, Step},
    diff,
    plan_proto::{
        Change, DynamicValue, Importing, ObjectResult, OpenTofuImporting, Path, Plan, ResourceInstanceChange,
    },
    plan_trust, plan_value,
    raw_change::{RawChange, finish_all, finish_checks, finish_drift},
};

pub(super) fn read(plan: &Plan, mode: PlanMode, product: Product) -> Result<ChangeList, PlanFileError> {
    let all = |changes: &[ResourceInstanceChange]| {
        changes.iter().map(|change| resource(change, product)).collect::<Result<Vec<_>, _>>()
    };
    let resources = all(&plan.resource_changes)?;
    let drift = all(&plan.resource_drift)?;
    // Moves appear among the changes, except in a plan that has no others.
    let drift = drift.into_iter().filter(|change| change.action.is_some() || mode == PlanMode::RefreshOnly);
    let mut outputs = Vec::new();
    for output in &plan.output_changes {
        let change = output.change.as_ref().ok_or_else(|| unsupported("an output without a change"))?;
        let values = Values::of(change, product)?;
        if values.action.is_some() {
            let shown = |cell: &Cell| match diff::whole(cell) {
                Shown::Absent => Shown::Absent,
                _ if output.sensitive => Shown::Sensitive,
                shown => shown,
            };
            let (before, after) = (shown(&values.before), shown(&values.after));
            outputs.push(OutputChange { name: output.name.clone(), before, after });
        }
    }
    outputs.sort_by(|one, two| one.name.cmp(&two.name));
    let checks = plan.check_results.iter().flat_map(|results| &results.objects).map(check);
    let checks = finish_checks(checks.collect::<Result<Vec<_>, _>>()?);
    Ok(ChangeList { resources: finish_all(resources), drift: finish_drift(drift), outputs, checks })
}

/// Adds every text that is marked sensitive in a value of the plan.
pub(super) fn add_sensitive(plan: &Plan, secrets: &mut Secrets) -> Result<(), PlanFileError> {
    let resources = plan.resource_changes.iter().chain(&plan.resource_drift);
    let resources = resources.filter_map(|resource| resource.change.as_ref()).map(|change| (change, false));
    let outputs = plan.output_changes.iter().filter_map(|output| Some((output.change.as_ref()?, output.sensitive)));
    for (change, whole) in resources.chain(outputs) {
        // Who made the plan is not known here, and for the values it hardly matters.
        let values = Values::of(change, Product::Terraform).or_else(|_| Values::of(change, Product::OpenTofu))?;
        for cell in [&values.before, &values.after] {
            cell.visit_sensitive(whole, &mut |value| secrets.add(value));
        }
    }
    Ok(())
}

/// `None` for conditions that hold.
fn check(result: &ObjectResult) -> Result<Option<CheckResult>, PlanFileError> {
    let status = match result.status {
        0 => CheckStatus::Unknown,
        1 => return Ok(None),
        2 => CheckStatus::Fail,
        3 => CheckStatus::Error,
        other => return Err(PlanFileError::Unsupported(format!("the status {other} of a check"))),
    };
    let (address, problems) = (result.object_addr.clone(), result.failure_messages.clone());
    Ok(Some(CheckResult { address, status, problems }))
}

fn unsupported(what: &str) -> PlanFileError {
    PlanFileError::Unsupported(what.to_owned())
}

fn resource(raw: &ResourceInstanceChange, product: Product) -> Result<RawChange, PlanFileError> {
    let change = raw.change.as_ref().ok_or_else(|| unsupported("a resource without a change"))?;
    let address = Parts::of(&raw.addr).ok_or_else(|| unsupported("an address of another kind"))?;
    let provider = provider(&raw.provider).ok_or_else(|| unsupported("a provider address of another kind"))?;
    let mut values = Values::of(change, product)?;
    plan_trust::judge(values.action, provider, &mut values.before, &values.after)
        .map_err(|_| PlanFileError::NeedsSchema { address: raw.addr.clone() })?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(RawChange {
        previous_address: some(&raw.prev_run_addr).filter(|previous| *previous != raw.addr),
        mode: if address.data { ResourceMode::Data } else { ResourceMode::Managed },
        resource_type: address.resource_type.to_owned(),
        address: raw.addr.clone(),
        provider: provider.to_owned(),
        action: values.action,
        reason: reason(raw.action_reason, product)?.map(str::to_owned),
        importing: change.importing.as_ref().map(|message| importing(message, product)).transpose()?,
        deposed: some(&raw.deposed_key),
        before: values.before,
        after: values.after,
        replace: paths(&raw.required_replace)?,
    })
}

struct Values {
    /// `None` for no change.
    action: Option<Action>,
    before: Cell,
    after: Cell,
}

impl Values {
    /// Which of the values are there depends on the action (`changeFromTfplan` in internal/plans/planfile/tfplan.go).
    /// OpenTofu forgets and creates under a number of its own; its 9 was an ephemeral resource that is opened, in 1.11.
    fn of(change: &Change, product: Product) -> Result<Self, PlanFileError> {
        let (action, before, after) = match change.action {
            0 => (None, Some(0), Some(0)),
            1 => (Some(Action::Create), None, Some(0)),
            2 => (Some(Action::Read), Some(0), Some(1)),
            3 => (Some(Action::Update), Some(0), Some(1)),
            5 => (Some(Action::Destroy), Some(0), None),
            6 => (Some(Action::DestroyThenCreate), Some(0), Some(1)),
            7 => (Some(Action::CreateThenDestroy), Some(0), Some(1)),
            8 => (Some(Action::Forget), Some(0), None),
            9 if product == Product::Terraform => (Some(Action::ForgetThenCreate), Some(0), Some(1)),
            10 if product == Product::OpenTofu => (Some(Action::ForgetThenCreate), Some(0), Some(1)),
            other => return Err(PlanFileError::Unsupported(format!("the action {other}"))),
        };
        let value = |index: Option<usize>| match index.map(|index| change.values.get(index)) {
            None => Ok(Cell::NULL),
            Some(None) => Err(unsupported("a change without its values")),
            Some(Some(value)) => decode(value),
        };
        let mut values = Self { action, before: value(before)?, after: value(after)? };
        for path in paths(&change.before_sensitive_paths)? {
            values.before.mark(&path);
        }
        for path in paths(&change.after_sensitive_paths)? {
            values.after.mark(&path);
        }
        Ok(values)
    }
}

fn decode(value: &DynamicValue) -> Result<Cell, PlanFileError> {
    plan_value::decode(value).map_err(|_| unsupported("values of another kind"))
}

fn paths(paths: &[Path]) -> Result<Vec<Vec<Step>>, PlanFileError> {
    let paths = paths.iter().map(plan_value::path).collect::<Result<_, _>>();
    paths.map_err(|_| unsupported("paths of another kind"))
}

/// The id, or the identity as JSON where one is given instead (since 1.12).
fn importing(message: &[u8], product: Product) -> Result<String, PlanFileError> {
    let (id, identity) = match product {
        Product::Terraform => Importing::decode(message).map(|importing| (importing.id, importing.identity)),
        Product::OpenTofu => OpenTofuImporting::decode(message).map(|importing| (importing.id, importing.identity)),
    }
    .map_err(|_| unsupported("an import of another kind"))?;
    match identity {
        Some(identity) if id.is_empty() && !identity.msgpack.is_empty() => {
            let identity = decode(&identity)?.shareable();
            Ok(identity.map_or_else(String::new, |identity| identity.to_string()))
        }
        _ => Ok(id),
    }
}

/// `provider["registry.terraform.io/hashicorp/aws"].alias`, possibly behind modules.
fn provider(address: &str) -> Option<&str> {
    let (_, source) = address.rsplit_once("provider[\"")?;
    source.split_once("\"]").map(|(source, _alias)| source)
}

/// The names that `show -json` has for them (internal/command/jsonplan/plan.go).
fn reason(number: i32, product: Product) -> Result<Option<&'static str>, PlanFileError> {
    Ok(Some(match number {
        0 => return Ok(None),
        1 => "replace_because_tainted",
        2 => "replace_by_request",
        3 => "replace_because_cannot_update",
        4 => "delete_because_no_resource_config",
        5 => "delete_because_wrong_repetition",
        6 => "delete_because_count_index",
        7 => "delete_because_each_key",
        8 => "delete_because_no_module",
        9 => "replace_by_triggers",
        10 => "read_because_config_unknown",
        11 => "read_because_dependency_pending",
        12 => "delete_because_no_move_target",
        13 => "read_because_check_nested",
        14 if product == Product::OpenTofu => "delete_because_enabled_false",
        15 if product == Product::OpenTofu => "forgot_because_lifecycle_destroy_in_state",
        16 if product == Product::OpenTofu => "forgot_because_lifecycle_destroy_in_config",
        other => return Err(PlanFileError::Unsupported(format!("the reason {other}"))),
    }))
}

#[cfg(test)]
mod tests {
    use super::provider;

    #[test]
    fn provider_addresses_are_reduced_to_their_source() {
        assert_eq!(
            provider(r#"provider["registry.terraform.io/hashicorp/aws"]"#),
            Some("registry.terraform.io/hashicorp/aws")
        );
        assert_eq!(
            provider(r#"module.a.provider["terraform.io/builtin/terraform"].x"#),
            Some("terraform.io/builtin/terraform")
        );
        assert_eq!(provider("provider.aws"), None);
    }
}
