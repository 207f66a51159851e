//! The median time of some work.

use std::time::Instant;

/// The median of several times of `work`, in seconds.
pub fn median(short: bool, mut work: impl FnMut()) -> f64 {
    work();
    let once = {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    // Each time is of 20 ms at least.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a whole number, not large
    let each = if short { 1 } else { (0.02 / once).ceil().max(1.0) as usize };
    let mut times: Vec<f64> = (0..if short { 1 } else { 15 })
        .map(|_| {
            let start = Instant::now();
            for _ in 0..each {
                work();
            }
            start.elapsed().as_secs_f64() / each as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
