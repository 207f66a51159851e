//! What a run says while it trains: a bar on a terminal, lines elsewhere, and a file of losses.

use std::collections::VecDeque;
use std::f64::consts::LN_2;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use microgpt::model::ValidationLoss;

use super::args::Args;
use super::bar::bar;
use super::losses::Losses;
use super::output::say;

/// So many losses make up the one that is shown.
const WINDOW: usize = 100;

/// Everything that was measured, and where it is shown.
pub struct Report {
    steps: usize,
    /// The steps that were made before this run.
    before: usize,
    started: Instant,
    bar: Option<ProgressBar>,
    csv: Option<Losses>,
    /// The losses, in nats per token.
    pub losses: Curve,
    /// The last of them, no more than a window.
    recent: VecDeque<f64>,
    /// Step and loss of the held-out documents.
    pub held_out: Vec<(usize, f64)>,
}

/// The losses of a run of any length in so many points at most, each the mean of some steps.
#[derive(Default)]
pub struct Curve {
    /// The last step of each point, and its loss.
    pub points: Vec<(usize, f64)>,
    /// The steps of a point are two to this power.
    halvings: u32,
    pending: Vec<f64>,
}

impl Curve {
    const POINTS: usize = 4096;

    /// The number of steps of each point.
    pub fn stride(&self) -> usize {
        1 << self.halvings
    }

    fn push(&mut self, step: usize, loss: f64) {
        self.pending.push(loss);
        if self.pending.len() < self.stride() {
            return;
        }
        let mean = self.pending.drain(..).sum::<f64>() / self.stride() as f64;
        self.points.push((step, mean));
        if self.points.len() == Self::POINTS {
            let pairs = self.points.as_chunks::<2>().0.iter();
            self.points =
                pairs.map(|[one, other]| (other.0, f64::midpoint(one.1, other.1))).collect();
            self.halvings += 1;
        }
    }
}

/// Whether standard output is a terminal, and whether it is one that can draw.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    None,
    Lines,
    Drawn,
}

impl Screen {
    /// Of a process whose output a launcher passes on nothing is known of where it ends.
    pub fn found(is_relayed: bool) -> Self {
        if is_relayed {
            return Self::None;
        }
        let dumb = std::env::var_os("TERM").map_or(cfg!(unix), |term| term == "dumb");
        match (io::stdout().is_terminal(), dumb) {
            (false, _) => Self::None,
            (true, true) => Self::Lines,
            (true, false) => Self::Drawn,
        }
    }
}

impl Report {
    /// A run of the steps after `before`, of so many in all, that may end early.
    pub fn new(
        before: usize,
        steps: usize,
        until: usize,
        args: &Args,
        screen: Screen,
    ) -> Result<Self, String> {
        let (trains, goes_on) = (until > before, args.resume.is_some().then_some(before));
        // Who trains nothing leaves the losses of another run alone.
        let path = args.losses.as_deref().filter(|_| trains || goes_on.is_some());
        let csv = path.map(|path| Losses::open(path, goes_on)).transpose()?;
        let started = Instant::now();
        let drawn = screen == Screen::Drawn && io::stderr().is_terminal();
        let bar = (drawn && trains).then(|| bar(before, steps, until, started));
        Ok(Self {
            steps,
            before,
            started,
            bar,
            csv,
            losses: Curve::default(),
            recent: VecDeque::new(),
            held_out: Vec::new(),
        })
    }

    /// The mean of the last losses.
    pub fn smoothed(&self) -> f64 {
        self.recent.iter().sum::<f64>() / self.recent.len() as f64
    }

    /// One step more.
    pub fn step(
        &mut self,
        out: &mut impl Write,
        step: usize,
        loss: f64,
        learning_rate: f64,
    ) -> Result<(), String> {
        self.losses.push(step, loss);
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(loss);
        if let Some(csv) = &mut self.csv {
            csv.row(step, loss, learning_rate)?;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(step as u64);
                bar.set_message(format!("{:.4}", self.smoothed()));
            }
            None if step.is_multiple_of(WINDOW) || step == self.steps => {
                let (steps, loss) = (self.steps, in_nats_and_bits(self.smoothed(), 4));
                let _ = writeln!(out, "step {step:4} / {steps:4} | mean loss {loss}");
            }
            None => {}
        }
        Ok(())
    }

    /// The validation loss, that of the held-out documents.
    pub fn held_out(&mut self, out: &mut impl Write, step: usize, loss: ValidationLoss) {
        self.held_out.push((step, loss.nats_per_token));
        let ValidationLoss { nats_per_token: nats, bits_per_character: bits } = loss;
        let losses = format!("{nats:.4} nats per token, {bits:.4} bits per character");
        let line = format!("step {step:4} / {:4} | validation loss {losses}", self.steps);
        let mut write = || {
            let _ = writeln!(out, "{line}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Something that the user should know while the training goes on.
    pub fn note(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }

    /// All losses are on disk.
    pub fn sync(&mut self) -> Result<(), String> {
        self.csv.as_mut().map_or(Ok(()), Losses::sync)
    }

    /// The bar is off the screen.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// How long the steps took, and where they led.
    pub fn summary(&self, step: usize) -> Option<String> {
        let steps = step - self.before;
        let loss = self.smoothed();
        let (time, last) = (duration(self.started.elapsed()), self.recent.len());
        (steps > 0).then(|| {
            format!(
                "{steps} steps in {time}, mean loss of the last {last}: {loss:.2} nats per token"
            )
        })
    }
}

/// A loss in its two units. A token is a character, or the end of a document.
pub fn in_nats_and_bits(nats: f64, digits: usize) -> String {
    format!("{nats:.digits$} nats ({:.digits$} bits) per token", nats / LN_2)
}

/// A time in its two largest units.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.2} s", time.as_secs_f64()),
        10..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}
