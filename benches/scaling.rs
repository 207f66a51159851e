//! `cargo bench --bench scaling`: how the cost of a training step grows with the model, as a
//! Markdown table. With `-- --write` table and plot go to `docs/performance.md` and
//! `docs/performance.svg`; with `-- --test` each measurement is made once, of a small model.

use std::fmt::Write;
use std::hint::black_box;

use microgpt::{Gpt, Instance, Model, PythonRandom, Real, Tape, Trainer, Training};
use ndarray::Array2;
use plotters::prelude::*;

#[path = "median.rs"]
mod median;
use median::median;

type Failure = Box<dyn std::error::Error>;

const VOCABULARY: usize = 27;

/// What was measured of one model.
struct Point {
    n_embd: usize,
    n_layer: usize,
    block: usize,
    batch: usize,
    seconds: f64,
    operations: f64,
    bytes: usize,
}

impl Point {
    fn rate(&self) -> f64 {
        self.operations / self.seconds
    }
}

/// What the machine can do, in floating-point operations a second.
struct Peak {
    /// Fused operations on registers alone.
    registers: f64,
    /// The best of the matrix-product crate (`matrixmultiply`, through `ndarray`).
    matrices: f64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let short = has("--test");
    let peak = Peak { registers: registers(short), matrices: matrices(short) };
    let base = (64, 1, 16, 16);
    let sweeps: &[(usize, usize, usize, usize)] = &[
        (16, 1, 16, 16),
        (32, 1, 16, 16),
        base,
        (128, 1, 16, 16),
        (256, 1, 16, 16),
        (512, 1, 16, 16),
        (64, 2, 16, 16),
        (64, 4, 16, 16),
        (64, 6, 16, 16),
        (64, 1, 32, 16),
        (64, 1, 64, 16),
        (64, 1, 128, 16),
        (64, 1, 256, 16),
        (64, 1, 16, 1),
        (64, 1, 16, 4),
        (64, 1, 16, 64),
        (64, 1, 16, 256),
        (256, 6, 256, 4),
    ];
    let sweeps = if short { &sweeps[..1] } else { sweeps };
    let points: Vec<Point> = sweeps.iter().map(|&sizes| measure(sizes, short)).collect();
    let table = table(&points, &peak);
    println!("{table}");
    if has("--write") {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance");
        let (page, picture) = (format!("{folder}.md"), format!("{folder}.svg"));
        let text = std::fs::read_to_string(&page)?;
        let (before, after) = ("<!-- measured -->\n", "<!-- end -->");
        let start = text.find(before).ok_or("no place for the table")? + before.len();
        let end = text.find(after).ok_or("no end of the table")?;
        std::fs::write(page, format!("{}\n{table}\n{}", &text[..start], &text[end..]))?;
        std::fs::write(picture, plot(&points, &peak)?)?;
    }
    Ok(())
}

fn registers(short: bool) -> f64 {
    const SUMS: usize = 256;
    const PASSES: usize = 10_000;
    let mut sums = [0.5_f32; SUMS];
    let seconds = median(short, || {
        let (factor, mut running) = (black_box(0.999_f32), sums);
        for _ in 0..PASSES {
            for sum in &mut running {
                *sum = factor.fma(*sum, 1.0);
            }
        }
        sums = black_box(running);
    });
    (2 * SUMS * PASSES) as f64 / seconds
}

fn matrices(short: bool) -> f64 {
    let best = |size: usize| {
        let (one, other) = (Array2::<f32>::ones((size, size)), Array2::<f32>::ones((size, size)));
        let seconds = median(short, || {
            black_box(one.dot(&other.t()));
        });
        2.0 * (size as f64).powi(3) / seconds
    };
    if short { best(16) } else { best(256).max(best(512)).max(best(1024)) }
}

fn measure((n_embd, n_layer, block, batch): (usize, usize, usize, usize), short: bool) -> Point {
    let config = Gpt { n_embd, n_layer, block_size: block, ..Gpt::new(VOCABULARY) };
    let tape = Tape::<f32>::default();
    let gpt =
        Instance::new(&tape, config, &mut PythonRandom::new(1)).expect("the sizes of a model");
    // Documents that fill the block.
    let documents: Vec<Vec<usize>> =
        (0..batch).map(|d| (0..=block).map(|t| (t * 7 + d * 5) % VOCABULARY).collect()).collect();
    let documents: Vec<&[usize]> = documents.iter().map(Vec::as_slice).collect();
    let training = Training { steps: 1_000_000, learning_rate: 1e-4, ..Training::default() };
    let mut trainer = Trainer::new(&gpt, training);
    let seconds = median(short, || {
        trainer.step(&documents).expect("a finite loss");
    });
    // Multiplications and additions of the contractions, a forward and two backward; the rest of a
    // step is not counted.
    let (width, positions) = (n_embd as f64, (block * batch) as f64);
    let matrices = (12 * n_layer) as f64 * width * width + VOCABULARY as f64 * width;
    let pairs = (block * (block + 1) / 2 * batch) as f64;
    let operations = 3.0 * (2.0 * matrices * positions + 4.0 * n_layer as f64 * width * pairs);
    // Adam's two means, and of a batch the gradients that wait for their other half: one for each level of
    // the tree over its micro-batches.
    let micro_batches = (block * batch).div_ceil(gpt.model().micro_batch()).min(batch);
    let copies = 2 + micro_batches.next_power_of_two().ilog2() as usize;
    let bytes = tape.bytes() + copies * gpt.block().size() * size_of::<f32>();
    Point { n_embd, n_layer, block, batch, seconds, operations, bytes }
}

fn table(points: &[Point], peak: &Peak) -> String {
    let mut text = format!(
        "Peak of fused operations on registers: {:.0} GFLOP/s; of the matrix-product crate: {:.0}.\n\n\
         | n_embd | n_layer | block | batch | a step | a token | GFLOP/s | of the peak | of the crate's | memory |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        peak.registers / 1e9,
        peak.matrices / 1e9,
    );
    for point in points {
        let Point { n_embd, n_layer, block, batch, seconds, bytes, .. } = point;
        let _ = writeln!(
            text,
            "| {n_embd} | {n_layer} | {block} | {batch} | {:.3} ms | {:.2} µs | {:.1} | {:.0} % | {:.0} % | {:.1} MB |",
            seconds * 1e3,
            seconds * 1e6 / (block * batch) as f64,
            point.rate() / 1e9,
            100.0 * point.rate() / peak.registers,
            100.0 * point.rate() / peak.matrices,
            *bytes as f64 / 1e6,
        );
    }
    text
}

/// GFLOP/s of a step over the width of the model, beside both peaks.
fn plot(points: &[Point], peak: &Peak) -> Result<String, Failure> {
    let widths: Vec<(f64, f64)> = points
        .iter()
        .filter(|point| (point.n_layer, point.block, point.batch) == (1, 16, 16))
        .map(|point| (point.n_embd as f64, point.rate() / 1e9))
        .collect();
    let (Some(first), Some(last)) = (widths.first(), widths.last()) else {
        return Err("nothing to draw".into());
    };
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, (800, 480)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption("A training step in f32, one core", ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(
                (first.0..last.0).log_scale(),
                0.0..peak.registers.max(peak.matrices) / 1e9 * 1.1,
            )?;
        chart.configure_mesh().x_desc("n_embd").y_desc("GFLOP/s").draw()?;
        let lines = [
            ("fused operations on registers", RED, peak.registers),
            ("the matrix-product crate", GREEN, peak.matrices),
        ];
        for (label, color, rate) in lines {
            let level = [(first.0, rate / 1e9), (last.0, rate / 1e9)];
            chart
                .draw_series(LineSeries::new(level, color))?
                .label(label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color));
        }
        chart
            .draw_series(LineSeries::new(widths.iter().copied(), BLUE))?
            .label("a training step")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], BLUE));
        chart.draw_series(widths.iter().map(|&point| Circle::new(point, 4, BLUE.filled())))?;
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .border_style(BLACK)
            .draw()?;
        area.present()?;
    }
    Ok(picture)
}
