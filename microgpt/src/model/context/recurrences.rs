//! Recurrences: the state of each position from the one before, for all documents of a forward pass.

use crate::array::{Array, Matrix, Vector};
use crate::layers::token_embedding;
use crate::real::Real;
use crate::shape::{Dim, Rows};

use super::{Context, Kept, Size, Span, gathered};

impl<'t, T: Real> Context<'t, T> {
    /// What each position makes of the one before it in its document.
    ///
    /// `x` has a row for each token of the forward pass. `step` is called for each position and receives a
    /// row of `x` and a row of state for each document that is as long; it returns their next states.
    /// Before the first position of a document its state is `start`. The result has a row for each token:
    /// the state after it.
    ///
    /// # Panics
    ///
    /// If there is not one row of `x` for each token.
    #[track_caller]
    pub fn scan<X: Rows, S: Dim>(
        &mut self,
        x: Array<'t, X, T>,
        start: Vector<'t, S, T>,
        mut step: impl FnMut(Array<'t, X, T>, Matrix<'t, usize, S, T>) -> Matrix<'t, usize, S, T>,
    ) -> Matrix<'t, usize, S, T> {
        let tokens = self.positions().len();
        let rows = x.shape().rows();
        assert!(rows == tokens, "{rows} rows of {tokens} tokens");
        let (size, axis, tape) = (start.size(), start.shape().0, x.tape());
        let call = self.calls;
        let kept = self.kept(Size::State(size)).map(|(kept, cache)| match kept {
            Kept::States(states) => states.reshape((cache.lens.len(), axis)),
            Kept::Positions { .. } => {
                panic!("call {call} is `scan`, but was not as the cache was made")
            }
        });
        let spans = self.spans.all();
        // Documents go side by side, position after position; those that have ended drop out.
        let begins: Vec<usize> = spans
            .iter()
            .scan(0, |at, span| {
                *at += span.len;
                Some(*at - span.len)
            })
            .collect();
        let mut running: Vec<usize> = (0..spans.len()).collect();
        let mut state = first_states(spans, start, kept);
        let (mut states, mut order) = (Vec::new(), vec![0; tokens]);
        let (mut made, mut time) = (0, 0);
        while !running.is_empty() {
            let rows: Vec<usize> = running.iter().map(|&at| begins[at] + time).collect();
            for (number, &row) in rows.iter().enumerate() {
                order[row] = made + number;
            }
            made += rows.len();
            state = step(gathered(x, &rows), state);
            states.push(state);
            time += 1;
            let going: Vec<usize> =
                (0..running.len()).filter(|&at| spans[running[at]].len > time).collect();
            if let Some(kept) = kept {
                for (at, &one) in running.iter().enumerate().filter(|(at, _)| !going.contains(at)) {
                    let (new, old) = (state.rows(at, 1), kept.rows(spans[one].stream, 1));
                    tape.copy_values(new.position(), old.position(), size);
                }
            }
            if going.len() < running.len() {
                running = going.iter().map(|&at| running[at]).collect();
                if !running.is_empty() {
                    state = gathered(state, &going);
                }
            }
        }
        let all = match states[..] {
            [state] => state,
            _ => tape.concatenate(&states, (tokens, axis)),
        };
        gathered(all, &order)
    }
}

/// The states before the first token of each span.
fn first_states<'t, S: Dim, T: Real>(
    spans: &[Span],
    start: Vector<'t, S, T>,
    kept: Option<Matrix<'t, usize, S, T>>,
) -> Matrix<'t, usize, S, T> {
    let axis = start.shape().0;
    let first = start.reshape((1, axis));
    match (kept, spans) {
        (Some(kept), [span]) if span.past > 0 => kept.rows(span.stream, 1),
        (Some(kept), spans) if spans.iter().any(|span| span.past > 0) => {
            let each: Vec<_> = spans
                .iter()
                .map(|span| if span.past > 0 { kept.rows(span.stream, 1) } else { first })
                .collect();
            start.tape().concatenate(&each, (spans.len(), axis))
        }
        (_, [_]) => first,
        (_, spans) => token_embedding(first, &vec![0; spans.len()]),
    }
}
