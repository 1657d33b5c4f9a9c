//! What the client is told of a call while it is under way, where it asked to be told.

use edge::mcp::Frames;
use mcp::{Progress, ToolCall};

/// The progress of one call. What nobody wants to hear is not even put into words.
pub(crate) struct Report<'a> {
    told: &'a Frames,
    progress: Option<Progress>,
}

impl<'a> Report<'a> {
    /// That of this call.
    pub(crate) fn of(call: &ToolCall, told: &'a Frames) -> Self {
        Self { told, progress: call.context().progress() }
    }

    /// Says that `done` of `total` is done, and in words what comes now. `done` has to increase from step to step.
    pub(crate) fn step(&mut self, done: f64, total: Option<f64>, words: impl FnOnce() -> String) {
        if let Some(progress) = &mut self.progress {
            self.told.send(progress.step(done, total, Some(&words())));
        }
    }
}
