//! The sum of the gradients of all ranks, in the order of the tree.

use std::any::Any;
use std::ops::Range;

use super::Tree;
use super::gradients::add;
use super::tree::halves;
use crate::array::Vector;
use crate::ranks::{Number, Ranks, RanksError, part};
use crate::real::Real;

/// What one rank sends and receives in a step.
///
/// The block is cut in as many parts as there are ranks, and each rank finishes the tree for one part: it
/// receives that part of the sums of all, adds them, and sends the result to all. So nobody receives more
/// than the number of sums asks for, however many ranks there are.
#[derive(Debug)]
pub(super) struct Exchange<T> {
    ranks: Ranks,
    buffers: Buffers<T>,
}

/// Numbers on their way. A loss goes behind its gradient.
#[derive(Debug, Default)]
struct Buffers<T> {
    /// The sums of the subtrees that this rank has whole; more room than sums, from other steps.
    own: Vec<Vec<T>>,
    /// How many of them this step has.
    sums: usize,
    /// This rank's part of all sums.
    received: Vec<T>,
    /// The sum of all.
    total: Vec<T>,
}

/// The sum of a subtree among those that were received.
struct Received {
    node: Range<usize>,
    place: usize,
}

impl<T: Real> Exchange<T> {
    pub(super) fn new(ranks: Ranks) -> Result<Self, RanksError> {
        let mut buffers = Buffers::<T>::default();
        let any: &mut dyn Any = &mut buffers;
        if any.is::<Buffers<f64>>() || any.is::<Buffers<f32>>() {
            Ok(Self { ranks, buffers })
        } else {
            Err(RanksError::Precision)
        }
    }

    pub(super) fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// Takes the sum of the next subtree of this rank, and leaves a gradient of 0.
    pub(super) fn put(&mut self, gradient: &mut [T], loss: T) {
        let Buffers { own, sums, .. } = &mut self.buffers;
        if own.len() == *sums {
            own.push(Vec::new());
        }
        let place = &mut own[*sums];
        place.clear();
        place.extend_from_slice(gradient);
        place.push(loss);
        gradient.fill(T::zero());
        *sums += 1;
    }

    /// The sum of the losses of all ranks; that of their gradients goes to the block.
    pub(super) fn add_up(&mut self, tree: Tree, block: Vector<'_, usize, T>) -> T {
        let Self { ranks, buffers } = self;
        let numbers = block.size() + 1;
        // Which of the two is known where the exchange was made.
        let any: &mut dyn Any = buffers;
        if let Some(buffers) = any.downcast_mut::<Buffers<f64>>() {
            buffers.add_up(ranks, tree, numbers);
        } else if let Some(buffers) = any.downcast_mut::<Buffers<f32>>() {
            buffers.add_up(ranks, tree, numbers);
        }
        let (gradient, loss) = self.buffers.total.split_at(numbers - 1);
        block.update_gradients(|own| own.copy_from_slice(gradient));
        loss[0]
    }
}

impl<T: Real + Number> Buffers<T> {
    fn add_up(&mut self, ranks: &Ranks, tree: Tree, numbers: usize) {
        let own_part = part(numbers, ranks.rank(), ranks.size()).len();
        let mut received = Vec::new();
        let of_all: Vec<_> =
            (0..ranks.size()).map(|rank| tree.subtrees(&tree.share(rank, ranks.size()))).collect();
        let rounds = of_all.iter().map(Vec::len).max().unwrap_or(0);
        let sums: usize = of_all.iter().map(Vec::len).sum();
        self.received.resize(sums * own_part, T::zero());
        // Most ranks have one sum alone. Where some have more, the next of each goes in the next round.
        for round in 0..rounds {
            let have: Vec<bool> = of_all.iter().map(|nodes| round < nodes.len()).collect();
            let first = received.len();
            for nodes in &of_all {
                if let Some(node) = nodes.get(round) {
                    received
                        .push(Received { node: node.clone(), place: received.len() * own_part });
                }
            }
            let sum = if round < self.sums { &self.own[round][..] } else { &[] };
            let room = first * own_part..received.len() * own_part;
            ranks.send_parts(sum, numbers, &have, &mut self.received[room]);
        }
        self.sums = 0;
        received.sort_by_key(|one| one.node.start);
        let place = fold(&(0..tree.leaves()), &received, own_part, &mut self.received);
        self.total.resize(numbers, T::zero());
        ranks.gather_parts(&self.received[place..place + own_part], &mut self.total);
    }
}

/// Adds what is below a node, and returns where the sum is.
fn fold<T: Real>(
    node: &Range<usize>,
    received: &[Received],
    len: usize,
    numbers: &mut [T],
) -> usize {
    let at = received.partition_point(|one| one.node.start < node.start);
    if received[at].node == *node {
        return received[at].place;
    }
    let [left, right] = halves(node).map(|half| fold(&half, received, len, numbers));
    let (before, after) = numbers.split_at_mut(left.max(right));
    let (first, last) = (&mut before[left.min(right)..][..len], &mut after[..len]);
    let (sum, other) = if left < right { (first, last) } else { (last, first) };
    add(sum, other);
    left
}
