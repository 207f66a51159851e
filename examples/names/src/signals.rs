//! Signals that ask a training to end: the step is finished, and all is saved.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use signal_hook::consts::{SIGHUP, SIGXFSZ};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether a signal came. A second one ends the process at once.
#[derive(Clone)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    at_once: Arc<AtomicBool>,
}

impl Stop {
    /// Ctrl-C, `kill`, and the end of a terminal or a connection.
    pub fn on_signals() -> io::Result<Self> {
        let stop = Self { asked: Arc::default(), at_once: Arc::default() };
        let mut signals = vec![SIGINT, SIGTERM];
        #[cfg(unix)]
        if !hangups_are_ignored() {
            signals.push(SIGHUP);
        }
        // A file that grows beyond what is allowed is an error of the write then, and does not end the process.
        #[cfg(unix)]
        flag::register(SIGXFSZ, Arc::default())?;
        for signal in signals {
            // In this order: what the first signal sets ends the process at the second.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop.at_once))?;
            flag::register(signal, Arc::clone(&stop.at_once))?;
            flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    /// Whether the training is to end.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Nothing is left that would be lost: the next signal ends the process.
    pub fn all_is_saved(&self) {
        self.at_once.store(true, Ordering::Relaxed);
    }
}

/// Whether the process was started by `nohup` or the like: then it outlives its terminal. Where
/// there is no `/proc`, a hangup ends the training as the other signals do.
#[cfg(unix)]
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}
