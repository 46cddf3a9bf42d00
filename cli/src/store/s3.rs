//! Buckets of S3. Credentials, endpoint and, if need be, region come from the `AWS_*` variables.

use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};

use super::{
    Location, client,
    error::{Cloud, StoreError, open_error},
};

/// Opens a bucket.
///
/// # Errors
/// [`StoreError::NoCredentials`], [`StoreError::Open`].
pub(super) fn open(location: &Location, bucket: &str, region: Option<&str>) -> Result<AmazonS3, StoreError> {
    if !has_credentials(|name| std::env::var(name).ok()) {
        let cloud = Cloud::Aws { profile: std::env::var("AWS_PROFILE").ok() };
        return Err(StoreError::NoCredentials { cloud, location: location.to_string() });
    }
    client::install_tls();
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(client::retry());
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    // Terraform talks plain HTTP to an `http://` endpoint as well: local S3 servers. The special name goes first.
    let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].into_iter().find_map(|name| std::env::var(name).ok());
    if endpoint.is_some_and(|url| url.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    builder.build().map_err(open_error(location))
}

/// Whether the environment names credentials that the S3 client reads. Without any, it would ask the machine's
/// metadata service, which is right on a machine of EC2, unless a profile was meant or the service is switched off.
fn has_credentials(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    set("AWS_ACCESS_KEY_ID")
        || (set("AWS_WEB_IDENTITY_TOKEN_FILE") && set("AWS_ROLE_ARN"))
        || set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        || !(set("AWS_PROFILE")
            || variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_those_that_the_client_reads() {
        let with = |pairs: &[(&str, &str)]| {
            has_credentials(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(with(&[("AWS_ACCESS_KEY_ID", "x"), ("AWS_PROFILE", "p")]));
        assert!(with(&[
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"),
            ("AWS_ROLE_ARN", "r"),
            ("AWS_EC2_METADATA_DISABLED", "true")
        ]));
        assert!(with(&[]), "on a machine of EC2 the metadata service has them");
        assert!(!with(&[("AWS_PROFILE", "p")]));
        assert!(!with(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_EC2_METADATA_DISABLED", "TRUE")]));
    }
}
