//! A batch in parts, each of which goes through one forward pass.

use crate::model::Loss;

/// Divides a batch into parts of much the same number of positions, in order.
///
/// It depends on the batch and the model, not on the threads: so do the bits of the gradients' sum.
pub(crate) fn micro_batches<'b, 'e, M: Loss>(
    model: &M,
    batch: &'b [&'e M::Example],
) -> Vec<&'b [&'e M::Example]> {
    let total: usize = batch.iter().map(|example| model.positions(example)).sum();
    // An even number divides evenly among most numbers of threads.
    let count = match total.div_ceil(model.micro_batch().max(1)) {
        0 | 1 => 1,
        several => several.next_multiple_of(2).min(batch.len()),
    };
    let (mut parts, mut first, mut seen) = (Vec::with_capacity(count), 0, 0);
    for (at, example) in batch.iter().enumerate() {
        seen += model.positions(example);
        if seen * count >= total * (parts.len() + 1) || at + 1 == batch.len() {
            parts.push(&batch[first..=at]);
            first = at + 1;
        }
    }
    parts
}
