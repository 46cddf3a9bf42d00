//! Progress of long work: one line per running task on a terminal, nothing elsewhere.

use std::{borrow::Cow, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The area of the terminal where running tasks show. Clones share it.
#[derive(Debug, Clone)]
pub struct Progress {
    area: MultiProgress,
    shown: bool,
}

impl Progress {
    pub(super) fn new(shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { area: MultiProgress::with_draw_target(target), shown }
    }

    /// Whether anything is drawn: otherwise callers print a status line per finished step instead.
    pub fn is_shown(&self) -> bool {
        self.shown
    }

    /// Starts a task called `name`; its line goes away when the task is dropped.
    pub fn task(&self, name: impl Into<Cow<'static, str>>) -> Task {
        let bar = self.area.add(ProgressBar::new_spinner());
        // The template is a constant that indicatif accepts; a plain bar is the fallback all the same.
        let style = ProgressStyle::with_template("{spinner:.cyan} {prefix} {wide_msg:.dim} {elapsed:.dim}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        bar.set_prefix(name);
        if self.shown {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Task { bar }
    }

    /// Runs `print` with the area out of the way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.area.suspend(print)
    }

    pub(super) fn clear(&self) {
        // Clearing fails only when the terminal is gone.
        let _ = self.area.clear();
    }
}

/// A running task's line.
#[derive(Debug)]
pub struct Task {
    bar: ProgressBar,
}

impl Task {
    /// What the task is doing now.
    pub fn message(&self, message: impl Into<Cow<'static, str>>) {
        self.bar.set_message(message);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
