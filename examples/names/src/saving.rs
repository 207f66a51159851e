//! A run's checkpoints: now and then while it trains, and whatever ends it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use microgpt::checkpoint::{CheckpointError, FileError};
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
pub struct Saving<T> {
    kept: Option<Arc<Mutex<Kept<T>>>>,
    every: Option<usize>,
    after: Duration,
    /// When the file was last written.
    written: Instant,
    /// When a state was last kept, and the number of its step.
    last: (Instant, usize),
    /// A state whose loss is not known yet, and whether it is to be written.
    unproven: Option<(Checkpoint<Gpt, T>, bool)>,
    failed: bool,
}

/// What a run falls back on when it ends badly.
struct Kept<T> {
    path: PathBuf,
    /// The last state that had a finite loss.
    good: Option<Checkpoint<Gpt, T>>,
    /// The step of the file, if this run has written it.
    in_file: Option<usize>,
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

impl<T: Real> Saving<T> {
    pub fn new(args: &Args, step: usize) -> Self {
        let now = Instant::now();
        let kept = args.save.clone().map(|path| Kept { path, good: None, in_file: None });
        Self {
            kept: kept.map(|kept| Arc::new(Mutex::new(kept))),
            every: args.save_every,
            after: args.save_after,
            written: now,
            last: (now, step),
            unproven: None,
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
        let Some(kept) = &self.kept else { return Ok(()) };
        if let Some((checkpoint, due)) = self.unproven.take() {
            let mut kept = locked(kept);
            if due {
                report.sync()?;
                self.written = Instant::now();
                match checkpoint.save(&kept.path) {
                    Ok(()) => kept.in_file = step_of(&checkpoint),
                    Err(FileError { error, .. }) if !self.failed => {
                        let error = about("--save", &kept.path, &error);
                        report.note(&format!("warning: {error}; it is tried again later"));
                        self.failed = true;
                    }
                    Err(_) => {}
                }
            }
            kept.good = Some(checkpoint);
        }
        let now = Instant::now();
        let due = self.every.is_some_and(|every| step.is_multiple_of(every))
            || now.duration_since(self.written) >= self.after;
        let (time, last) = self.last;
        if due || step - last >= KEEP_STEPS || now.duration_since(time) >= KEEP_TIME {
            self.unproven = Some((state(), due));
            self.last = (now, step);
        }
        Ok(())
    }

    /// What ends the run with this error on another thread, while this one waits: it saves what it can,
    /// and tells what the file holds.
    pub fn last_words(&self, error: &'static str) -> impl FnOnce() -> String + Send + use<T> {
        let kept = self.kept.clone();
        move || kept.map_or(error.to_owned(), |kept| locked(&kept).fall_back(error))
    }

    /// The last save of the run: of the state as it is or, if that is none that loads, of the last
    /// good one.
    pub fn finish(
        self,
        end: End,
        state: impl FnOnce() -> Checkpoint<Gpt, T>,
    ) -> Result<(), String> {
        let Some(kept) = &self.kept else {
            return match end {
                End::Well => Ok(()),
                End::Failed(error) | End::Diverged(error) => Err(error),
            };
        };
        let mut kept = locked(kept);
        match end {
            End::Well => match write(&kept.path, &state()) {
                Err(error @ CheckpointError::NotFinite { .. }) => {
                    let error = about("--save", &kept.path, &error);
                    Err(kept.fall_back(&error))
                }
                done => done.map_err(|error| about("--save", &kept.path, &error)),
            },
            End::Failed(error) => match write(&kept.path, &state()) {
                Ok(()) => Err(error),
                Err(second) => Err(format!("{error}; {}", about("--save", &kept.path, &second))),
            },
            End::Diverged(error) => Err(kept.fall_back(&error)),
        }
    }
}

/// A thread that panicked has left a state as good as any.
fn locked<T>(kept: &Mutex<Kept<T>>) -> MutexGuard<'_, Kept<T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Real> Kept<T> {
    /// Writes the last good state, if the file has none that is newer; the error with what the
    /// file holds now.
    fn fall_back(&mut self, error: &str) -> String {
        let Self { path, good, in_file } = self;
        let good = good.take().filter(|good| step_of(good) > *in_file);
        let step = good.as_ref().map_or(*in_file, step_of);
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
    let save = || checkpoint.save(path).map_err(|FileError { error, .. }| error);
    match save() {
        Err(CheckpointError::Io(_)) => {
            std::thread::sleep(SECOND_TRY);
            save()
        }
        done => done,
    }
}
