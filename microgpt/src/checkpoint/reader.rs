//! What the tensors of a file hold.

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::layout::{Layout, check_block};
use super::{CheckpointError, Dtype, Progress, ProgressHeader, WORDS, check_gauss, dtype};
use crate::random::{self, PythonRandom, State};
use crate::real::Real;
use crate::train::Optimiser;

/// Reads the tensors of a file whose header was checked.
pub(super) struct Reader<'a> {
    pub(super) file: &'a SafeTensors<'a>,
    pub(super) layout: &'a Layout,
}

impl Reader<'_> {
    /// All parameters, or what the optimiser remembers of each.
    pub(super) fn all<T: Real>(&self, prefix: &str) -> Result<Vec<T>, CheckpointError> {
        let mut numbers = Vec::new();
        for (name, _) in self.layout.named(prefix) {
            let view = self.view(&name)?;
            let before = numbers.len();
            match view.dtype() {
                Dtype::F64 => {
                    let (eight, _) = view.data().as_chunks();
                    numbers.extend(eight.iter().map(|&bytes| T::of(f64::from_le_bytes(bytes))));
                }
                Dtype::F32 => {
                    let (four, _) = view.data().as_chunks();
                    let number = |&bytes: &[u8; 4]| T::of(f32::from_le_bytes(bytes).as_f64());
                    numbers.extend(four.iter().map(number));
                }
                other => return Err(other_type(&name, "F64 or F32", other)),
            }
            check_block(prefix, &name, &numbers[before..])?;
        }
        Ok(numbers)
    }

    fn view(&self, name: &str) -> Result<TensorView<'_>, CheckpointError> {
        self.file.tensor(name).map_err(|_| CheckpointError::Missing(name.to_owned()))
    }

    pub(super) fn progress<T: Real>(
        &self,
        header: &ProgressHeader,
    ) -> Result<Progress<T>, CheckpointError> {
        header.training.check()?;
        let mut optimiser = Optimiser::new(header.training.rule);
        if header.steps > 0 {
            let each = self.layout.remembered().iter().map(|prefix| self.all(prefix));
            let remembered: Vec<Vec<T>> = each.collect::<Result<_, _>>()?;
            // The same bits again ask for the same precision.
            if let Some((first, _)) = self.layout.named("").next() {
                let found = self.view(&first)?.dtype();
                if found != dtype::<T>() {
                    return Err(other_type(&first, precision::<T>(), found));
                }
            }
            optimiser = optimiser.resumed(header.steps as u64, remembered);
        }
        let mut words = [0; random::WORDS];
        let view = self.view(WORDS)?;
        if view.dtype() != Dtype::U32 {
            return Err(other_type(WORDS, "U32", view.dtype()));
        }
        let (four, _) = view.data().as_chunks();
        for (word, &bytes) in words.iter_mut().zip(four) {
            *word = u32::from_le_bytes(bytes);
        }
        let next_gauss = header.random_next_gauss.map(f64::from_bits);
        check_gauss(next_gauss)?;
        let state = State { words, index: header.random_index, next_gauss };
        let random = PythonRandom::from_state(state)?;
        let ProgressHeader { training, steps, frozen, .. } = header;
        Ok(Progress {
            training: *training,
            steps: *steps,
            frozen: frozen.clone(),
            optimiser,
            random,
        })
    }
}

fn other_type(name: &str, expected: &'static str, found: Dtype) -> CheckpointError {
    CheckpointError::Type { name: name.to_owned(), expected, found }
}

/// The name of the type that the tensors of a precision have.
fn precision<T: Real>() -> &'static str {
    if dtype::<T>() == Dtype::F32 { "F32" } else { "F64" }
}
