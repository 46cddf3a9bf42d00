//! Whether a cloud answered that it is asked too often.
//!
//! Providers ask again by themselves for a while; what comes through in diagnostics and logs is what that did not help.

use std::sync::LazyLock;

use regex::Regex;

use super::TerraformEvent;

/// How the clouds say it. AWS: the codes that its SDK takes for throttling
/// (<https://github.com/aws/aws-sdk-go-v2/blob/main/aws/retry/standard.go>) but `LimitExceededException`, which
/// IAM says of quotas. Google: <https://cloud.google.com/apis/design/errors>. Azure:
/// <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>. All: HTTP 429.
/// A quota of things that may exist is none of it: waiting does not help there.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
        \b(?: EC2 | Request )? Throttl(?: ing | ed ) (?: Exception )? \b
        | \b RequestLimitExceeded \b
        | \b TooManyRequests (?: Exception )? \b | \b too \s+ many \s+ requests \b
        | \b ProvisionedThroughputExceededException \b
        | \b BandwidthLimitExceeded \b | \b SlowDown \b | \b PriorRequestNotComplete \b
        | \b (?: user )? rate [_\s]? limit [_\s]? exceeded \b | \b rate \s+ exceeded \b
        | \b (?: status | statuscode | code | error | http (?: /[0-9.]+ )? ) [^0-9a-z]{0,8} 429 \b
        ",
    )
    .ok()
});

impl TerraformEvent {
    /// Whether a cloud answered that it is asked too often.
    pub fn is_throttling(&self) -> bool {
        let says = |text: &str| WORDS.as_ref().is_some_and(|words| words.is_match(text));
        match self {
            Self::Diagnostic(found) => says(&found.summary) || says(&found.detail),
            Self::Log { message } | Self::Other { message, .. } => says(message),
            Self::Line { text } => says(text),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::{Diagnostic, Severity};

    fn throttled(detail: &str) -> bool {
        TerraformEvent::Diagnostic(Diagnostic {
            severity: Severity::Error,
            summary: "creating a thing".to_owned(),
            detail: detail.to_owned(),
            address: None,
            range: None,
            snippet: None,
        })
        .is_throttling()
    }

    #[test]
    fn throttling_is_told_from_other_trouble() {
        for text in [
            "operation error EC2: DescribeInstances, https response error StatusCode: 503, RequestID: 1, api error \
             RequestLimitExceeded: Request limit exceeded.",
            "api error ThrottlingException: Rate exceeded",
            "api error Throttling: Rate exceeded",
            "TooManyRequestsException: Too Many Requests",
            "googleapi: Error 429: Quota exceeded for quota metric 'Queries', rateLimitExceeded",
            "googleapi: Error 403: Rate Limit Exceeded, rateLimitExceeded",
            "reason: RATE_LIMIT_EXCEEDED",
            "unexpected status 429 (429 Too Many Requests) with error: TooManyRequests",
            "StatusCode=429 -- Original Error: Code=\"OperationNotAllowed\"",
            "SlowDown: Please reduce your request rate.",
        ] {
            assert!(throttled(text), "{text}");
        }
        for text in [
            "api error AddressLimitExceeded: The maximum number of addresses has been reached.",
            "LimitExceededException: Cannot exceed quota for PoliciesPerRole: 10",
            "VpcLimitExceeded: The maximum number of VPCs has been reached.",
            "googleapi: Error 403: Quota 'CPUS' exceeded. Limit: 24.0 in region europe-west1., quotaExceeded",
            "the instance i-0429 was not found; vpc-429 and port 429",
            "StatusCode: 400, RequestID: 429",
            "",
        ] {
            assert!(!throttled(text), "{text}");
        }
    }
}
