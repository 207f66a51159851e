//! The learning rate over the steps of a training.

use std::f64::consts::PI;

/// How the learning rate changes from step to step.
///
/// ```
/// use microgpt::Schedule;
///
/// assert_eq!(Schedule::Linear.share(0, 100), 1.0);
/// assert_eq!(Schedule::Linear.share(25, 100), 0.75);
/// assert_eq!(Schedule::Constant.share(99, 100), 1.0);
/// let cosine = Schedule::Cosine { warm_up: 10, floor: 0.1 };
/// assert_eq!(cosine.share(4, 100), 0.5);
/// assert!((cosine.share(55, 100) - 0.55).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "checkpoint", derive(serde::Serialize, serde::Deserialize))]
pub enum Schedule {
    /// It falls in a line to 0 after the last step: microgpt.py's.
    #[default]
    Linear,
    /// It stays.
    Constant,
    /// It rises in a line over the first steps, then falls along half a cosine to a floor
    /// (Loshchilov 2016, arXiv:1608.03983).
    Cosine {
        /// The number of steps over which it rises.
        warm_up: usize,
        /// Where it ends, as a share of the highest.
        floor: f64,
    },
}

impl Schedule {
    /// The learning rate of a step, the first of which is 0, as a share of the highest.
    #[must_use]
    pub fn share(self, step: usize, steps: usize) -> f64 {
        match self {
            Self::Linear => (1.0 - step as f64 / steps as f64).max(0.0),
            Self::Constant => 1.0,
            Self::Cosine { warm_up, .. } if step < warm_up => (step + 1) as f64 / warm_up as f64,
            Self::Cosine { warm_up, floor } => {
                let falling = steps.saturating_sub(warm_up).max(1);
                let done = ((step - warm_up) as f64 / falling as f64).min(1.0);
                floor + (1.0 - floor) * (1.0 + (PI * done).cos()) / 2.0
            }
        }
    }
}
