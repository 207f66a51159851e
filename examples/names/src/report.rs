//! What a run says while it trains: a bar on a terminal, lines elsewhere, and a file of losses.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::args::Args;
use super::start::about;

/// So many losses make up the one that is shown.
const WINDOW: usize = 100;

/// Everything that was measured, and where it is shown.
pub struct Report {
    steps: usize,
    bar: Option<ProgressBar>,
    csv: Option<BufWriter<File>>,
    /// The losses, in nats a character.
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

impl Report {
    /// A run of so many steps, of which some may have been made before.
    pub fn new(before: usize, steps: usize, args: &Args) -> Result<Self, String> {
        let open = |path: &Path| -> io::Result<_> {
            // A run that goes on adds to what it measured before.
            let goes_on = args.resume.is_some() && path.exists();
            let mut options = File::options();
            options.create(true).append(goes_on).write(true).truncate(!goes_on);
            let mut csv = BufWriter::new(options.open(path)?);
            if !goes_on {
                writeln!(csv, "step,loss,learning_rate")?;
            }
            Ok(csv)
        };
        let csv = args.losses.as_deref().map(|path| open(path).map_err(|e| about(path, &e)));
        let csv = csv.transpose()?;
        let terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
        let bar = (terminal && steps > before).then(|| {
            let bar = ProgressBar::new(steps as u64).with_position(before as u64);
            let template = "{bar:40} {pos}/{len} | loss {msg} | {rate} steps/s | {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{:.0}", state.per_sec());
                };
                bar.set_style(style.with_key("rate", rate));
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Ok(Self {
            steps,
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
    ) -> io::Result<()> {
        self.losses.push(step, loss);
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(loss);
        if let Some(csv) = &mut self.csv {
            writeln!(csv, "{step},{loss},{learning_rate}")?;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(step as u64);
                bar.set_message(format!("{:.4}", self.smoothed()));
            }
            None if step.is_multiple_of(WINDOW) || step == self.steps => {
                writeln!(
                    out,
                    "step {step:4} / {:4} | mean loss {:.4}",
                    self.steps,
                    self.smoothed()
                )?;
            }
            None => {}
        }
        Ok(())
    }

    /// The loss of the held-out documents, in nats a character.
    pub fn held_out(&mut self, out: &mut impl Write, step: usize, loss: f64) -> io::Result<()> {
        self.held_out.push((step, loss));
        let bits = loss / std::f64::consts::LN_2;
        let line =
            format!("step {step:4} / {:4} | held out {bits:.4} bits a character", self.steps);
        match &self.bar {
            Some(bar) => bar.println(line),
            None => writeln!(out, "{line}")?,
        }
        Ok(())
    }

    /// All that was measured is on disk, and the bar is off the screen.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        match &mut self.csv {
            Some(csv) => csv.flush(),
            None => Ok(()),
        }
    }
}
