//! The review as text for a terminal.

use super::{
    ResourceGroup, Review, Risk,
    details::{self, Detail},
    model::{InstanceState, Remark},
    text::visible,
    wording,
};
use crate::{
    render::{ObjectChange, Sign},
    terraform::Action,
};

/// What a piece of text is, for whoever adds colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A heading.
    Heading,
    /// Something new.
    Added,
    /// Something that changes.
    Changed,
    /// Something that goes.
    Removed,
    /// Something that is lost for good.
    Danger,
    /// What matters less.
    Dim,
}

/// Adds colour. Must not change the text otherwise.
pub trait Paint {
    /// `text` in the colour of `role`.
    fn paint(&self, role: Role, text: &str) -> String;
}

/// No colour.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Paint for Plain {
    fn paint(&self, _: Role, text: &str) -> String {
        text.to_owned()
    }
}

impl Review {
    /// The review as text. Everything has the order of review; nothing is left out.
    pub fn terminal(&self, paint: &dyn Paint) -> String {
        let mut out = Out { text: String::new(), paint };
        out.table(self);
        for failure in &self.failures {
            out.heading(&format!("Failed: {}", visible(&failure.subject)), Role::Danger);
            failure.message.lines().for_each(|line| out.line(&format!("  {}", visible(line))));
        }
        out.failing_checks(self);
        for risk in wording::RISKS {
            out.resources(self, risk);
            out.objects(self, risk);
        }
        out.engines(self);
        out.outputs(self);
        out.stages(self);
        out.drift(self);
        out.unknown_checks(self);
        out.pending(self);
        out.remarks("Why", &self.reasons);
        out.remarks("Notices", &self.notices);
        out.line("");
        out.line(&paint.paint(Role::Heading, &wording::headline(self)));
        out.text.trim_start_matches('\n').to_owned()
    }
}

struct Out<'a> {
    text: String,
    paint: &'a dyn Paint,
}

impl Out<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str, role: Role) {
        self.line("");
        let painted = self.paint.paint(role, heading);
        self.line(&painted);
    }

    fn table(&mut self, review: &Review) {
        if review.environments.iter().all(|environment| environment.instances == 0) {
            return;
        }
        let header = ["environment", "instances", "create", "change", "replace", "destroy", "objects"];
        let mut rows = vec![header.map(str::to_owned)];
        for environment in &review.environments {
            let counts = environment.resources;
            let numbers = [environment.instances, counts.create, counts.change, counts.replace, counts.destroy];
            let [instances, create, change, replace, destroy] =
                numbers.map(|number| if number == 0 { "–".to_owned() } else { number.to_string() });
            let objects = wording::object_counts(environment.objects);
            rows.push([environment.name.clone(), instances, create, change, replace, destroy, objects]);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<_> = (0..header.len()).map(width).collect();
        for (index, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = if index == 0 { self.paint.paint(Role::Dim, &line) } else { line };
            self.line(&line);
        }
    }

    fn entry(&mut self, role: Role, symbol: &str, name: &str, verb: &str, place: &str) {
        let head = self.paint.paint(role, &format!("{symbol} {}", visible(name)));
        let place = self.paint.paint(Role::Dim, place);
        let verb = if verb.is_empty() { String::new() } else { format!(" {verb}") };
        self.line(&format!("  {head}{verb}  {place}"));
    }

    fn details(&mut self, details: &[Detail]) {
        for detail in details {
            let text = match detail {
                Detail::Line(sign, text) => {
                    let role = match sign {
                        Sign::Added => Role::Added,
                        Sign::Removed => Role::Removed,
                        Sign::Same | Sign::Gap => Role::Dim,
                    };
                    let symbol = if *sign == Sign::Gap { ' ' } else { sign.symbol() };
                    self.paint.paint(role, &format!("{symbol} {text}"))
                }
                Detail::Change { path, before, after, note } => {
                    let change = format!(
                        "  {path} = {} → {}",
                        self.paint.paint(Role::Removed, before),
                        self.paint.paint(Role::Added, after)
                    );
                    if note.is_empty() {
                        change
                    } else {
                        format!("{change}  {}", self.paint.paint(Role::Danger, &format!("# {note}")))
                    }
                }
                Detail::Note(note) => self.paint.paint(Role::Dim, &format!("  ({note})")),
            };
            self.line(&format!("    {text}"));
        }
    }

    fn resources(&mut self, review: &Review, risk: Risk) {
        let mut groups = review.resources.iter().filter(|group| group.risk == risk).peekable();
        if groups.peek().is_some() {
            self.heading(wording::risk(risk), role_of(risk));
        }
        groups.for_each(|group| self.resource(group));
    }

    fn resource(&mut self, group: &ResourceGroup) {
        let (symbol, verb) = wording::action(group);
        let role = match group.action {
            _ if group.risk == Risk::StateLost => Role::Danger,
            Action::Create => Role::Added,
            _ if group.action.destroys() => Role::Removed,
            _ => Role::Changed,
        };
        let mut verb = verb.to_owned();
        if group.protected && group.risk == Risk::StateLost {
            verb.push_str(", though protected");
        }
        if let Some(reason) = group.reason.as_deref().and_then(wording::reason) {
            verb = format!("{verb}: {reason}");
        }
        self.entry(role, symbol, &group.address, &verb, &wording::places(&group.instances));
        self.details(&details::resource(group));
    }

    fn stages(&mut self, review: &Review) {
        for stage in &review.stages {
            self.heading(&wording::stage(stage), Role::Heading);
            let note = self.paint.paint(Role::Dim, &wording::stage_note(stage));
            self.line(&format!("  {note}"));
            stage.resources.iter().for_each(|group| self.resource(group));
        }
    }

    fn outputs(&mut self, review: &Review) {
        if review.outputs.is_empty() {
            return;
        }
        self.heading("Outputs", Role::Heading);
        for group in &review.outputs {
            let place = self.paint.paint(Role::Dim, &wording::places(&group.instances));
            self.line(&format!("  {place}"));
            self.details(&details::output(group));
        }
    }

    fn failing_checks(&mut self, review: &Review) {
        let mut groups = review.failing_checks().peekable();
        if groups.peek().is_some() {
            self.heading(wording::CHECKS, Role::Danger);
        }
        for group in groups {
            self.entry(Role::Danger, "!", &group.address, wording::check(group), &wording::places(&group.instances));
            for line in group.problems.iter().flat_map(|problem| problem.lines()) {
                self.line(&format!("      {}", visible(line)));
            }
        }
    }

    fn unknown_checks(&mut self, review: &Review) {
        let groups: Vec<_> = review.checks.iter().filter(|group| !group.fails()).collect();
        if !groups.is_empty() {
            self.heading(wording::UNKNOWN_CHECKS, Role::Heading);
        }
        for group in groups {
            self.entry(Role::Dim, "?", &group.address, "", &wording::places(&group.instances));
        }
    }

    fn engines(&mut self, review: &Review) {
        if !review.engines.is_empty() {
            self.heading("Engine", Role::Heading);
        }
        for change in &review.engines {
            self.entry(Role::Changed, "~", &wording::engine(change), "", &wording::registries(&change.registries));
            self.details(&details::engine(&change.difference));
        }
    }

    fn objects(&mut self, review: &Review, risk: Risk) {
        let mut groups = review.objects.iter().filter(|group| group.risk == risk).peekable();
        if groups.peek().is_some() {
            self.heading(wording::risk_of_objects(risk), role_of(risk));
        }
        for group in groups {
            let (symbol, verb) = wording::object(group.change, group.kept);
            let role = match group.change {
                ObjectChange::Added => Role::Added,
                ObjectChange::Removed => Role::Removed,
                ObjectChange::Changed => Role::Changed,
            };
            let place = format!("{}  {}", wording::registries(&group.registries), visible(&group.file));
            self.entry(role, symbol, &group.object.to_string(), verb, &place);
            self.details(&details::object(group));
        }
    }

    fn drift(&mut self, review: &Review) {
        if review.drift.is_empty() {
            return;
        }
        self.heading("Changed outside Terraform", Role::Heading);
        for group in &review.drift {
            let (symbol, verb) = wording::action(group);
            self.entry(Role::Changed, symbol, &group.address, verb, &wording::places(&group.instances));
            self.details(&details::resource(group));
        }
    }

    fn pending(&mut self, review: &Review) {
        let lines: Vec<_> = review
            .instances
            .iter()
            .filter_map(|summary| {
                let sentence = match &summary.state {
                    InstanceState::Staged { stage, after, unforeseen: Some(reason) } => {
                        format!("{}: {}", wording::unforeseen(*stage, after), visible(reason))
                    }
                    InstanceState::Skipped { reason } => format!("was not planned: {}", visible(reason)),
                    _ => return None,
                };
                Some(format!("  {} {sentence}", summary.instance))
            })
            .collect();
        if !lines.is_empty() {
            self.heading("Not planned yet", Role::Heading);
            lines.iter().for_each(|line| self.line(line));
        }
    }

    fn remarks(&mut self, heading: &str, remarks: &[Remark]) {
        if !remarks.is_empty() {
            self.heading(heading, Role::Heading);
        }
        for Remark { subjects, text } in remarks {
            let subjects =
                if subjects.is_empty() { String::new() } else { format!("{}: ", wording::some_of(subjects)) };
            self.line(&format!("  {}{}", visible(&subjects), visible(text)));
        }
    }
}

fn role_of(risk: Risk) -> Role {
    if risk == Risk::StateLost { Role::Danger } else { Role::Heading }
}
