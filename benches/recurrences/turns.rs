//! Times of several works that take turns, so that what else the machine does falls on all of them.

use std::time::Instant;

/// The median time of each, in seconds.
pub fn medians<const N: usize>(short: bool, mut works: [&mut dyn FnMut(); N]) -> [f64; N] {
    let rounds = if short { 1 } else { 21 };
    // Each time is of 5 ms at least.
    let counts = works.each_mut().map(|work| {
        work();
        let start = Instant::now();
        work();
        let once = start.elapsed().as_secs_f64();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole and not large
        let count = (0.005 / once).ceil().max(1.0) as usize;
        if short { 1 } else { count }
    });
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for ((work, times), &count) in works.iter_mut().zip(&mut times).zip(&counts) {
            let start = Instant::now();
            for _ in 0..count {
                work();
            }
            times.push(start.elapsed().as_secs_f64() / count as f64);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}
