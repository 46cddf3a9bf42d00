//! The command line itself.

use crate::support::cli::World;

#[test]
fn an_unknown_command_is_a_usage_error() {
    let world = World::new();
    insta::assert_snapshot!(world.kstack(&["plam"]), @"
    --- stderr ---
    error: unrecognized subcommand 'plam'

      tip: a similar subcommand exists: 'plan'

    Usage: kstack [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit code 64 ---
    ");
}
