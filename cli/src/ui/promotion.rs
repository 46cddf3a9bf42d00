//! How `kstack promote` is laid out.

use super::{Table, Ui, status};
use crate::{
    pipeline::{Promotion, Rule, RuleState},
    repo::CommitId,
};

/// Where a commit would go, what must hold for it, and what is to be applied there.
pub fn show(ui: &Ui, promotion: &Promotion) {
    let styles = *ui.styles();
    for notice in &promotion.notices {
        ui.warn(notice);
    }
    let (short, environment) = (promotion.commit.short(), &promotion.environment);
    let from = promotion.previous.as_ref().map(|previous| format!("{previous} → ")).unwrap_or_default();
    ui.data(&styles.bold(format!("{short}: {from}{environment}")));
    let mut table = Table::new(styles, &["RULE", "HOLDS", "FOUND"]);
    for check in &promotion.rules {
        let rule = match check.rule {
            Rule::Merged => "merged",
            Rule::Delivered => "delivered",
            Rule::Healthy => "healthy",
            Rule::Planned => "planned",
        };
        let holds = match check.state {
            RuleState::Holds => styles.good("yes"),
            RuleState::Broken => styles.error("no"),
            RuleState::Unknown => styles.warning("unknown"),
        };
        table.row([rule.to_owned(), holds, check.says.clone()]);
    }
    ui.data(&table.render());
    if !promotion.instances.is_empty() {
        ui.data(&format!("\n{}", status::infrastructure(styles, &promotion.instances)));
    }
}

/// The commands that promote.
pub fn commands(tag: &str, commit: CommitId, message: &str, remote: &str) -> String {
    format!(
        "\nTo promote it, run this, or the same command with `--push`:\n\n  git tag --annotate --message {} {} {}\n  git push {} {}",
        quoted(message),
        quoted(tag),
        commit.short(),
        quoted(remote),
        quoted(&format!("refs/tags/{tag}")),
    )
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
