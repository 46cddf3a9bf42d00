//! Attacks through files, each a pull request of its own.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{DATA, Lab};

/// What a program of an attack does, as an argument list for `external` and `interpreter`.
fn program(lab: &Lab) -> String {
    format!("[\"/bin/sh\", \"-c\", \"echo {{}}; : > '{}'\"]", lab.canary().display())
}

#[test]
fn a_program_or_a_request_while_planning_is_refused() {
    let lab = Lab::new("");
    let run = program(&lab);
    lab.repository.stack(
        "net",
        &format!(
            "{DATA}\ndata \"external\" \"x\" {{\n  program = {run}\n}}\n\ndata \"http\" \"x\" {{\n  url = \"http://127.0.0.1:1\"\n}}\n"
        ),
    );
    insta::assert_snapshot!(lab.refused(), @"
    - `infra/net/main.tf:13`: data `external.x` runs a program while planning (external): to trust it, add `external:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    - `infra/net/main.tf:17`: data `http.x` asks a server while planning (http): to trust it, add `http:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    ");
    // In JSON, in a module below a module, and in the file of OpenTofu, it is the same.
    lab.repository.stack("net", &format!("{DATA}\nmodule \"a\" {{\n  source = \"../../modules/a\"\n}}\n"));
    lab.repository.write("modules/a/main.tf", "module \"b\" {\n  source = \"./b\"\n}\n");
    lab.repository.write(
        "modules/a/b/main.tf.json",
        &serde_json::json!({"data": {"external": {"x": {"program": ["touch", lab.canary()]}}}}).to_string(),
    );
    lab.repository.write("modules/a/b/more.tofu", &format!("data \"external\" \"y\" {{\n  program = {run}\n}}\n"));
    insta::assert_snapshot!(lab.refused(), @"
    - `modules/a/b/main.tf.json`: data `external.x` runs a program while planning (external): to trust it, add `external:modules/a/b/main.tf.json` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    - `modules/a/b/more.tofu:1`: data `external.y` runs a program while planning (external): to trust it, add `external:modules/a/b/more.tofu` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    ");
}

#[test]
fn a_provisioner_is_refused_until_the_base_branch_has_it_or_allows_it() {
    let lab = Lab::new("");
    let run = program(&lab);
    let stack = format!(
        "resource \"terraform_data\" \"a\" {{\n  provisioner \"local-exec\" {{\n    interpreter = {run}\n    command     = \"x\"\n  }}\n}}\n"
    );
    lab.repository.stack("net", &stack);
    insta::assert_snapshot!(lab.refused(), @"- `infra/net/main.tf:10`: provisioner `local-exec` of `terraform_data.a` runs a program on the machine that applies (local-exec): to trust it, add `local-exec:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to");

    // Allowed by the change itself: that is none.
    let platform = lab.repository.world.read("kstack.hcl");
    lab.repository.write("kstack.hcl", &platform.replace("policy {", "policy {\n  allow = [\"local-exec\"]"));
    insta::assert_snapshot!(lab.refused(), @"- `infra/net/main.tf:10`: provisioner `local-exec` of `terraform_data.a` runs a program on the machine that applies (local-exec): to trust it, add `local-exec:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to");

    // Reviewed and merged it is as good as any other code, as long as it stays as it is.
    lab.repository.git(&["switch", "--quiet", "main"]);
    lab.repository.git(&["merge", "--quiet", "change"]);
    lab.repository.git(&["switch", "--quiet", "--create", "next"]);
    lab.repository.write("environments/ops.tfvars", "environment = \"ops\"\n# another\n");
    lab.repository.commit("Touch the environment");
    let ran = lab.pull_request(&[]).done();
    assert!(ran.stdout.contains("terraform_data.a"), "{ran}");
    // A plan runs no provisioner.
    assert!(!lab.canary().exists());
}

#[test]
fn a_provider_that_is_not_allowed_is_refused_wherever_it_is_named() {
    let lab = Lab::new("  providers = [\"hashicorp/random\"]\n");
    rogue(&lab);
    let attempts = [
        // In `required_providers`, of the stack and of a module of a module.
        (
            "infra/net/providers.tf",
            "terraform {\n  required_providers {\n    rogue = { source = \"evil/rogue\" }\n  }\n}\n",
        ),
        // Under the name of one that is allowed.
        (
            "infra/net/providers.tf",
            "terraform {\n  required_providers {\n    random = { source = \"evil.example.com/hashicorp/random\" }\n  }\n}\n",
        ),
        // Only implied by a resource.
        ("infra/net/more.tf", "resource \"null_resource\" \"x\" {}\n"),
        // In the lock file alone.
        (
            "infra/net/.terraform.lock.hcl",
            "provider \"registry.terraform.io/evil/rogue\" {\n  version = \"1.0.0\"\n  hashes  = [\"h1:AAAA\"]\n}\n",
        ),
        (
            "infra/net/more.tf.json",
            "{\"terraform\": [{\"required_providers\": [{\"rogue\": {\"source\": \"registry.terraform.io/evil/rogue\"}}]}]}",
        ),
    ];
    let told = attempts.map(|(path, text)| {
        lab.repository.write(path, text);
        let told = lab.refused();
        fs::remove_file(lab.repository.world.work().join(path)).unwrap();
        told
    });
    insta::assert_snapshot!(told.join("\n"), @"
    - `infra/net/providers.tf:3`: the platform does not allow provider `evil/rogue` (provider): to trust it, add `evil/rogue` to `policy.providers` of `kstack.hcl` on the branch that this goes to
    - `infra/net/providers.tf:3`: the platform does not allow provider `evil.example.com/hashicorp/random` (provider): to trust it, add `evil.example.com/hashicorp/random` to `policy.providers` of `kstack.hcl` on the branch that this goes to
    - `infra/net/more.tf`: the platform does not allow provider `hashicorp/null` (provider): to trust it, add `hashicorp/null` to `policy.providers` of `kstack.hcl` on the branch that this goes to
    - `infra/net/.terraform.lock.hcl:1`: the platform does not allow provider `evil/rogue` (provider): to trust it, add `evil/rogue` to `policy.providers` of `kstack.hcl` on the branch that this goes to
    - `infra/net/more.tf.json`: the platform does not allow provider `evil/rogue` (provider): to trust it, add `evil/rogue` to `policy.providers` of `kstack.hcl` on the branch that this goes to
    ");
}

/// A program in a mirror folder that writes the canary when it is started, and the settings to find it.
fn rogue(lab: &Lab) {
    let root = lab.repository.world.root();
    let folder = root.join("mirror/registry.terraform.io/evil/rogue/1.0.0/linux_amd64");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("terraform-provider-rogue_v1.0.0");
    fs::write(&program, format!("#!/bin/sh\n: > '{}'\n", lab.canary().display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(
        root.join("home/.terraformrc"),
        format!("provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n", root.join("mirror")),
    )
    .unwrap();
}

/// The canary is one: without the guard, the fake provider would be started.
#[test]
fn the_canary_sings_where_nothing_stops_it() {
    let lab = Lab::new("  allow = [\"external\", \"local-exec\"]\n");
    rogue(&lab);
    lab.repository.stack(
        "net",
        "terraform {\n  required_providers {\n    rogue = { source = \"evil/rogue\" }\n  }\n}\n\nresource \"rogue_x\" \"x\" {}\n",
    );
    lab.repository.commit("Use another provider");
    let ran = lab.pull_request(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(lab.canary().exists(), "the stand-in of a rogue provider was never started:\n{ran}");
}

#[test]
fn a_module_from_elsewhere_is_refused_unless_the_base_branch_allows_it() {
    let lab = Lab::new("  modules = [\"acme/*\"]\n");
    lab.repository.stack(
        "net",
        &format!(
            "{DATA}\nmodule \"a\" {{\n  source = \"git::https://evil.example.com/a.git\"\n}}\n\n\
             module \"b\" {{\n  source = \"evil/b/aws\"\n}}\n\nmodule \"c\" {{\n  source = var.environment\n}}\n\n\
             module \"d\" {{\n  source = \"acme/d/aws\"\n}}\n"
        ),
    );
    insta::assert_snapshot!(lab.refused(), @"
    - `infra/net/main.tf:14`: module `a` comes from `git::https://evil.example.com/a.git` (remote-module): copy it into `modules/`, or add `git::https://evil.example.com/a.git` to `policy.modules` of `kstack.hcl` on the branch that this goes to
    - `infra/net/main.tf:18`: module `b` comes from `evil/b/aws` (remote-module): copy it into `modules/`, or add `evil/b/aws` to `policy.modules` of `kstack.hcl` on the branch that this goes to
    - `infra/net/main.tf:22`: where module `c` comes from is computed (remote-module): write its source as a text
    ");
}

#[test]
fn names_that_look_like_options_or_commands_are_refused() {
    let lab = Lab::new("");
    lab.repository.write("infra/net/-var-file=evil.tfvars", "");
    lab.repository.write("environments/$(touch canary).tfvars", "");
    lab.repository.write("modules/a;b/main.tf", "");
    lab.repository.commit("Attack");
    let ran = lab.pull_request(&[]);
    assert_eq!((ran.code, lab.ran()), (Some(1), false), "{ran}");
    // `kstack validate` has an opinion on environments already; the guard speaks of the rest.
    insta::assert_snapshot!(ran, @"
    --- stderr ---
    error: the platform has a problem

    error: there is no environment `$(touch canary)` in `kstack.hcl`
     --> environments/$(touch canary).tfvars:1:1
      |
    1 |
      | ^
    --- exit code 1 ---
    ");
    fs::remove_file(lab.repository.world.work().join("environments/$(touch canary).tfvars")).unwrap();
    insta::assert_snapshot!(lab.refused(), @"
    - `infra/net/-var-file=evil.tfvars`: `-var-file=evil.tfvars` looks like an option (name): give it another name
    - `modules/a;b/main.tf`: `a;b` has characters that a shell acts on (name): give it another name
    ");

    let lab = Lab::new("");
    lab.repository.stack("a;touch canary", DATA);
    lab.repository.commit("Attack");
    let ran = lab.pull_request(&[]);
    assert_eq!((ran.code, lab.ran()), (Some(1), false), "{ran}");
    insta::assert_snapshot!(ran, @"
    --- stderr ---
    error: the platform has a problem

    error: `a;touch canary` is not a valid stack name: only lower-case letters, digits and `-` are allowed
     --> infra/a;touch canary/main.tf:1:1
      |
    1 | terraform {
      | ^
      |
    help: rename the folder
    --- exit code 1 ---
    ");

    let lab = Lab::new("");
    let platform = lab.repository.world.read("kstack.hcl");
    lab.repository
        .write("kstack.hcl", &platform.replace("environment \"apps\"", "environment \"-var=x $(touch canary)\""));
    lab.repository.commit("Attack");
    let ran = lab.pull_request(&[]);
    assert_eq!((ran.code, lab.ran()), (Some(1), false), "{ran}");
    insta::assert_snapshot!(ran, @r#"
    --- stderr ---
    error: the platform has a problem

    error: `-var=x $(touch canary)` is not a valid environment name: only lower-case letters, digits and `-` are allowed
      --> kstack.hcl:15:13
       |
    15 | environment "-var=x $(touch canary)" {
       |             ^^^^^^^^^^^^^^^^^^^^^^^^
    --- exit code 1 ---
    "#);
}

#[test]
fn links_are_refused() {
    let lab = Lab::new("");
    let work = lab.repository.world.work();
    fs::create_dir_all(work.join("elsewhere/evil")).unwrap();
    fs::write(work.join("elsewhere/evil/main.tf"), DATA).unwrap();
    std::os::unix::fs::symlink("../elsewhere/evil", work.join("infra/evil")).unwrap();
    lab.repository.write(
        "infra/evil/../../elsewhere/evil/main.tf",
        "terraform {\n  backend \"local\" {}\n}\n\nvariable \"environment\" {\n  type = string\n}\n",
    );
    insta::assert_snapshot!(lab.refused(), @"- `infra/evil`: a link stands where a folder of its own should (link): to trust it, add `link:infra/evil` to `policy.allow` of `kstack.hcl` on the branch that this goes to");

    let lab = Lab::new("");
    std::os::unix::fs::symlink("/etc/passwd", lab.repository.world.work().join("infra/net/more.tf")).unwrap();
    lab.repository.commit("Attack");
    let ran = lab.pull_request(&[]);
    assert_eq!((ran.code, lab.ran()), (Some(1), false), "{ran}");
    insta::assert_snapshot!(ran, @"
    --- stderr ---
    error: `infra/net/more.tf` leads out of the repository
    --- exit code 1 ---
    ");
}

#[test]
fn what_terraform_reads_by_itself_is_refused_or_told() {
    let lab = Lab::new("");
    lab.repository.write("infra/net/.terraform/environment", "evil");
    lab.repository.write("infra/net/terraform.d/plugins/x", "");
    lab.repository.write(".terraformrc", "");
    lab.repository.write("infra/net/x.auto.tfvars", "environment = \"evil\"\n");
    lab.repository.git(&["add", "--force", "--all"]);
    insta::assert_snapshot!(lab.refused(), @"
    - `infra/net/.terraform/environment`: `.terraform` would change where providers come from, or which state is used (terraform-settings): remove it: kstack writes such settings itself
    - `.terraformrc`: `.terraformrc` would change where providers come from, or which state is used (terraform-settings): remove it: kstack writes such settings itself
    - `infra/net/terraform.d/plugins/x`: `terraform.d` would change where providers come from, or which state is used (terraform-settings): remove it: kstack writes such settings itself
    ");
    lab.repository.git(&["rm", "-r", "--quiet", "infra/net/.terraform", "infra/net/terraform.d", ".terraformrc"]);
    lab.repository.commit("Leave the rest");
    let ran = lab.pull_request(&[]).done();
    insta::assert_snapshot!(super::section(&ran.stdout, "Policy warnings"), @"- `infra/net/x.auto.tfvars`: Terraform takes these values in every environment without being told to (quiet-file)");
}

#[test]
fn files_and_addresses_outside_are_refused() {
    let lab = Lab::new("");
    lab.repository.stack(
        "net",
        "resource \"terraform_data\" \"a\" {\n  input = file(\"/etc/passwd\")\n}\n\nresource \"terraform_data\" \"b\" {\n  \
         input = templatefile(\"${path.module}/../../../secret\", {})\n}\n\nprovider \"terraform\" {\n  endpoints {\n    x = \
         \"http://127.0.0.1:1\"\n  }\n}\n\nprovider \"kubernetes\" {\n  host = \"https://127.0.0.1\"\n  exec {\n    command = \"sh\"\n  }\n}\n",
    );
    insta::assert_snapshot!(lab.refused(), @"
    - `infra/net/main.tf:10`: `/etc/passwd` is outside of the repository (outside-file): to trust it, add `outside-file:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    - `infra/net/main.tf:14`: `infra/net/./../../../secret` is outside of the repository (outside-file): to trust it, add `outside-file:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    - `infra/net/main.tf:17`: another address for provider `terraform` sends a provider, and its credentials, to another address (provider-endpoint): to trust it, add `provider-endpoint:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    - `infra/net/main.tf:23`: `exec` of provider `kubernetes` lets a provider run a program to get credentials (provider-exec): to trust it, add `provider-exec:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to
    ");
}
