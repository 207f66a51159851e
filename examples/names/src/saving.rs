//! A run's checkpoints: now and then while it trains, and whatever ends it.

use std::path::Path;
use std::time::{Duration, Instant};

use microgpt::checkpoint::CheckpointError;
use microgpt::{Checkpoint, Gpt, Real};

use super::args::Args;
use super::output::about;
use super::report::Report;

/// A state is kept in memory after so many steps, or so much time: should the numbers go bad, it
/// is the last good one.
const KEEP_STEPS: usize = 100;
const KEEP_TIME: Duration = Duration::from_secs(1);
/// A disk that is full may have room a moment later.
const SECOND_TRY: Duration = Duration::from_secs(1);

/// Saves the states of one training, if it was asked to.
pub struct Saving<'a, T> {
    path: Option<&'a Path>,
    every: Option<usize>,
    after: Duration,
    /// When the file was last written.
    written: Instant,
    /// When a state was last kept, and the number of its step.
    kept: (Instant, usize),
    /// A state whose loss is not known yet, and whether it is to be written.
    unproven: Option<(Checkpoint<Gpt, T>, bool)>,
    /// The last state that had a finite loss.
    good: Option<Checkpoint<Gpt, T>>,
    /// The step of the file, if this run has written it.
    in_file: Option<usize>,
    failed: bool,
}

/// How the steps ended.
pub enum End {
    /// All were made, or they were stopped.
    Well,
    /// Something else than the numbers went wrong.
    Failed(String),
    /// The numbers went bad.
    Diverged(String),
}

impl<'a, T: Real> Saving<'a, T> {
    pub fn new(args: &'a Args, step: usize) -> Self {
        let now = Instant::now();
        Self {
            path: args.save.as_deref(),
            every: args.save_every,
            after: args.save_after,
            written: now,
            kept: (now, step),
            unproven: None,
            good: None,
            in_file: None,
            failed: false,
        }
    }

    /// After each step, whose loss was finite. What is written is the state before it: of the
    /// state after it nobody knows yet whether it is any good.
    pub fn after_step(
        &mut self,
        step: usize,
        report: &mut Report,
        state: impl FnOnce() -> Checkpoint<Gpt, T>,
    ) -> Result<(), String> {
        let Some(path) = self.path else { return Ok(()) };
        if let Some((checkpoint, due)) = self.unproven.take() {
            if due {
                report.sync()?;
                self.written = Instant::now();
                match checkpoint.save(path) {
                    Ok(()) => self.in_file = step_of(&checkpoint),
                    Err(error) if !self.failed => {
                        let error = about("--save", path, &error);
                        report.note(&format!("warning: {error}; it is tried again later"));
                        self.failed = true;
                    }
                    Err(_) => {}
                }
            }
            self.good = Some(checkpoint);
        }
        let now = Instant::now();
        let due = self.every.is_some_and(|every| step.is_multiple_of(every))
            || now.duration_since(self.written) >= self.after;
        let (time, kept) = self.kept;
        if due || step - kept >= KEEP_STEPS || now.duration_since(time) >= KEEP_TIME {
            self.unproven = Some((state(), due));
            self.kept = (now, step);
        }
        Ok(())
    }

    /// The last save of the run: of the state as it is or, if that is none that loads, of the last
    /// good one.
    pub fn finish(
        mut self,
        end: End,
        state: impl FnOnce() -> Checkpoint<Gpt, T>,
    ) -> Result<(), String> {
        let Some(path) = self.path else {
            return match end {
                End::Well => Ok(()),
                End::Failed(error) | End::Diverged(error) => Err(error),
            };
        };
        match end {
            End::Well => match write(path, &state()) {
                Err(error @ CheckpointError::NotFinite { .. }) => {
                    Err(self.fall_back(path, &about("--save", path, &error)))
                }
                done => done.map_err(|error| about("--save", path, &error)),
            },
            End::Failed(error) => match write(path, &state()) {
                Ok(()) => Err(error),
                Err(second) => Err(format!("{error}; {}", about("--save", path, &second))),
            },
            End::Diverged(error) => Err(self.fall_back(path, &error)),
        }
    }

    /// Writes the last good state, if the file has none that is newer; the error with what the
    /// file holds now.
    fn fall_back(&mut self, path: &Path, error: &str) -> String {
        let good = self.good.take().filter(|good| step_of(good) > self.in_file);
        let step = good.as_ref().map_or(self.in_file, step_of);
        let path_shown = path.display();
        match (good.map(|good| write(path, &good)), step) {
            (Some(Err(second)), _) => format!("{error}; {}", about("--save", path, &second)),
            (_, Some(step)) => format!("{error}; {path_shown} has the state after step {step}"),
            (_, None) if path.exists() => format!("{error}; {path_shown} stays as it was"),
            (_, None) => format!("{error}; {path_shown} is not written"),
        }
    }
}

fn step_of<T>(checkpoint: &Checkpoint<Gpt, T>) -> Option<usize> {
    checkpoint.progress.as_ref().map(|progress| progress.steps)
}

/// Writes a checkpoint, at a second try if the file system refuses.
fn write<T: Real>(path: &Path, checkpoint: &Checkpoint<Gpt, T>) -> Result<(), CheckpointError> {
    match checkpoint.save(path) {
        Err(CheckpointError::Io(_)) => {
            std::thread::sleep(SECOND_TRY);
            checkpoint.save(path)
        }
        done => done,
    }
}
