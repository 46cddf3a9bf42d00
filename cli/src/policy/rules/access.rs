//! Who may do everything.

use serde_json::Value;

use crate::policy::values::{flat, texts};

use super::Subject;

/// Policies and roles that allow everything, or trust everybody.
pub(super) fn wildcard(subject: &Subject<'_>) -> Vec<String> {
    let after = &subject.after;
    let text = |name: &str| after.text(name).unwrap_or_default();
    match subject.kind() {
        kind if kind.starts_with("aws_") => {
            let mut found = Vec::new();
            let documents = ["policy", "assume_role_policy", "inline_policy", "access_policy", "access_policies"];
            for document in documents.into_iter().filter_map(|name| after.get(name)).flat_map(texts) {
                found.extend(serde_json::from_str::<Value>(document).iter().flat_map(statements));
            }
            if text("policy_arn").ends_with(":policy/AdministratorAccess")
                || text("policy_arn").ends_with("AmazonEKSClusterAdminPolicy")
                    && subject.kind() == "aws_iam_role_policy_attachment"
            {
                found.push(format!("`{}` may do everything", text("policy_arn")));
            }
            found.dedup();
            found
        }
        kind if kind.starts_with("google_") && kind.contains("_iam_") => {
            let broad = ["roles/owner", "roles/editor"].contains(&text("role"));
            if broad { vec![format!("`{}` may do nearly everything", text("role"))] } else { Vec::new() }
        }
        "azurerm_role_assignment" => {
            let broad = ["Owner", "User Access Administrator"].contains(&text("role_definition_name"));
            if broad {
                vec![format!("role `{}` may give itself everything", text("role_definition_name"))]
            } else {
                Vec::new()
            }
        }
        "azurerm_role_definition" => {
            let actions =
                after.blocks("permissions").into_iter().flat_map(|permissions| texts(&permissions["actions"]));
            actions.filter(|action| *action == "*").map(|_| "the role may do everything".to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// What is wrong with the statements of a policy document of AWS
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>).
fn statements(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for statement in flat(&document["Statement"]).into_iter().filter(|it| it["Effect"] != "Deny") {
        let name =
            statement["Sid"].as_str().map_or_else(|| "a statement".to_owned(), |sid| format!("statement `{sid}`"));
        let unconditional = statement.get("Condition").is_none();
        let everywhere = texts(&statement["Resource"]).contains(&"*");
        for action in texts(&statement["Action"]) {
            if action == "*" || action == "*:*" {
                found.push(format!("{name} allows every action"));
            } else if everywhere && unconditional && action.ends_with(":*") {
                found.push(format!("{name} allows `{action}` on every resource"));
            }
        }
        if statement.get("NotAction").is_some() && everywhere {
            found.push(format!("{name} allows every action but some"));
        }
        let principal = &statement["Principal"];
        if unconditional && texts(principal).contains(&"*") {
            found.push(format!("{name} trusts everybody"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{policy::rules::said, terraform::Action};

    #[test]
    fn what_allows_everything_is_told() {
        let policy = |statement: Value| {
            let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
            said("iam-wildcard", "aws_iam_role_policy", Action::Create, &[("policy", json!(document))])
        };
        assert_eq!(
            policy(json!({"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"})),
            ["statement `All` allows every action"]
        );
        assert_eq!(
            policy(json!([{"Effect": "Allow", "Action": ["s3:*", "s3:GetObject"], "Resource": ["*"]}])),
            ["a statement allows `s3:*` on every resource"]
        );
        assert!(policy(json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a/*"}])).is_empty());
        assert!(policy(json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}])).is_empty());
        assert!(policy(json!("nonsense")).is_empty());
        let trust = |principal: Value| {
            let document =
                json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]});
            said("iam-wildcard", "aws_iam_role", Action::Create, &[("assume_role_policy", json!(document.to_string()))])
        };
        assert_eq!(trust(json!({"AWS": "*"})), ["a statement trusts everybody"]);
        assert!(trust(json!({"Service": "eks.amazonaws.com"})).is_empty());
        let role =
            |role: &str| said("iam-wildcard", "google_project_iam_member", Action::Create, &[("role", json!(role))]);
        assert!(role("roles/owner").len() == 1 && role("roles/dns.admin").is_empty());
    }
}
