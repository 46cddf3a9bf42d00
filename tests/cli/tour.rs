//! What `kstack try` refuses before it makes anything.

use crate::support::cli::World;

#[test]
fn nothing_is_made_where_a_program_or_the_folder_is_missing() {
    let mut world = World::new();
    insta::assert_snapshot!(world.kstack(&["try"]), @"
    --- stderr ---
    error: cannot run the `git` program
      caused by: No such file or directory (os error 2)

    hint: install Git, or add it to `PATH`
    --- exit code 1 ---
    ");
    world.install("git");
    insta::assert_snapshot!(world.kstack(&["try"]), @"
    --- stderr ---
    error: cannot find `terraform` or `tofu`

    hint: install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu (https://opentofu.org/docs/intro/install/)
    hint: name the program with `KSTACK_TERRAFORM`, or put `terraform` or `tofu` on `PATH`
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
    world.write("kstack-try/mine", "");
    world.filter(r"\btry[0-9a-f]{4}\b", "try[HASH]");
    insta::assert_snapshot!(world.kstack(&["try"]), @"
    --- stderr ---
    error: `[WORLD]/work/kstack-try` is there already

    hint: name another folder: `kstack try DIR`
    hint: or remove what an earlier try made: `kstack sandbox down try[HASH]-ops-local`
    hint: or remove what an earlier try made: `rm -r [WORLD]/work/kstack-try [WORLD]/work/kstack-try.git`
    --- exit code 1 ---
    ");
}
