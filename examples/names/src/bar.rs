//! The bar of a training on a terminal.

use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use super::report::duration;

/// So often a second it is drawn at most.
const RATE: u8 = 20;
/// A terminal that is narrower than this has no room for a bar beside its figures.
const NARROW: u16 = 64;

/// The columns of `^C`, and one for the cursor.
const CONTROL_C: u16 = 3;

/// A bar that fits the terminal, with the rate of this run: the steps after `before`.
pub fn bar(before: usize, steps: usize, until: usize, started: Instant) -> ProgressBar {
    let terminal = Terminal(Term::stderr());
    let template = if terminal.width() < NARROW {
        "{pos}/{len} | loss {msg}"
    } else {
        "{wide_bar} {pos}/{len} | loss {msg} | {rate} steps/s | {left} left"
    };
    let bar = ProgressBar::new(steps as u64).with_position(before as u64);
    bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(terminal), RATE));
    if let Ok(style) = ProgressStyle::with_template(template) {
        let per_second = move |state: &ProgressState| {
            let made = state.pos().saturating_sub(before as u64);
            made as f64 / started.elapsed().as_secs_f64().max(1e-9)
        };
        let rate = move |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{:.0}", per_second(state));
        };
        let left = move |state: &ProgressState, out: &mut dyn Write| {
            let steps = (until as u64).saturating_sub(state.pos()) as f64;
            let left = Duration::try_from_secs_f64(steps / per_second(state));
            let left = left.map_or("?".to_owned(), duration);
            let _ = write!(out, "{left}");
        };
        bar.set_style(style.with_key("rate", rate).with_key("left", left));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// A terminal with room at the right for its `^C`, which would begin a new line otherwise and leave
/// the bar on the screen.
#[derive(Debug)]
struct Terminal(Term);

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(CONTROL_C).max(1)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
