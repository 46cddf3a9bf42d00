//! A platform of many stacks that share forty modules; the same on every machine.

use std::collections::BTreeSet;

use super::repository::Files;

const MODULES: usize = 40;

/// The platform of `stacks` stacks, and those that use module `m07`. Each stack calls one to three of the modules, chosen by a
/// fixed sequence.
pub fn platform(stacks: usize) -> (Files, BTreeSet<String>) {
    let mut files = Files::platform(&[]);
    for module in 0..MODULES {
        let text = format!(
            "variable \"name\" {{\n  type = string\n}}\n\nresource \"terraform_data\" \"this\" {{\n  input = \"m{module:02}-${{var.name}}\"\n}}\n\noutput \"value\" {{\n  value = terraform_data.this.output\n}}\n"
        );
        files = files.with(&format!("modules/m{module:02}/main.tf"), &text);
    }
    let mut state = 7_u64;
    let mut next = |below: usize| {
        // Knuth's linear congruential generator: the same platform on every machine.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut users = BTreeSet::new();
    for stack in 0..stacks {
        let name = format!("s{stack:04}");
        let mut text = format!(
            "terraform {{\n  required_version = \">= 1.5\"\n}}\n\nresource \"terraform_data\" \"own\" {{\n  input = \"{name}\"\n}}\n"
        );
        let modules = (0..=next(3)).map(|_| next(MODULES)).collect::<BTreeSet<_>>();
        for module in &modules {
            text += &format!(
                "\nmodule \"m{module:02}\" {{\n  source = \"../../modules/m{module:02}\"\n  name   = \"{name}\"\n}}\n"
            );
        }
        if modules.contains(&7) {
            users.insert(name.clone());
        }
        files = files.with(&format!("infra/{name}/main.tf"), &text);
    }
    (files, users)
}
