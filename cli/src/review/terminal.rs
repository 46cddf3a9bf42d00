//! The review as text for a terminal.

use super::{
    Review,
    details::{Detail, Extent},
    outline::{Change, Entry, Kind, Section, outline},
    text::visible,
    wording,
};
use crate::render::Sign;

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
        let sections = outline(self, Extent::SHORT);
        // What is read first on a terminal is its end.
        let (last, first): (Vec<_>, Vec<_>) = sections.iter().partition(|section| section.kind == Kind::Notices);
        first.into_iter().chain(last).for_each(|section| out.section(section));
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
            let name =
                if environment.preview { format!("{} (preview)", environment.name) } else { environment.name.clone() };
            rows.push([name, instances, create, change, replace, destroy, objects]);
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

    fn section(&mut self, section: &Section) {
        let role = if section.kind.is_alarming() { Role::Danger } else { Role::Heading };
        self.heading(if section.kind == Kind::Reasons { "Why" } else { &section.heading }, role);
        for entry in &section.entries {
            match entry {
                Entry::Change(change) => self.change(section.kind, change),
                Entry::Lead(text) => {
                    let text = self.paint.paint(Role::Dim, &visible(text));
                    self.line(&format!("  {text}"));
                }
                Entry::Sentence { subjects, joint, text } => {
                    let joint = if subjects.is_empty() { "" } else { joint };
                    self.line(&format!("  {}{joint}{}", visible(&wording::some_of(subjects)), visible(text)));
                }
            }
        }
    }

    fn change(&mut self, kind: Kind, change: &Change) {
        let places = self.paint.paint(Role::Dim, &change.places());
        // The details of an output begin with its name.
        if kind == Kind::Outputs {
            self.line(&format!("  {places}"));
        } else {
            let head = self.paint.paint(change.role, &format!("{} {}", change.symbol, visible(&change.name)));
            let said = match change.said() {
                said if said.is_empty() => said,
                said => format!(" {said}"),
            };
            let file = change.file.as_ref().map(|file| self.paint.paint(Role::Dim, &format!("  {}", visible(file))));
            self.line(&format!("  {head}{said}  {places}{}", file.unwrap_or_default()));
        }
        self.details(&change.details);
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
                Detail::Text(text) => format!("  {text}"),
            };
            self.line(&format!("    {text}"));
        }
    }
}
