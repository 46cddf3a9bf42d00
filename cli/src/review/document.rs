//! The model as one JSON document.

use serde::Serialize;

use super::Review;

/// `{"type": "review", "version": 1, …}`: fields are only ever added within a version.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    version: u32,
    #[serde(flatten)]
    review: &'a Review,
}

impl Review {
    /// The review as a document for programs.
    pub fn document(&self) -> Document<'_> {
        Document { kind: "review", version: 1, review: self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::tests::sample::sample, *};

    #[test]
    fn the_document_is_versioned_and_holds_what_programs_need() {
        let document = serde_json::to_value(Review::new(&sample()).document()).unwrap();
        assert_eq!((&document["type"], &document["version"]), (&json!("review"), &json!(1)));
        insta::assert_snapshot!(format!("{:#}", document["resources"][2]), @r#"
        {
          "risk": "lost",
          "protected": false,
          "address": "module.node_pool.aws_launch_template.this",
          "type": "aws_launch_template",
          "action": "create-then-destroy",
          "attributes": [
            {
              "path": "user_data",
              "before": "sensitive",
              "after": "sensitive"
            }
          ],
          "instances": [
            {
              "stack": "eks-gc0-eu-west-1",
              "environment": "ops"
            },
            {
              "stack": "eks-gc0-eu-west-1",
              "environment": "apps"
            }
          ]
        }
        "#);
        insta::assert_snapshot!(document["environments"].to_string(), @r#"[{"name":"ops","instances":1,"failed":0,"pending":0,"resources":{"create":1,"change":1,"replace":1,"destroy":0,"state_only":0},"objects":{"added":0,"changed":2,"removed":1}},{"name":"apps","instances":3,"failed":1,"pending":1,"preview":true,"resources":{"create":1,"change":1,"replace":2,"destroy":1,"state_only":0},"objects":{"added":0,"changed":2,"removed":1}}]"#);
        insta::assert_snapshot!(document["instances"].to_string(), @r#"[{"instance":{"stack":"eks-gc0-eu-west-1","environment":"ops"},"state":"planned","resources":{"create":1,"change":1,"replace":1,"destroy":0,"state_only":0}},{"instance":{"stack":"eks-gc0-eu-west-1","environment":"apps"},"state":"planned","resources":{"create":1,"change":1,"replace":2,"destroy":1,"state_only":0}},{"instance":{"stack":"dns","environment":"apps"},"state":"staged","stage":2,"after":[{"stack":"eks-gc0-eu-west-1","environment":"apps"}],"unforeseen":"its plan fails","resources":{"create":0,"change":0,"replace":0,"destroy":0,"state_only":0}},{"instance":{"stack":"vpn","environment":"apps"},"state":"failed","resources":{"create":0,"change":0,"replace":0,"destroy":0,"state_only":0}}]"#);
    }
}
