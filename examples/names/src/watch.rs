//! A process of a run that waits for one that is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::output::say;
use super::signals::Stop;

/// What Open MPI tells its processes about the seconds between SIGTERM and SIGKILL; 1 if it does not.
const GRACE: &str = "OMPI_MCA_odls_base_sigkill_timeout";
/// The share of them in which a step may still end by itself.
const PATIENCE: f64 = 0.6;
const LOOK: Duration = Duration::from_millis(20);

/// Ends this process when a step does not, and SIGKILL is near. `mpirun` ends all processes with SIGTERM
/// when one has died; the others then wait for it in their step, and what is not said and saved by
/// another thread is lost.
pub struct Watch {
    ended: Arc<AtomicBool>,
}

impl Watch {
    /// Watches until it is dropped. `last_words` saves what can be saved, and says what happened.
    pub fn start(stop: Stop, last_words: impl FnOnce() -> String + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let watch = Self { ended: Arc::clone(&ended) };
        let seconds = std::env::var(GRACE).ok().and_then(|text| text.parse().ok());
        let seconds: f64 = seconds.unwrap_or(1.0);
        let patience = Duration::try_from_secs_f64(seconds * PATIENCE).unwrap_or(Duration::MAX);
        std::thread::spawn(move || {
            let mut asked: Option<Instant> = None;
            while !ended.load(Ordering::Acquire) {
                if stop.asked() && asked.get_or_insert_with(Instant::now).elapsed() >= patience {
                    say(&format!("error: {}", last_words()));
                    std::process::exit(2);
                }
                std::thread::sleep(LOOK);
            }
        });
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
    }
}
