//! Reductions and their accumulators.

use microgpt::expr::Product;

use super::Machine;
use crate::graph::{Array, Fold, IndexId, NodeId};
use crate::nest::ir::{Accumulator, Reduce, Row, Term, Update};
use crate::tests::number::Number;

/// So many lanes a sum has.
const LANES: usize = 8;

/// A reduction under way: one for each element of a row, or one alone.
pub struct Running<T> {
    fold: Fold,
    accumulator: Accumulator,
    over: Option<IndexId>,
    elements: Vec<One<T>>,
    /// Where the elements lie.
    array: Array,
    first: usize,
}

/// One reduction under way.
#[derive(Clone)]
pub struct One<T> {
    fold: Fold,
    lanes: [T; LANES],
    product: Product<T>,
    best: Option<(i64, T)>,
}

impl<T: Number> Running<T> {
    pub fn element(fold: Fold) -> One<T> {
        One { fold, lanes: [T::zero(); LANES], product: Product::new(), best: None }
    }
}

impl<T: Number> One<T> {
    /// Takes a term into account, at a value of the index that is reduced.
    pub fn take(&mut self, term: T, at: Option<i64>) {
        match self.fold {
            Fold::Sum => self.lanes[0] += term,
            Fold::Prod => self.product.take(term),
            Fold::Max | Fold::ArgMax => self.better(term, at, |a, b| a > b),
            Fold::Min | Fold::ArgMin => self.better(term, at, |a, b| a < b),
            Fold::Others => panic!("the product of others is a scan"),
        }
    }

    /// The first of equals, or the first that is not a number.
    fn better(&mut self, term: T, at: Option<i64>, is_better: fn(T, T) -> bool) {
        let takes = |(_, best): (i64, T)| is_better(term, best) || term.is_nan() && !best.is_nan();
        if self.best.is_none_or(takes) {
            self.best = Some((at.unwrap_or(0), term));
        }
    }

    pub fn result(&self, fold: Fold) -> T {
        let best = |of_nothing: T| self.best.map_or(of_nothing, |(_, best)| best);
        match fold {
            Fold::Sum => {
                let [a, b, c, d, e, f, g, h] = self.lanes;
                ((a + e) + (c + g)) + ((b + f) + (d + h))
            }
            Fold::Prod => {
                let mut product = self.product;
                product.number()
            }
            Fold::Max => best(T::neg_infinity()),
            Fold::Min => best(T::infinity()),
            Fold::ArgMax | Fold::ArgMin => T::of(self.best.map_or(0, |(at, _)| at) as f64),
            Fold::Others => panic!("the product of others is a scan"),
        }
    }
}

impl<T: Number> Machine<'_, T> {
    pub(super) fn reduce(&mut self, reduce: &Reduce) {
        let Reduce { fold, accumulator, to, adds, over, body } = reduce;
        let over = over.map(|(over, _)| over);
        let (first, count) = match *accumulator {
            Accumulator::One => (self.address(to), 1),
            Accumulator::Row(row) | Accumulator::RowOfLanes { row, .. } => {
                (self.first(to, row), self.count(row))
            }
            Accumulator::Vectors { each, along } => {
                let count = self.count(each) * self.count(along);
                (if count == 0 { 0 } else { self.first_of(to, &[each, along]) }, count)
            }
        };
        let count = usize::try_from(count).expect("a length");
        let mut elements = vec![Running::element(*fold); count];
        // Where a row or a block is added to, the sum begins with what is there; lanes are added at the end.
        let begins =
            *adds && matches!(accumulator, Accumulator::Row(_) | Accumulator::Vectors { .. });
        for (position, element) in elements.iter_mut().enumerate().filter(|_| begins) {
            element.lanes[0] = self.read(to.array, first + position);
        }
        let (fold, accumulator, array) = (*fold, *accumulator, to.array);
        let outer =
            self.running.replace(Running { fold, accumulator, over, elements, array, first });
        assert!(outer.is_none(), "a reduction within another");
        self.block(body);
        let running = self.running.take().expect("it is not taken away");
        for (position, element) in running.elements.iter().enumerate() {
            let mut result = element.result(fold);
            if *adds && !begins {
                result = self.read(array, first + position) + result;
            }
            self.write(array, first + position, result);
        }
    }

    pub(super) fn term(&mut self, term: &Term) {
        match term {
            Term::One(value) => {
                let running = self.running.as_ref().expect("a term is one of a reduction");
                let position = match running.accumulator {
                    Accumulator::One => 0,
                    Accumulator::Row(row) | Accumulator::RowOfLanes { row, .. } => {
                        self.value_of(row) - self.range(row).0
                    }
                    Accumulator::Vectors { .. } => {
                        panic!("rows of vectors have terms of their own")
                    }
                };
                self.take(usize::try_from(position).expect("a position"), 0, *value, None);
            }
            Term::Row(row) => self.row_of_terms(row),
            Term::Multiple { each, along, left, right } => {
                self.multiples([*each, *along], *left, *right);
            }
        }
    }

    fn row_of_terms(&mut self, row: &Row) {
        let running = self.running.as_ref().expect("a term is one of a reduction");
        let (accumulator, over) = (running.accumulator, running.over);
        let best = !matches!(running.fold, Fold::Sum);
        self.row(row, |this, position| match accumulator {
            // A maximum alone asks for the position in the row, a row of them for that of the loop.
            Accumulator::One if best => this.take_at(0, 0, row.value, Some(row.index), None),
            Accumulator::One => this.take(0, position % LANES, row.value, Some(row.index)),
            _ => this.take_at(position, 0, row.value, over, None),
        });
    }

    fn take(&mut self, position: usize, lane: usize, value: Update, along: Option<IndexId>) {
        let over = self.running.as_ref().and_then(|running| running.over);
        self.take_at(position, lane, value, over, along);
    }

    /// Takes a term into the reduction of an element.
    fn take_at(
        &mut self,
        position: usize,
        lane: usize,
        value: Update,
        over: Option<IndexId>,
        along: Option<IndexId>,
    ) {
        let mut running = self.running.take().expect("a term is one of a reduction");
        let (lane, along) = match running.accumulator {
            Accumulator::RowOfLanes { over, .. } => {
                let place = usize::try_from(self.value_of(over) - self.range(over).0);
                (place.expect("a place") % LANES, Some(over))
            }
            _ => (lane, along),
        };
        let element = &mut running.elements[position];
        if running.fold == Fold::Sum {
            element.lanes[lane] = self.update(value, element.lanes[lane]);
            let fused = matches!(value, Update::AddFused(_));
            self.note((running.array, running.first + position), lane, along, fused);
        } else {
            assert!(value.is_set());
            let at = over.map(|over| self.value_of(over));
            element.take(self.update(value, T::zero()), at);
        }
        self.running = Some(running);
    }

    fn multiples(&mut self, [each, along]: [IndexId; 2], left: NodeId, right: NodeId) {
        let [rows, columns] = [each, along].map(|index| self.count(index));
        for row in 0..rows {
            for column in 0..columns {
                let at = [(each, row + self.range(each).0), (along, column + self.range(along).0)];
                self.at.extend(at);
                let (factor, element) = (self.element(left), self.element(right));
                let position = usize::try_from(row * columns + column).expect("a position");
                let mut running = self.running.take().expect("a term is one of a reduction");
                let sum = &mut running.elements[position].lanes[0];
                *sum = factor.fma(element, *sum);
                self.note((running.array, running.first + position), 0, None, true);
                self.running = Some(running);
                self.at.truncate(self.at.len() - 2);
            }
        }
    }
}
