//! Recurrences: the state of each position from the one before, for all documents of a forward pass.

use std::array;

use crate::array::{Array, Matrix, Vector};
use crate::layers::token_embedding;
use crate::real::Real;
use crate::shape::{Dim, Rows};

use super::cache::{Kept, Size};
use super::{Context, Span, gathered};

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
    /// If there is not one row of `x` for each token, or if `step` does not return a state for each row that it received,
    /// as long as `start`.
    #[track_caller]
    pub fn scan<X: Rows, S: Dim>(
        &mut self,
        x: Array<'t, X, T>,
        start: Vector<'t, S, T>,
        mut step: impl FnMut(Array<'t, X, T>, Matrix<'t, usize, S, T>) -> Matrix<'t, usize, S, T>,
    ) -> Matrix<'t, usize, S, T> {
        let tokens = self.positions().len();
        let kept = self.kept_states("scan", x.shape().rows(), start);
        let (axis, tape) = (start.shape().0, x.tape());
        let mut step = |rows: Array<'t, X, T>, before| {
            let state = step(rows, before);
            let (made, asked) = (state.shape().0, rows.shape().rows());
            assert!(made == asked, "a step of {asked} documents returned {made} states");
            state
        };
        let spans = self.spans.all();
        if !spans.is_empty() && spans.iter().all(|span| span.len == 1) {
            // Tokens as they are generated: one step, without a list of what is still running.
            let state = step(x, first_states(spans, start, kept));
            require_len(state.shape().1, start.shape().0);
            keep(state, kept, spans.iter().enumerate());
            return state;
        }
        // A document without a token has no step.
        let spans: Vec<Span> = spans.iter().filter(|span| span.len > 0).copied().collect();
        if spans.is_empty() {
            return step(x, first_states(&spans, start, kept));
        }
        // Documents go side by side, position after position; those that have ended drop out.
        let begins: Vec<usize> = begins(&spans).collect();
        let mut running: Vec<usize> = (0..spans.len()).collect();
        let mut state = first_states(&spans, start, kept);
        let (mut states, mut order) = (Vec::new(), vec![0; tokens]);
        let (mut made, mut time) = (0, 0);
        while !running.is_empty() {
            let rows: Vec<usize> = running.iter().map(|&at| begins[at] + time).collect();
            for (number, &row) in rows.iter().enumerate() {
                order[row] = made + number;
            }
            made += rows.len();
            state = step(gathered(x, &rows), state);
            require_len(state.shape().1, start.shape().0);
            states.push(state);
            time += 1;
            let going: Vec<usize> =
                (0..running.len()).filter(|&at| spans[running[at]].len > time).collect();
            let ended = running.iter().enumerate().filter(|(at, _)| !going.contains(at));
            keep(state, kept, ended.map(|(at, &one)| (at, &spans[one])));
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

    /// What a recurrence makes of each document, as [`scan`](Context::scan) does, but by equations that have the
    /// steps in them: a block of [`layer!`](crate::layer), which is one record however many steps there are.
    ///
    /// `x` has a row for each token of the forward pass. `equations` is called once. It receives the rows of all
    /// documents side by side, `[t, n, j]`, and the state of each before its first row, `[n, i]`; it returns the
    /// states after each row, `[t, n, i]`. Documents that are shorter than the longest repeat their last row, and
    /// what comes of that is left out. Before the first position of a document its state is `start`. The result
    /// has a row for each token: the state after it.
    ///
    /// A state of several parts, as that of [`lstm`](crate::layers::lstm), is what
    /// [`recurrences`](Context::recurrences) is for.
    ///
    /// ```
    /// use microgpt::{Context, Instance, LanguageModel, Matrix, Model, Parameters, PythonRandom, Real, Tape};
    /// use microgpt::layers::{linear, rnn, token_embedding};
    /// use microgpt::model::{Bias, Weight};
    ///
    /// #[derive(Clone)]
    /// struct Rnn;
    ///
    /// impl Model for Rnn {
    ///     type Weights<'t, T: Real> = (Weight<'t, T>, [Weight<'t, T>; 3], Bias<'t, T>);
    ///
    ///     fn weights<'t, T: Real>(&self, p: &mut Parameters<'_, 't, T>) -> Self::Weights<'t, T> {
    ///         let square = ["w", "u", "v"].map(|name| p.gauss(name, (8, 8), 0.3));
    ///         (p.gauss("wte", (5, 8), 0.3), square, p.constant("bias", (8,), 0.0))
    ///     }
    /// }
    ///
    /// impl LanguageModel for Rnn {
    ///     fn block_size(&self) -> usize {
    ///         16
    ///     }
    ///
    ///     fn logits<'t, T: Real>(
    ///         &self,
    ///         &(wte, [w, u, v], bias): &Self::Weights<'t, T>,
    ///         tokens: &[usize],
    ///         context: &mut Context<'t, T>,
    ///     ) -> Matrix<'t, usize, usize, T> {
    ///         let x = token_embedding(wte, tokens);
    ///         let h = context.recurrence(x, bias, |x, start| rnn(w, u, bias, x, start));
    ///         linear(wte, linear(v, h))
    ///     }
    /// }
    ///
    /// let tape = Tape::new();
    /// let rnn = Instance::new(&tape, Rnn, &mut PythonRandom::new(1))?;
    /// let whole = rnn.logits(&[4, 0, 1], &mut Context::document()).data();
    /// let mut cache = Context::cache(&rnn, 1);
    /// let mut steps = rnn.logits(&[4], &mut cache).data();
    /// steps.extend(rnn.logits(&[0, 1], &mut cache).data());
    /// assert!(whole.iter().zip(&steps).all(|(one, other)| (one - other).abs() < 1e-12));
    /// # Ok::<(), microgpt::model::ModelError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not one row of `x` for each token, or if `equations` does not return a state for each row that
    /// it received, as long as `start`.
    #[track_caller]
    pub fn recurrence<J: Dim, S: Dim>(
        &mut self,
        x: Matrix<'t, usize, J, T>,
        start: Vector<'t, S, T>,
        equations: impl FnOnce(
            Array<'t, (usize, usize, J), T>,
            Matrix<'t, usize, S, T>,
        ) -> Array<'t, (usize, usize, S), T>,
    ) -> Matrix<'t, usize, S, T> {
        let [states] = self.recurrences(x, [start], |x, [start]| [equations(x, start)]);
        states
    }

    /// [`recurrence`](Context::recurrence) of a state of several parts, each of which is kept and returned.
    ///
    /// ```
    /// use microgpt::{Array, Const, Context, Matrix, Real};
    /// use microgpt::layers::lstm;
    /// use microgpt::model::Bias;
    ///
    /// type Gates<'t, T> = Array<'t, (usize, Const<4>, usize), T>;
    ///
    /// /// The states of an LSTM, whose cells it carries along.
    /// fn states<'t, T: Real>(
    ///     context: &mut Context<'t, T>,
    ///     [w, u]: [Gates<'t, T>; 2],
    ///     bias: Matrix<'t, Const<4>, usize, T>,
    ///     start: [Bias<'t, T>; 2],
    ///     x: Matrix<'t, usize, usize, T>,
    /// ) -> Matrix<'t, usize, usize, T> {
    ///     let [h, _] = context.recurrences(x, start, |x, [h, c]| lstm(w, u, bias, x, h, c).into());
    ///     h
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`recurrence`](Context::recurrence). Parts whose axis is a type, as `Const<8>`, are of one length.
    #[track_caller]
    pub fn recurrences<const PARTS: usize, J: Dim, S: Dim>(
        &mut self,
        x: Matrix<'t, usize, J, T>,
        start: [Vector<'t, S, T>; PARTS],
        equations: impl FnOnce(
            Array<'t, (usize, usize, J), T>,
            [Matrix<'t, usize, S, T>; PARTS],
        ) -> [Array<'t, (usize, usize, S), T>; PARTS],
    ) -> [Matrix<'t, usize, S, T>; PARTS] {
        let mut kept = [None; PARTS];
        for (kept, start) in kept.iter_mut().zip(start) {
            *kept = self.kept_states("recurrence", x.shape().rows(), start);
        }
        let first =
            |spans: &[Span]| array::from_fn(|part| first_states(spans, start[part], kept[part]));
        if self.spans.all().iter().all(|span| span.len == 1) {
            let spans = self.spans.all();
            let inputs = x.reshape((1, spans.len(), x.shape().1));
            let states = flat(equations(inputs, first(spans)), (1, spans.len()), start);
            for (states, kept) in states.iter().zip(kept) {
                keep(*states, kept, spans.iter().enumerate());
            }
            return states;
        }
        // A document without a token has no last row.
        let spans: Vec<Span> =
            self.spans.all().iter().filter(|span| span.len > 0).copied().collect();
        let documents = spans.len();
        let longest = spans.iter().map(|span| span.len).max().unwrap_or(0);
        let begins: Vec<usize> = begins(&spans).collect();
        let row = |time| {
            let at = move |(span, begin): (&Span, &usize)| begin + span.len.min(time + 1) - 1;
            spans.iter().zip(&begins).map(at)
        };
        let rows: Vec<usize> = (0..longest).flat_map(row).collect();
        let inputs = gathered(x, &rows);
        let inputs = inputs.reshape((longest, documents, x.shape().1));
        let states = flat(equations(inputs, first(&spans)), (longest, documents), start);
        let last = |(number, span): (usize, &Span)| (span.len - 1) * documents + number;
        for (states, kept) in states.iter().zip(kept) {
            keep(*states, kept, spans.iter().enumerate().map(|one| (last(one), one.1)));
        }
        let of_span = |(number, span): (usize, &Span)| {
            (0..span.len).map(move |time| time * documents + number)
        };
        let order: Vec<usize> = spans.iter().enumerate().flat_map(of_span).collect();
        states.map(|states| gathered(states, &order))
    }

    /// The last state of each stream of a cache, and one behind them, for a call that was given so many rows.
    #[track_caller]
    fn kept_states<S: Dim>(
        &mut self,
        name: &str,
        rows: usize,
        start: Vector<'t, S, T>,
    ) -> Option<Matrix<'t, usize, S, T>> {
        let tokens = self.tokens(rows);
        assert!(rows == tokens, "{rows} rows of {tokens} tokens");
        let call = self.calls;
        let (kept, cache) = self.kept(Size::State(start.size()))?;
        match kept {
            Kept::States(states) => Some(states.reshape((cache.lens.len() + 1, start.shape().0))),
            Kept::Positions { .. } => {
                panic!("call {call} is `{name}`, but was `attend` as the cache was made")
            }
        }
    }
}

/// States of so many positions and documents, each as long as its start, a row for each.
#[track_caller]
fn flat<'t, const PARTS: usize, S: Dim, T: Real>(
    states: [Array<'t, (usize, usize, S), T>; PARTS],
    expected: (usize, usize),
    start: [Vector<'t, S, T>; PARTS],
) -> [Matrix<'t, usize, S, T>; PARTS] {
    array::from_fn(|part| {
        let (states, axis) = (states[part], start[part].shape().0);
        let made = (states.shape().0, states.shape().1);
        assert!(made == expected, "states of {made:?} positions and documents, not {expected:?}");
        require_len(states.shape().2, axis);
        states.reshape((expected.0 * expected.1, axis))
    })
}

/// A state is followed by one as long.
#[track_caller]
fn require_len<S: Dim>(found: S, start: S) {
    assert!(
        found.len() == start.len(),
        "a state of {} numbers, where the start has {}",
        found.len(),
        start.len()
    );
}

/// Keeps for each of some streams the row of its last state, if there is a cache.
#[track_caller]
fn keep<'s, S: Dim, T: Real>(
    states: Matrix<'_, usize, S, T>,
    kept: Option<Matrix<'_, usize, S, T>>,
    streams: impl Iterator<Item = (usize, &'s Span)>,
) {
    let Some(kept) = kept else { return };
    let size = states.shape().1.len();
    let parts = streams.map(|(row, span)| (row * size, span.stream * size, size));
    let (new, old) = ((states.position(), states.size()), (kept.position(), kept.size()));
    states.tape().copy_parts(new, old, parts);
}

/// The first token of each span.
fn begins(spans: &[Span]) -> impl Iterator<Item = usize> {
    spans.iter().scan(0, |at, span| {
        *at += span.len;
        Some(*at - span.len)
    })
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
