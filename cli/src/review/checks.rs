//! Conditions that do not hold: the same in several instances is one group.

use serde::Serialize;

use super::{
    grouping::grouped,
    input::InstanceInput,
    names::{Named, each},
};
use crate::{
    platform::Instance,
    terraform::{CheckResult, CheckStatus},
};

/// The same result of the same conditions in one or more instances.
#[derive(Debug, Clone, Serialize)]
pub struct CheckGroup {
    /// What has the conditions. Where instances differ by their own names, `{environment}` and `{stack}` stand for those.
    pub address: String,
    /// What came of them.
    pub status: CheckStatus,
    /// Their messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// Where.
    pub instances: Vec<Instance>,
}

impl CheckGroup {
    /// Whether a condition is known not to hold, or could not be evaluated: not just known only after apply.
    pub fn fails(&self) -> bool {
        self.status != CheckStatus::Unknown
    }
}

/// Groups results: those that fail first, then by address.
pub(super) fn group<'a>(results: impl Iterator<Item = (&'a InstanceInput, &'a CheckResult)>) -> Vec<CheckGroup> {
    let groups = grouped(
        results,
        |result| order(result.status),
        |here, one, there, other| {
            let (a, b) = (&here.instance, &there.instance);
            one.address.alike(a, &other.address, b) && one.problems.alike(a, &other.problems, b)
        },
    );
    let groups = groups.iter().filter_map(|members| {
        let ((input, first), others) = members.split_first()?;
        let others: Vec<_> = others.iter().map(|(input, result)| (*result, &input.instance)).collect();
        Some(CheckGroup {
            address: first.address.merged(&input.instance, &each(&others, |result| Some(&result.address))),
            status: first.status,
            problems: first.problems.merged(&input.instance, &each(&others, |result| Some(&result.problems))),
            instances: members.iter().map(|(input, _)| input.instance.clone()).collect(),
        })
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort_by(|a, b| order(a.status).cmp(&order(b.status)).then_with(|| a.address.cmp(&b.address)));
    groups
}

fn order(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Error => 0,
        CheckStatus::Fail => 1,
        CheckStatus::Unknown => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{COMMENT_BUDGET, Outcome, Plain, Review, ReviewInput, tests::sample::instance},
        *,
    };
    use crate::terraform::ChangeList;

    fn result(address: &str, status: CheckStatus, problems: &[&str]) -> CheckResult {
        let problems = problems.iter().map(|&problem| problem.to_owned()).collect();
        CheckResult { address: address.to_owned(), status, problems }
    }

    /// Two environments with the same plan, of which one has a check more.
    fn review() -> Review {
        let input = |environment: &str| {
            let mut checks = vec![
                result("check.health", CheckStatus::Fail, &[&format!("gc0-{environment} answers 503.\nTwice.")]),
                result("module.db.aws_db_instance.this", CheckStatus::Unknown, &[]),
            ];
            if environment == "apps" {
                checks.push(result("output.endpoint", CheckStatus::Error, &[]));
            }
            InstanceInput {
                instance: instance("gc0", environment),
                outcome: Outcome::Planned(ChangeList { checks, ..ChangeList::default() }),
                protect: Vec::new(),
                reasons: Vec::new(),
                notices: Vec::new(),
            }
        };
        Review::new(&ReviewInput { instances: vec![input("ops"), input("apps")], ..ReviewInput::default() })
    }

    #[test]
    fn what_fails_comes_first_and_what_is_unknown_last() {
        let review = review();
        assert!(!review.is_empty(), "a plan without changes whose checks fail is worth a look");
        insta::assert_snapshot!(review.terminal(&Plain), @"
        environment  instances  create  change  replace  destroy  objects
        ops                  1       –       –        –        –        –
        apps                 1       –       –        –        –        –

        Checks that do not hold
          ! output.endpoint cannot be evaluated  gc0 (apps)
          ! check.health does not hold  gc0 (ops, apps)
              gc0-{environment} answers 503.
              Twice.

        Checks known after apply
          ? module.db.aws_db_instance.this  gc0 (ops, apps)

        no changes to infrastructure; 3 checks do not hold
        ");
        insta::assert_snapshot!(review.markdown(COMMENT_BUDGET), @"
        <!-- kstack:review -->
        ### kstack

        **no changes to infrastructure; 3 checks do not hold**

        | environment | instances | create | change | replace | destroy | objects | |
        |:--|--:|--:|--:|--:|--:|:--|:--|
        | `ops` | 1 | – | – | – | – | – |  |
        | `apps` | 1 | – | – | – | – | – |  |

        #### Checks that do not hold

        - `!` `output.endpoint` cannot be evaluated · gc0 (apps)
        <details open><summary><code>!</code> <code>check.health</code> does not hold · gc0 (ops, apps)</summary>

        ```text
        gc0-{environment} answers 503.
        Twice.
        ```

        </details>

        #### Checks known after apply

        - `?` `module.db.aws_db_instance.this` · gc0 (ops, apps)
        ");
    }

    #[test]
    fn programs_see_all_of_it() {
        insta::assert_snapshot!(format!("{:#}", serde_json::to_value(&review().checks).unwrap()), @r#"
        [
          {
            "address": "output.endpoint",
            "status": "error",
            "instances": [
              {
                "stack": "gc0",
                "environment": "apps"
              }
            ]
          },
          {
            "address": "check.health",
            "status": "fail",
            "problems": [
              "gc0-{environment} answers 503.\nTwice."
            ],
            "instances": [
              {
                "stack": "gc0",
                "environment": "ops"
              },
              {
                "stack": "gc0",
                "environment": "apps"
              }
            ]
          },
          {
            "address": "module.db.aws_db_instance.this",
            "status": "unknown",
            "instances": [
              {
                "stack": "gc0",
                "environment": "ops"
              },
              {
                "stack": "gc0",
                "environment": "apps"
              }
            ]
          }
        ]
        "#);
    }

    #[test]
    fn what_is_only_unknown_makes_no_review() {
        let checks = vec![result("check.a", CheckStatus::Unknown, &[])];
        let outcome = Outcome::Planned(ChangeList { checks, ..ChangeList::default() });
        let (protect, reasons, notices) = (Vec::new(), Vec::new(), Vec::new());
        let instance = InstanceInput { instance: instance("gc0", "ops"), outcome, protect, reasons, notices };
        assert!(Review::new(&ReviewInput { instances: vec![instance], ..ReviewInput::default() }).is_empty());
    }
}
