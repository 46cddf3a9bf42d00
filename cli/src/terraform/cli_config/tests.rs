//! Whose settings end up in the files, and in which order.

use super::{users::Files, *};
use crate::terraform::{Package, Platform};

fn mirror(root: &Path, providers: &[&str]) -> PathBuf {
    let folder = root.join("mirror");
    for provider in providers {
        fs::create_dir_all(folder.join("registry.terraform.io").join(provider)).unwrap();
    }
    folder
}

fn provided(address: &str) -> Provided {
    let package =
        Package { address: address.parse().unwrap(), version: "1.0.0".parse().unwrap(), platform: Platform::current() };
    Provided { package, folder: PathBuf::from("/store") }
}

/// Settles for a user with `files`, writes with what the store provides, and gives what was written.
fn written(mirrors: &[PathBuf], files: &Files, root: &Path, providers: &[&str]) -> String {
    let (path, mirrors) = (root.join("own.rc"), ProviderMirrors::new(mirrors.iter().cloned()));
    let config = CliConfig::settle_for(&mirrors, files, path.clone(), root, true).unwrap();
    assert_eq!(config.file(), Some(path.as_path()));
    let providers: Vec<_> = providers.iter().map(|address| provided(address)).collect();
    config.write(Path::new("/view"), &providers).unwrap();
    fs::read_to_string(path).unwrap().replace(root.canonicalize().unwrap().to_str().unwrap(), "[ROOT]")
}

fn named(root: &Path, text: &str) -> Files {
    let path = root.join("users.rc");
    fs::write(&path, text).unwrap();
    Files { named: Some(path), ..Files::default() }
}

#[test]
fn mirrors_come_first_and_the_registry_serves_the_rest() {
    let root = tempfile::tempdir().unwrap();
    let mirror = mirror(root.path(), &["hashicorp/random", "hashicorp/aws"]);
    insta::assert_snapshot!(written(&[mirror], &Files::default(), root.path(), &[]), @r#"
    provider_installation {
      filesystem_mirror {
        path    = "[ROOT]/mirror"
        include = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
      }
      direct {
        exclude = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
      }
    }
    "#);
}

#[test]
fn what_the_store_provides_comes_from_nowhere_else() {
    let root = tempfile::tempdir().unwrap();
    let mirror = mirror(root.path(), &["hashicorp/random"]);
    let aws = "registry.terraform.io/hashicorp/aws";
    insta::assert_snapshot!(written(&[mirror], &Files::default(), root.path(), &[aws]), @r#"
    provider_installation {
      filesystem_mirror {
        path    = "/view"
        include = ["registry.terraform.io/hashicorp/aws"]
      }
      filesystem_mirror {
        path    = "[ROOT]/mirror"
        include = ["registry.terraform.io/hashicorp/random"]
        exclude = ["registry.terraform.io/hashicorp/aws"]
      }
      direct {
        exclude = ["registry.terraform.io/hashicorp/random", "registry.terraform.io/hashicorp/aws"]
      }
    }
    "#);
}

#[test]
fn commands_that_only_read_take_packages_as_the_store_has_them() {
    let root = tempfile::tempdir().unwrap();
    let files = named(root.path(), "credentials \"app.example.com\" {\n  token = \"t\"\n}\n");
    let written = |providers: &[&str]| {
        written(&[], &files, root.path(), providers);
        fs::read_to_string(root.path().join("reading.rc")).unwrap()
    };
    let providers = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"];
    insta::assert_snapshot!(written(&providers), @r#"
    credentials "app.example.com" {
      token = "t"
    }
    provider_installation {
      dev_overrides {
        "registry.terraform.io/hashicorp/aws"    = "/store"
        "registry.terraform.io/hashicorp/random" = "/store"
      }
      filesystem_mirror {
        path    = "/view"
        include = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
      }
      direct {
        exclude = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
      }
    }
    "#);
    let none = written(&[]);
    assert_eq!(none, fs::read_to_string(root.path().join("own.rc")).unwrap(), "nothing to take as it is");
}

#[test]
fn only_overrides_of_our_own_are_not_told() {
    let warning = |severity, summary: &str| Diagnostic {
        severity,
        summary: summary.to_owned(),
        detail: String::new(),
        address: None,
        range: None,
        snippet: None,
    };
    let root = tempfile::tempdir().unwrap();
    let settle = |with_store| {
        let files = Files::default();
        CliConfig::settle_for(&ProviderMirrors::none(), &files, root.path().join("rc"), root.path(), with_store)
    };
    let (own, users) = (settle(true).unwrap(), settle(false).unwrap());
    assert!(own.is_of_overrides(&warning(Severity::Warning, OVERRIDDEN)));
    assert!(!users.is_of_overrides(&warning(Severity::Warning, OVERRIDDEN)));
    assert!(!own.is_of_overrides(&warning(Severity::Error, OVERRIDDEN)));
    assert!(!own.is_of_overrides(&warning(Severity::Warning, "Deprecated attribute")));
}

#[test]
fn the_users_own_methods_serve_what_the_store_does_not() {
    let root = tempfile::tempdir().unwrap();
    let files = named(
        root.path(),
        "plugin_cache_dir = \"/tmp/cache\"\n# keep\ncredentials \"app.example.com\" {\n  token = \"t\"\n}\n\
         provider_installation {\n  network_mirror {\n    \
         url = \"https://mirror.example.com/\"\n    include = [\"a.example.com/*/*\"]\n  }\n  direct {\n    \
         exclude = [\"a.example.com/*/*\"]\n  }\n}\n",
    );
    let random = "registry.terraform.io/hashicorp/random";
    let text = written(&[], &files, root.path(), &[random]);
    insta::assert_snapshot!(text, @r#"

    # keep
    credentials "app.example.com" {
      token = "t"
    }

    provider_installation {
      filesystem_mirror {
        path    = "/view"
        include = ["registry.terraform.io/hashicorp/random"]
      }
      network_mirror {
        url     = "https://mirror.example.com/"
        include = ["a.example.com/*/*"]
        exclude = ["registry.terraform.io/hashicorp/random"]
      }
      direct {
        exclude = ["a.example.com/*/*", "registry.terraform.io/hashicorp/random"]
      }
    }
    "#);
    let text = written(&[], &files, root.path(), &[]);
    assert!(text.contains("  direct {\n    exclude = [\"a.example.com/*/*\"]\n  }\n"), "{text}");
    // What a mirror folder of ours has replaces them.
    let mirror = mirror(root.path(), &["hashicorp/random"]);
    let text = written(&[mirror], &files, root.path(), &[]);
    assert!(text.contains("# keep\ncredentials \"app.example.com\" {\n  token = \"t\"\n}"), "{text}");
    assert!(!text.contains("network_mirror"), "{text}");
}

#[test]
fn folders_of_plugins_that_nobody_named_still_count() {
    let root = tempfile::tempdir().unwrap();
    let plugins = root.path().join(".terraform.d/plugins/registry.terraform.io/me/mine");
    fs::create_dir_all(plugins).unwrap();
    let files = Files { config_folder: Some(root.path().join(".terraform.d")), ..Files::default() };
    assert_eq!(written(&[], &files, root.path(), &[]), "", "Terraform does so by itself");
    insta::assert_snapshot!(written(&[], &files, root.path(), &["registry.terraform.io/hashicorp/aws"]), @r#"
    provider_installation {
      filesystem_mirror {
        path    = "/view"
        include = ["registry.terraform.io/hashicorp/aws"]
      }
      filesystem_mirror {
        path    = "[ROOT]/.terraform.d/plugins"
        exclude = ["registry.terraform.io/hashicorp/aws"]
      }
      direct {
        exclude = ["registry.terraform.io/me/mine", "registry.terraform.io/hashicorp/aws"]
      }
    }
    "#);
    fs::write(root.path().join(".terraform.d/a.tfrc"), "disable_checkpoint = true\n").unwrap();
    assert_eq!(written(&[], &files, root.path(), &[]), "disable_checkpoint = true\n");
}

#[test]
fn a_file_that_is_not_understood_stays_in_force() {
    let root = tempfile::tempdir().unwrap();
    for text in [
        "provider_installation = 1 {",
        "provider_installation {\n  direct {}\n}\nprovider_installation {\n  direct {}\n}\n",
        "provider_installation {\n  direct {\n    include = var.x\n  }\n}\n",
        "provider_installation {\n  dev_overrides {\n    \"me/mine\" = \"/dev/mine\"\n  }\n  direct {}\n}\n",
        "provider_installation {\n  direct {\n    nested {\n    }\n  }\n}\n",
    ] {
        let files = named(root.path(), text);
        let config =
            CliConfig::settle_for(&ProviderMirrors::none(), &files, root.path().join("own"), root.path(), true);
        let config = config.unwrap();
        assert!(matches!(&config, CliConfig::Users { named } if *named == files.named), "{text}: {config:?}");
        assert!(config.offers().is_none());
    }
    let files = Files { config_folder: Some(root.path().to_owned()), ..Files::default() };
    fs::write(root.path().join("settings.tfrc.json"), "{}").unwrap();
    let config = CliConfig::settle_for(&ProviderMirrors::none(), &files, root.path().join("own"), root.path(), true);
    assert!(matches!(config.unwrap(), CliConfig::Users { named: None }));
}

#[test]
fn without_mirrors_and_store_only_a_file_that_does_not_exist_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("terraform.rc");
    let settle = |files: &Files| {
        CliConfig::settle_for(&ProviderMirrors::none(), files, path.clone(), root.path(), false).unwrap()
    };
    assert!(matches!(settle(&Files::default()), CliConfig::Users { named: None }));
    let users = named(root.path(), "");
    assert!(matches!(settle(&users), CliConfig::Users { named } if named == users.named));
    let missing = settle(&Files { named: Some("/nowhere/rc".into()), ..Files::default() });
    missing.write(Path::new("/view"), &[]).unwrap();
    assert_eq!((missing.file(), fs::read_to_string(&path).unwrap().as_str()), (Some(path.as_path()), ""));
}

#[test]
fn a_mirror_that_does_not_exist_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let mirrors = ProviderMirrors::new([PathBuf::from("/nowhere/mirror")]);
    let error = CliConfig::settle_for(&mirrors, &Files::default(), root.path().join("rc"), root.path(), true);
    assert_eq!(error.unwrap_err().to_string(), "cannot use the mirror `/nowhere/mirror`");
}
