//! What names of clouds, Git and DNS look like. Only the form is checked, never against a list that ages: whether
//! a bucket or a region exists, the cloud tells. Each check gives the reason, as the rest of "… is not a bucket name: …".

mod address;
mod cloud;
mod git;
mod policy;
mod storage;
mod terraform;

pub use address::{domain, forge_url, has_credentials, repository, repository_path};
pub use cloud::{google_project, region, uuid};
pub use git::{promotion, reference, tag_pattern};
pub use policy::{label, module_pattern, tag_name};
pub use storage::{
    azure_container, azure_resource_group, azure_storage_account, gcs_bucket, new_gcs_bucket, s3_bucket,
};
pub use terraform::{address_pattern, provider, type_pattern, version};

fn length(name: &str, least: usize, most: usize, reason: &'static str) -> Result<(), &'static str> {
    match name.chars().count() {
        0 => Err("it is empty"),
        count if (least..=most).contains(&count) => Ok(()),
        _ => Err(reason),
    }
}

/// Lower-case letters, digits and `others`.
fn characters(name: &str, others: &str, reason: &'static str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c);
    if name.chars().all(allowed) { Ok(()) } else { Err(reason) }
}

fn ends(name: &str) -> Result<(), &'static str> {
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.starts_with(outer) && name.ends_with(outer) {
        Ok(())
    } else {
        Err("it must begin and end with a letter or digit")
    }
}

/// A recipient of the age format, <https://age-encryption.org/v1>: the public half of what `age-keygen` makes. Its
/// checksum finds every mistyped letter, and a plan that nobody can open would be found out only when it is to be
/// applied. Keys of SSH and of plugins are not taken: every machine that applies would need them.
///
/// # Errors
/// What is wrong with it.
pub fn age_recipient(text: &str) -> Result<(), &'static str> {
    if text.starts_with("AGE-SECRET-KEY-") {
        return Err(
            "it is the secret half, which must never be written here: make a new key and write the public half",
        );
    }
    if !text.starts_with("age1") {
        return Err("write the public key that `age-keygen` prints: `age1…`");
    }
    text.parse::<age::x25519::Recipient>().map(drop).map_err(|_| "a letter is wrong or missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Result<(), &'static str>;

    #[test]
    fn what_the_clouds_take_passes() {
        let good: [(Check, &[&str]); 17] = [
            (s3_bucket, &["acme-kstack-state", "a.b", "123"]),
            (gcs_bucket, &["acme_state", "state.example.com", "a-1"]),
            (new_gcs_bucket, &["acme_state", "a-1"]),
            (azure_storage_account, &["acmestate", "123"]),
            (azure_container, &["tfstate", "a-b-c"]),
            (azure_resource_group, &["rg-Acme_1.(x)", "a"]),
            (google_project, &["acme-platform-1"]),
            (uuid, &["00000000-0000-0000-0000-00000000000a"]),
            (region, &["eu-west-1", "us-gov-east-1", "auto"]),
            (version, &["0.1.0", "2.7.3", "2.8.0-rc.1", "1.0.0+build.5"]),
            (domain, &["platform.example.com", "acme.localhost"]),
            (repository, &["https://example.com/acme", "ssh://git@example.com:22/acme/platform.git"]),
            (forge_url, &["https://git.example.com", "http://127.0.0.1:3000/git"]),
            (reference, &["main", "release/1.2", "feature-x"]),
            (tag_pattern, &["apps-deploy-*", "v1", "*", "a/*"]),
            (promotion, &["apps-deploy-*", "v*", "release", "v1.*"]),
            (provider, &["hashicorp/aws", "example.com/acme/own", "localhost:80/acme/own"]),
        ];
        for (check, texts) in good {
            for text in texts {
                assert_eq!(check(text), Ok(()), "{text}");
            }
        }
    }

    #[test]
    fn what_they_refuse_is_refused() {
        let bad: [(Check, &[&str]); 19] = [
            (s3_bucket, &["", "ab", "Acme", "a..b", "-ab", "a_b", "10.0.0.1", "a/b"]),
            (gcs_bucket, &["goog-x", "my-google-bucket", "a..b", "Abc", "192.168.0.1"]),
            (new_gcs_bucket, &["state.example.com", "goog-x"]),
            (azure_storage_account, &["acme-state", "ab", "Acme", "abcdefghijklmnopqrstuvwxy"]),
            (azure_container, &["a--b", "-ab", "ab", "A-b"]),
            (azure_resource_group, &["", "a.", "a/b"]),
            (google_project, &["acme", "1acme-x", "acme-platform-", "Acme-platform"]),
            (uuid, &["", "00000000", "00000000-0000-0000-0000-00000000000g", "0000000-00000-0000-0000-000000000000"]),
            (region, &["", "EU", "eu west", "-eu"]),
            (version, &["", "v2.7.3", "2.7", "2.07.3", "latest", "2.7.3-", "2.7.3-a_b", ">= 2.7.0"]),
            (domain, &["", "localhost", "Example.com", "a..b", "-a.b"]),
            (repository, &["", "git@example.com:acme", "ftp://example.com/a", "https://example.com", "https://a/b?c"]),
            (forge_url, &["", "git.example.com", "https://", "https:///x", "https://a b"]),
            (reference, &["", "a b", "a..b", "a/", "-a", "a.lock", "a*", "ä"]),
            (tag_pattern, &["", "v[0-9]*", "a**", "a b", "v?"]),
            (promotion, &["*", "", "a*b", "a b*", "-x*", "**"]),
            (provider, &["aws", "a/b/c", "Hashicorp/aws", "registry.terraform.io/hashicorp/aws", "hashicorp/"]),
            (type_pattern, &["", "aws_vpc.main", "AWS_*", "aws vpc"]),
            (repository_path, &["", "/etc", "../other", "a/../../b", "a\\b"]),
        ];
        for (check, texts) in bad {
            for text in texts {
                assert!(check(text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn a_domain_leaves_room_for_the_names_of_clusters() {
        // The limit of `base_domain` in `modules/common/metadata`.
        let of = |length: usize| format!("{}.{}.{}.example", "a".repeat(63), "b".repeat(63), "c".repeat(length - 136));
        assert_eq!((of(183).len(), domain(&of(183))), (183, Ok(())));
        assert!(domain(&of(184)).is_err());
    }

    #[test]
    fn credentials_in_an_address_are_found() {
        for url in ["https://user:token@example.com/a", "https://token@example.com/a", "ssh://git:pass@example.com/a"] {
            assert!(has_credentials(url), "{url}");
        }
        for url in ["https://example.com/a@b", "ssh://git@example.com/a", "git@example.com:a"] {
            assert!(!has_credentials(url), "{url}");
        }
    }
}
