//! The command line itself.

use crate::support::cli::World;

#[test]
fn an_unknown_command_is_a_usage_error() {
    let world = World::new();
    insta::assert_snapshot!(world.kstack(&["plam"]), @r"
    --- stderr ---
    error: unrecognized subcommand 'plam'

      tip: some similar subcommands exist: 'explain', 'plan'

    Usage: kstack [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit code 64 ---
    ");
}
