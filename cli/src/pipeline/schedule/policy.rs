//! What starts when: the frontier of the graph under the limits. Pure; the time is that since the run began.

use std::time::Duration;

use super::{Frontier, Graph, Hold, Limiter, Reading};

/// The decisions of one run.
#[derive(Debug)]
pub struct Policy<'a> {
    frontier: Frontier<'a>,
    limiter: Limiter,
    running: usize,
}

impl<'a> Policy<'a> {
    /// The decisions of a run through `graph` within `limiter`.
    pub fn new(graph: &'a Graph, limiter: Limiter) -> Self {
        Self { frontier: Frontier::new(graph), limiter, running: 0 }
    }

    /// How many run.
    #[cfg(test)]
    pub fn running(&self) -> usize {
        self.running
    }

    /// The task to start now, if there is one that may; or why none may, if that should be told.
    pub fn start(&mut self, now: Duration) -> Result<Option<usize>, Hold> {
        if !self.frontier.has_ready() {
            return Ok(None);
        }
        match self.limiter.admit(now, self.running) {
            Ok(()) => {
                self.running += 1;
                Ok(self.frontier.start())
            }
            Err(None) => Ok(None),
            Err(Some(hold)) => Err(hold),
        }
    }

    /// A task is over. Returns those that can never start now.
    pub fn finish(&mut self, task: usize, ok: bool) -> Vec<usize> {
        self.running -= 1;
        self.limiter.finished();
        self.frontier.finish(task, ok)
    }

    /// Takes in what was measured.
    pub fn observe(&mut self, now: Duration, reading: Reading) {
        self.limiter.observe(now, reading, self.running, self.frontier.has_ready());
    }

    /// A cloud answered that it is asked too often. Says so when fewer may run because of it.
    pub fn throttled(&mut self, now: Duration) -> Option<Hold> {
        self.limiter.throttled(now, self.running)
    }

    /// Gives up what has not started, and returns it.
    pub fn abandon(&mut self) -> Vec<usize> {
        self.frontier.abandon()
    }
}
