//! What a run says while it trains: a bar on a terminal, lines elsewhere, and a file of losses.

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
    /// Step and loss, in nats a character.
    pub losses: Vec<(usize, f64)>,
    /// Step and loss of the held-out documents.
    pub held_out: Vec<(usize, f64)>,
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
        Ok(Self { steps, bar, csv, losses: Vec::new(), held_out: Vec::new() })
    }

    /// The mean of the last losses.
    pub fn smoothed(&self) -> f64 {
        let recent = &self.losses[self.losses.len().saturating_sub(WINDOW)..];
        recent.iter().map(|(_, loss)| loss).sum::<f64>() / recent.len() as f64
    }

    /// One step more.
    pub fn step(
        &mut self,
        out: &mut impl Write,
        step: usize,
        loss: f64,
        learning_rate: f64,
    ) -> io::Result<()> {
        self.losses.push((step, loss));
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
