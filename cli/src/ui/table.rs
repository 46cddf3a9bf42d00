//! Plain aligned tables: two spaces between columns, a bold header, no lines.

use comfy_table::presets::NOTHING;

use super::Styles;

/// A table under construction.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with these column names.
    pub fn new(styles: Styles, header: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING);
        table.set_header(header.iter().map(|name| styles.bold(name)));
        Self(table)
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells.into_iter().collect::<Vec<_>>());
    }

    /// The text, without trailing spaces.
    pub fn render(&mut self) -> String {
        let columns = self.0.column_count();
        for index in 0..columns {
            if let Some(column) = self.0.column_mut(index) {
                column.set_padding((0, 2));
            }
        }
        self.0.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }
}
