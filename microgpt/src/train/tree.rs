//! The order in which the gradients of micro-batches are added.

use std::ops::Range;

/// The binary tree in which the gradients of a batch's micro-batches are added, pair by pair.
///
/// Rounding makes a sum depend on its order. Here the order follows from the number of micro-batches
/// alone: each node adds its two halves, of which the first is the larger if they differ. So the sum
/// has the same bits, whoever computes which part of it.
///
/// ```text
/// 5 micro-batches:  (((0 + 1) + 2) + (3 + 4))
/// ```
///
/// Ranks, the processes of a training, take neighbouring micro-batches. Each adds the subtrees that it
/// has whole, and only their sums travel.
///
/// ```
/// use microgpt::train::Tree;
///
/// let tree = Tree::new(5);
/// assert_eq!([0, 1].map(|rank| tree.share(rank, 2)), [0..3, 3..5]);
/// // A number of ranks that is a power of two divides the tree at its nodes: one sum for each.
/// assert_eq!(tree.subtrees(&(0..3)), [0..3]);
/// assert_eq!(tree.subtrees(&(1..4)), [1..2, 2..3, 3..4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tree {
    leaves: usize,
}

/// A rank's share ends at a node that has at most one of so many parts of what a rank has on average.
/// The bound on what it sends rests on it: ends within small nodes would cost a sum for each level.
const FINENESS: u128 = 64;

impl Tree {
    /// The tree over so many micro-batches.
    #[must_use]
    pub fn new(leaves: usize) -> Self {
        Self { leaves }
    }

    /// The number of micro-batches.
    #[must_use]
    pub fn leaves(self) -> usize {
        self.leaves
    }

    /// The micro-batches that one of so many ranks has: as many as each other, but for one or two, or for
    /// 1 in 64 if they are more.
    ///
    /// # Panics
    ///
    /// If `rank` is not below `ranks`.
    #[must_use]
    #[track_caller]
    pub fn share(self, rank: usize, ranks: usize) -> Range<usize> {
        assert!(rank < ranks, "rank {rank} of {ranks} ranks");
        self.cut(rank, ranks)..self.cut(rank + 1, ranks)
    }

    /// Where the micro-batches of the first `before` of so many ranks end.
    fn cut(self, before: usize, ranks: usize) -> usize {
        let (mut node, mut before, ranks) = (0..self.leaves, before as u128, ranks as u128);
        loop {
            let few = node.len() as u128 * FINENESS * ranks <= self.leaves as u128;
            if before == 0 || before == ranks || node.len() < 2 || few {
                return if 2 * before < ranks { node.start } else { node.end };
            }
            let [left, right] = halves(&node);
            (node, before) =
                if 2 * before < ranks { (left, 2 * before) } else { (right, 2 * before - ranks) };
        }
    }

    /// The largest subtrees whose micro-batches all lie in a range, in order.
    #[must_use]
    pub fn subtrees(self, range: &Range<usize>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        find(&(0..self.leaves), range, &mut found);
        found
    }
}

fn find(node: &Range<usize>, range: &Range<usize>, found: &mut Vec<Range<usize>>) {
    if node.is_empty() || node.end <= range.start || range.end <= node.start {
        return;
    }
    if range.start <= node.start && node.end <= range.end {
        found.push(node.clone());
        return;
    }
    for half in halves(node) {
        find(&half, range, found);
    }
}

/// The two nodes that a node of several leaves adds.
pub(crate) fn halves(node: &Range<usize>) -> [Range<usize>; 2] {
    let middle = node.start + node.len().div_ceil(2);
    [node.start..middle, middle..node.end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_their_sums_few() {
        let few = 0..600;
        for leaves in few.chain([1023, 1024, 4095, 8191, 10_000, 65_535, 100_000]) {
            let tree = Tree::new(leaves);
            for ranks in 1..40 {
                let shares: Vec<_> = (0..ranks).map(|rank| tree.share(rank, ranks)).collect();
                assert_eq!((shares[0].start, shares[ranks - 1].end), (0, leaves));
                assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
                let most = leaves.div_ceil(ranks);
                let largest = shares.iter().map(Range::len).max().unwrap_or(0);
                assert!(largest <= most + (most / 64).max(2), "{leaves} on {ranks}: {largest}");
                for share in shares {
                    let sums = tree.subtrees(&share);
                    assert_eq!(sums.iter().map(Range::len).sum::<usize>(), share.len());
                    let bound = leaves.checked_ilog2().map_or(0, |log| log as usize + 1);
                    let bound = if ranks.is_power_of_two() { bound.min(1) } else { bound };
                    assert!(sums.len() <= bound, "{leaves} on {ranks}: {sums:?}");
                }
            }
        }
    }

    #[test]
    fn the_subtrees_of_all_ranks_make_up_the_tree() {
        /// Adds what is there already, and otherwise both halves.
        fn whole(node: &Range<usize>, there: &[Range<usize>]) -> bool {
            let below = || node.len() > 1 && halves(node).iter().all(|half| whole(half, there));
            there.contains(node) || below()
        }
        for leaves in 1..70 {
            for ranks in 1..20 {
                let tree = Tree::new(leaves);
                let shares = (0..ranks).map(|rank| tree.share(rank, ranks));
                let all: Vec<_> = shares.flat_map(|share| tree.subtrees(&share)).collect();
                assert!(whole(&(0..leaves), &all), "{leaves} on {ranks}: {all:?}");
            }
        }
    }
}
