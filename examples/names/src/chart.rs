//! The losses as pictures: in the terminal, and as SVG.

use std::f64::consts::LN_2;
use std::path::Path;

use plotters::prelude::*;
use textplots::{Chart, Plot, Shape};

use super::output::about;
use super::report::Report;

/// The mean over the last so many points, for each point.
fn smoothed(points: &[(usize, f64)], window: usize) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    points
        .iter()
        .enumerate()
        .map(|(at, &(step, loss))| {
            sum += loss;
            if at >= window {
                sum -= points[at - window].1;
            }
            (step as f64, sum / (at + 1).min(window) as f64)
        })
        .collect()
}

/// A curve in the terminal.
#[allow(clippy::cast_possible_truncation)] // a picture of a few hundred dots
pub fn terminal(report: &Report) -> String {
    let (Some(&(first, _)), Some(&(last, _))) =
        (report.losses.points.first(), report.losses.points.last())
    else {
        return String::new();
    };
    let points: Vec<(f32, f32)> =
        smoothed(&report.losses.points, report.losses.points.len().div_ceil(20))
            .into_iter()
            .map(|(step, loss)| (step as f32, loss as f32))
            .collect();
    let mut chart = Chart::new(120, 40, first as f32, (last.max(first + 1)) as f32);
    let shape = Shape::Lines(&points);
    let chart = chart.lineplot(&shape);
    chart.axis();
    chart.figures();
    format!("loss, in nats per token, by step\n{chart}")
}

/// Training and validation loss, with labelled axes.
pub fn svg(report: &Report, path: &Path) -> Result<(), String> {
    draw(report, path).map_err(|error| about("--plot", path, &error))
}

fn draw(report: &Report, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let losses: Vec<(f64, f64)> =
        report.losses.points.iter().map(|&(step, loss)| (step as f64, loss)).collect();
    let held_out: Vec<(f64, f64)> =
        report.held_out.iter().map(|&(step, loss)| (step as f64, loss)).collect();
    let all = || losses.iter().chain(&held_out);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(0.0, f64::max);
    let least = all().map(|point| point.0).fold(f64::INFINITY, f64::min).min(most(|point| point.0));
    let (first, last) = (least, most(|point| point.0).max(least + 1.0));
    let top = most(|point| point.1).max(1e-3) * 1.05;
    let window = losses.len().div_ceil(20).max(1);
    let training = match window * report.losses.stride() {
        1 => "training".to_owned(),
        steps => format!("training, mean of {steps} steps"),
    };
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, (900, 540)).into_drawing_area();
        area.fill(&WHITE)?;
        // The legend has a strip of its own, where no curve goes.
        let (strip, area) = area.split_vertically(44);
        let font = |size: i32| ("sans-serif", size).into_font();
        strip.draw(&Text::new("Loss", (16, 12), font(22)))?;
        let entries = [(training.as_str(), BLUE, true), ("validation", RED, !held_out.is_empty())];
        for (at, (text, color, _)) in
            entries.iter().filter(|(_, _, is_there)| *is_there).enumerate()
        {
            let x = 110 + 300 * i32::try_from(at)?;
            let line = ShapeStyle::from(color).stroke_width(2);
            strip.draw(&PathElement::new([(x, 24), (x + 24, 24)], line))?;
            strip.draw(&Text::new(*text, (x + 32, 16), font(16)))?;
        }
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .right_y_label_area_size(56)
            .build_cartesian_2d(first..last, 0.0..top)?
            .set_secondary_coord(first..last, 0.0..top / LN_2);
        let step = |step: &f64| format!("{step:.0}");
        chart
            .configure_mesh()
            .x_desc("step")
            // No more than there are steps: labels are whole numbers.
            .x_labels(if last - first < 8.0 { 2 } else { 8 })
            .x_label_formatter(&step)
            .y_desc("nats per token")
            .axis_desc_style(font(15))
            .draw()?;
        chart
            .configure_secondary_axes()
            .y_desc("bits per token")
            .axis_desc_style(font(15))
            .draw()?;
        let faint = ShapeStyle::from(&BLUE.mix(0.2));
        chart.draw_series(LineSeries::new(losses.iter().copied(), faint))?;
        chart.draw_series(LineSeries::new(smoothed(&report.losses.points, window), &BLUE))?;
        chart.draw_series(LineSeries::new(held_out.iter().copied(), RED.stroke_width(2)))?;
        // One point makes no line.
        for (points, color) in [(&losses, BLUE), (&held_out, RED)] {
            let alone = points.iter().filter(|_| points.len() == 1);
            chart.draw_series(alone.map(|&point| Circle::new(point, 4, color.filled())))?;
        }
        area.present()?;
    }
    std::fs::write(path, picture)?;
    Ok(())
}
