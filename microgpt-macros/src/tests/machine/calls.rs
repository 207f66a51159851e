//! Micro-kernels, by what they compute.

use std::collections::HashMap;

use super::Machine;
use crate::graph::{IndexId, NodeId};
use crate::nest::contract::Ragged;
use crate::nest::ir::{Element, MicroKernel};
use crate::tests::number::Number;

impl<T: Number> Machine<'_, T> {
    pub(super) fn call(&mut self, call: &MicroKernel) {
        match call {
            MicroKernel::Dots { to, adds, each, along, left, right } => {
                self.for_each(*each, |this| {
                    let address = this.address(to);
                    let mut lanes = [T::zero(); 8];
                    let low = this.range(*along).0;
                    this.for_each(*along, |this| {
                        let place = usize::try_from(this.value_of(*along) - low).expect("a place");
                        let (left, right) = (this.element(*left), this.element(*right));
                        lanes[place % 8] = left.fma(right, lanes[place % 8]);
                        this.note((to.array, address), place % 8, Some(*along), true);
                    });
                    let [a, b, c, d, e, f, g, h] = lanes;
                    let sum = ((a + e) + (c + g)) + ((b + f) + (d + h));
                    let before = if *adds { this.read(to.array, address) } else { T::zero() };
                    this.write(to.array, address, before + sum);
                });
            }
            MicroKernel::Contract { to, adds, m, n, k, left, right, ragged, .. } => {
                self.contract(to, *adds, [m, n, k], [*left, *right], *ragged);
            }
        }
    }

    /// Each element adds its terms in the order of their index. Rows, columns and terms lie as far apart as the
    /// strides say, from the first of all on.
    fn contract(
        &mut self,
        to: &Element,
        adds: bool,
        [m, n, k]: [&[IndexId]; 3],
        factors: [NodeId; 2],
        ragged: Option<Ragged>,
    ) {
        let [left, right] = factors.map(|node| self.loaded(node));
        let (outer, inner) = match ragged {
            None => (None, None),
            Some(Ragged::Columns) => (Some(m[0]), Some(n[0])),
            Some(Ragged::Terms) => (Some(m[0]), Some(k[0])),
            Some(Ragged::Rows) => (Some(k[0]), Some(m[0])),
        };
        let all = [m, n, k].concat();
        let own_low = |this: &Self, index: IndexId| (index, this.range(index).0);
        // Where the bounded index begins: the least of its first values.
        let lows: Vec<(IndexId, i64)> = match (outer, inner) {
            (Some(outer), Some(inner)) => {
                let (start, end) = self.range(outer);
                let ends = [start, (end - 1).max(start)];
                let mut low = |value| {
                    let mut low = 0;
                    self.with(outer, value, |this| low = this.range(inner).0);
                    low
                };
                let least = ends.map(&mut low).into_iter().min().unwrap_or(0);
                let low = |&index: &IndexId| {
                    if index == inner { (index, least) } else { own_low(self, index) }
                };
                all.iter().map(low).collect()
            }
            _ => all.iter().map(|&index| own_low(self, index)).collect(),
        };
        // The first positions of the target and the factors, which are asked for where there are elements.
        let mut first: Option<[usize; 3]> = None;
        let order = match ragged {
            Some(Ragged::Rows) => [k, m, n],
            Some(Ragged::Terms) => [m, k, n],
            _ => [m, n, k],
        };
        let stride = |of: &Element, indices: &[IndexId]| {
            indices.last().map_or(0, |&index| self.stride(of, index))
        };
        let strides = [[(to, m), (to, n)], [(&left, m), (&left, k)], [(&right, n), (&right, k)]]
            .map(|all| all.map(|(of, indices)| (indices, stride(of, indices))));
        // Without terms a sum is 0.
        if !adds {
            let of_target = order.into_iter().filter(|&indices| indices != k).collect::<Vec<_>>();
            self.loops(&of_target.concat(), &mut |this| {
                let address = this.address(to);
                this.write(to.array, address, T::zero());
            });
        }
        // A block holds several rows and columns at once: no two of them may be the same element.
        let mut owners: HashMap<usize, Vec<i64>> = HashMap::new();
        self.loops(&order.concat(), &mut |this| {
            let first = *first.get_or_insert_with(|| {
                let before = this.at.len();
                this.at.extend(&lows);
                let first = [this.address(to), this.address(&left), this.address(&right)];
                this.at.truncate(before);
                first
            });
            let position = |of: usize| {
                let moved = strides[of].iter().map(|&(indices, stride)| {
                    // Axes side by side are as one.
                    let at = indices.iter().fold(0, |at, &index| {
                        let low = lows
                            .iter()
                            .find(|(known, _)| *known == index)
                            .map_or(0, |&(_, low)| low);
                        let count = if indices.len() > 1 { this.count(index) } else { 0 };
                        at * count + this.value_of(index) - low
                    });
                    usize::try_from(at).expect("a position") * stride
                });
                first[of] + moved.sum::<usize>()
            };
            let address = position(0);
            let own: Vec<i64> = m.iter().chain(n).map(|&index| this.value_of(index)).collect();
            let owner = owners.entry(address).or_insert_with(|| own.clone());
            assert_eq!(*owner, own, "two elements of a block at {address} of {:?}", to.array);
            let factors = [(left.array, position(1)), (right.array, position(2))];
            let [left, right] = factors.map(|(array, address)| this.read(array, address));
            let sum = left.fma(right, this.read(to.array, address));
            this.note((to.array, address), 0, k.last().copied(), true);
            this.write(to.array, address, sum);
        });
    }

    /// The element that a factor is.
    pub(super) fn element(&self, factor: NodeId) -> T {
        let element = self.loaded(factor);
        self.read(element.array, self.address(&element))
    }

    /// The address of an element where these indices have their first values.
    pub(super) fn first_of(&mut self, to: &Element, indices: &[IndexId]) -> usize {
        let before = self.at.len();
        for &index in indices {
            let low = self.range(index).0;
            self.at.push((index, low));
        }
        let address = self.address(to);
        self.at.truncate(before);
        address
    }
}
