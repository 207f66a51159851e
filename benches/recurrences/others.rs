//! Every other recurrence among the layers, beside a Rust loop of an `expr!` for each step.

use microgpt::{Array, Const, PythonRandom, Tape, Value, Vector, expr, layers};

use super::turns::medians;
use super::{Bench, Output, assert_close};

type Row<'t> = Vector<'t, usize, f32>;
type Heads<'t> = Array<'t, (usize, usize, usize), f32>;

impl<'t> Bench<'t> {
    /// A line of the table: a block, and the loop.
    fn line<A: Output, B: Output>(
        &mut self,
        name: &str,
        block: impl Fn() -> A,
        steps: impl Fn() -> B,
    ) {
        let tape = self.tape;
        let mark = tape.mark();
        let [values, others] = [block().data(), steps().data()];
        assert_close(name, &values, &others);
        let cotangent = self.numbers(values.len(), 0.0, 1.0);
        let [block, steps] = medians(
            self.short,
            [
                &mut || {
                    block().pull(&cotangent);
                    tape.rewind(mark);
                },
                &mut || {
                    steps().pull(&cotangent);
                    tape.rewind(mark);
                },
            ],
        );
        println!(
            "| `{name}` | {:.3} ms | {:.3} ms | {:.1} |",
            block * 1e3,
            steps * 1e3,
            steps / block
        );
    }

    /// The rows that a step makes, one after the other.
    fn rows(&self, count: usize, step: impl FnMut(usize) -> Row<'t>) -> Row<'t> {
        let rows: Vec<_> = (0..count).map(step).collect();
        let size = rows.iter().map(|row| row.size()).sum();
        self.tape.concatenate(&rows, (size,))
    }
}

/// A row of an array as a vector.
fn row(x: Array<'_, (usize, usize), f32>, t: usize) -> Row<'_> {
    x.rows(t, 1).reshape((x.shape().1,))
}

pub fn measure(short: bool) {
    let tape = Tape::<f32>::default();
    let mut bench = Bench { tape: &tape, random: PythonRandom::new(2), short };
    let positions = if short { 5 } else { 256 };
    println!("The other recurrences, f32, {positions} positions, value and gradient\n");
    println!("| layer | block | expr! a step | a step / block |");
    println!("|---|---|---|---|");
    scans(&mut bench, positions);
    networks(&mut bench, positions);
    attentions(&mut bench, positions);
    state_spaces(&mut bench, positions);
    tables(&mut bench, positions);
    iterations(&mut bench, if short { 3 } else { 64 });
}

fn scans<'t>(bench: &mut Bench<'t>, positions: usize) {
    let width = 64;
    let x = bench.draw((positions, width));
    let factors = bench.around((positions, width), 1.0, 0.05);
    let decay = bench.around((width,), 0.9, 0.02);
    let loops = Bench { tape: bench.tape, random: PythonRandom::new(3), short: bench.short };
    let along = |x: Array<'t, _, f32>, step: &dyn Fn(Row<'t>, Row<'t>) -> Row<'t>| {
        let mut state = row(x, 0);
        loops.rows(positions, |t| {
            if t > 0 {
                state = step(state, row(x, t));
            }
            state
        })
    };
    bench.line(
        "cumulative_sum",
        || layers::cumulative_sum(x),
        || along(x, &|before, x| expr!([before[i] + x[i] for i])),
    );
    bench.line(
        "cumulative_product",
        || layers::cumulative_product(factors),
        || along(factors, &|before, x| expr!([before[i] * x[i] for i])),
    );
    bench.line("cumulative_logsumexp", || layers::cumulative_logsumexp(x), || {
        along(x, &|before, x| {
            expr!([logsumexp(if k == 0 { before[i] } else { x[i] } for k in 0..2) for i])
        })
    });
    bench.line(
        "exponential_moving_average",
        || layers::exponential_moving_average(x, decay),
        || along(x, &|before, x| expr!([decay[i] * before[i] + (1 - decay[i]) * x[i] for i])),
    );
}

fn networks(bench: &mut Bench<'_>, positions: usize) {
    let (documents, width) = (4, 32);
    let x = bench.draw((positions, documents, width));
    let start = bench.draw((documents, width));
    let (w, u, bias) =
        (bench.draw((width, width)), bench.draw((width, width)), bench.draw((width,)));
    let tape = bench.tape;
    bench.line(
        "rnn",
        || layers::rnn(w, u, bias, x, start),
        || {
            let a = expr!([sum(w[j, i] * x[t, n, j] for j) + bias[i] for t, n, i]);
            let mut h = start;
            let states = (0..positions).map(|t| {
                let a = a.rows(t, 1).reshape((documents, width));
                h = expr!([tanh(a[n, i] + sum(u[k, i] * h[n, k] for k)) for n, i]);
                h
            });
            tape.concatenate(&states.collect::<Vec<_>>(), x.shape())
        },
    );

    let gates = (width, Const::<3>, width);
    let (w, u, bias) = (bench.draw(gates), bench.draw(gates), bench.draw((Const::<3>, width)));
    bench.line(
        "gru",
        || layers::gru(w, u, bias, x, start),
        || {
            let a = expr!([sum(w[j, g, i] * x[t, n, j] for j) + bias[g, i] for t, n, g, i]);
            let mut h = start;
            let states = (0..positions).map(|t| {
                let a = a.rows(t, 1).reshape((documents, Const::<3>, width));
                h = expr! {
                    let before = [sum(u[k, g, i] * h[n, k] for k) for n, g, i];
                    let keep = [sigmoid(a[n, 0, i] + before[n, 0, i]) for n, i];
                    let show = [sigmoid(a[n, 1, i] + before[n, 1, i]) for n, i];
                    let new = [tanh(a[n, 2, i] + show[n, i] * before[n, 2, i]) for n, i];
                    [keep[n, i] * h[n, i] + (1 - keep[n, i]) * new[n, i] for n, i]
                };
                h
            });
            tape.concatenate(&states.collect::<Vec<_>>(), x.shape())
        },
    );

    let gates = (width, Const::<2>, width);
    let (w, bias) = (bench.draw(gates), bench.draw((Const::<2>, width)));
    bench.line(
        "min_gru",
        || layers::min_gru(w, bias, x, start),
        || {
            let a = expr!([sum(w[j, g, i] * x[t, n, j] for j) + bias[g, i] for t, n, g, i]);
            let mut h = start;
            let states = (0..positions).map(|t| {
                let a = a.rows(t, 1).reshape((documents, Const::<2>, width));
                h = expr! {
                    let gate = [sigmoid(a[n, 0, i]) for n, i];
                    [(1 - gate[n, i]) * h[n, i] + gate[n, i] * a[n, 1, i] for n, i]
                };
                h
            });
            tape.concatenate(&states.collect::<Vec<_>>(), x.shape())
        },
    );
}

fn attentions<'t>(bench: &mut Bench<'t>, positions: usize) {
    let (heads, width) = (4, 16);
    let shape = (positions, heads, width);
    let (q, k, v) = (bench.draw(shape), bench.draw(shape), bench.draw(shape));
    let tape = bench.tape;
    let at = |x: Heads<'t>, t| x.rows(t, 1).reshape((heads, width));
    let empty = tape.zeros((heads, width, width));
    let nothing = tape.zeros((heads, width));
    bench.line("linear_attention", || layers::linear_attention(q, k, v), || {
        let feature = |x: Heads<'t>| {
            expr!([if x[t, h, j] > 0 { x[t, h, j] + 1 } else { exp(x[t, h, j]) } for t, h, j])
        };
        let (q, k) = (feature(q), feature(k));
        let (mut state, mut total) = (empty, nothing);
        let rows = (0..positions).map(|t| {
            let (q, k, v) = (at(q, t), at(k, t), at(v, t));
            let y;
            (state, total, y) = expr! {
                let state = [state[h, j, i] + k[h, j] * v[h, i] for h, j, i];
                let total = [total[h, j] + k[h, j] for h, j];
                let weight = [sum(q[h, j] * total[h, j] for j) + 1e-6 for h];
                (
                    [state[h, j, i] for h, j, i],
                    [total[h, j] for h, j],
                    [sum(q[h, j] * state[h, j, i] for j) / weight[h] for h, i]
                )
            };
            y
        });
        tape.concatenate(&rows.collect::<Vec<_>>(), shape)
    });

    let fade = vec![0.9_f32, 0.95, 0.97, 0.99];
    bench.line(
        "retention",
        || layers::retention(q, k, v, &fade),
        || {
            let mut state = empty;
            let rows = (0..positions).map(|t| {
                let (q, k, v) = (at(q, t), at(k, t), at(v, t));
                state = expr!([fade[h] * state[h, j, i] + k[h, j] * v[h, i] for h, j, i]);
                expr!([sum(q[h, j] * state[h, j, i] for j) / sqrt(len(j)) for h, i])
            });
            tape.concatenate(&rows.collect::<Vec<_>>(), shape)
        },
    );

    let (k, v) = (bench.draw((positions, 64)), bench.draw((positions, 64)));
    let (decay, bonus) = (bench.around((64,), 0.5, 0.1), bench.draw((64,)));
    let nothing = tape.zeros((64,));
    let none = tape.vector(vec![-1e30; 64]);
    let loops = Bench { tape, random: PythonRandom::new(3), short: bench.short };
    bench.line("wkv", || layers::wkv(decay, bonus, k, v), || {
        let (mut top, mut above, mut below) = (none, nothing, nothing);
        loops.rows(positions, |t| {
            let (k, v) = (row(k, t), row(v, t));
            let y;
            (top, above, below, y) = expr! {
                let seen = [max(top[i], bonus[i] + k[i]) for i];
                let before = [exp(top[i] - stop(seen[i])) for i];
                let now = [exp(bonus[i] + k[i] - stop(seen[i])) for i];
                let y = [(before[i] * above[i] + now[i] * v[i]) / (before[i] * below[i] + now[i]) for i];
                let next = [stop(max(top[i] - decay[i], k[i])) for i];
                let fade = [exp(top[i] - decay[i] - next[i]) for i];
                let weight = [exp(k[i] - next[i]) for i];
                (
                    [next[i] for i],
                    [fade[i] * above[i] + weight[i] * v[i] for i],
                    [fade[i] * below[i] + weight[i] for i],
                    [y[i] for i]
                )
            };
            y
        })
    });
}

fn state_spaces(bench: &mut Bench<'_>, positions: usize) {
    let (width, states) = (64, 16);
    let a = bench.around((width, states), -1.0, 0.2);
    let (b, c) = (bench.draw((positions, states)), bench.draw((positions, states)));
    let delta = bench.around((positions, width), 0.3, 0.05);
    let (skip, x) = (bench.draw((width,)), bench.draw((positions, width)));
    let empty = bench.tape.zeros((width, states));
    let loops = Bench { tape: bench.tape, random: PythonRandom::new(3), short: bench.short };
    bench.line(
        "selective_scan",
        || layers::selective_scan(a, b, c, delta, skip, x),
        || {
            let mut h = empty;
            loops.rows(positions, |t| {
                let (b, c, delta, x) = (row(b, t), row(c, t), row(delta, t), row(x, t));
                h = expr!([exp(delta[i] * a[i, n]) * h[i, n] + delta[i] * x[i] * b[n] for i, n]);
                expr!([sum(c[n] * h[i, n] for n) + skip[i] * x[i] for i])
            })
        },
    );

    let size = 8;
    let transition = bench.around((size, size), 0.0, 0.2);
    let (drive, spread) = (bench.draw((size, 4)), bench.draw((size, size)));
    let (reading, start) = (bench.draw((size,)), bench.draw((size,)));
    let noise = bench.around((1,), 0.5, 0.0).at([0]);
    let observed = bench.draw((positions,));
    let last =
        move || layers::kalman_filter(transition, drive, reading, noise, start, spread, observed).1;
    bench.line("kalman_filter", last, || {
        let mut mean = start;
        let mut p = expr!([sum(spread[i, k] * spread[j, k] for k) for i, j]);
        let moved = expr!([sum(drive[i, m] * drive[j, m] for m) for i, j]);
        let mut loss: Option<Value<'_, f32>> = None;
        for t in 0..positions {
            let own;
            (mean, p, own) = expr! {
                let ahead = [sum(transition[i, k] * mean[k] for k) for i];
                let half = [sum(transition[i, k] * p[k, j] for k) for i, j];
                let expected = [sum(half[i, k] * transition[j, k] for k) + moved[i, j] for i, j];
                let read = [sum(expected[i, k] * reading[k] for k) for i];
                let variance = sum(reading[i] * read[i] for i) + noise;
                let surprise = observed[{t}] - sum(reading[i] * ahead[i] for i);
                (
                    [ahead[i] + read[i] / variance * surprise for i],
                    [expected[i, j] - read[i] * read[j] / variance for i, j],
                    (surprise^2 / variance + ln(variance) + {std::f32::consts::TAU.ln()}) / 2
                )
            };
            loss = Some(loss.map_or(own, |loss| loss + own));
        }
        loss.expect("a position")
    });
}

fn tables(bench: &mut Bench<'_>, positions: usize) {
    let (states, vocabulary) = (16, 32);
    let transition = bench.around((states, states), -3.0, 0.3);
    let (start, emission) = (bench.draw((states,)), bench.around((states, vocabulary), -3.0, 0.3));
    let observed: Vec<usize> = (0..positions).map(|t| t * 7 % vocabulary).collect();
    bench.line(
        "hidden_markov_log_likelihood",
        || layers::hidden_markov_log_likelihood(start, transition, emission, &observed),
        || {
            let seen = observed[0];
            let mut f = expr!([start[i] + emission[i, {seen}] for i]);
            for &seen in &observed[1..] {
                f = expr!([logsumexp(f[j] + transition[j, i] for j) + emission[i, {seen}] for i]);
            }
            expr!(logsumexp(f[i] for i))
        },
    );

    let score = bench.draw((positions, states));
    let label: Vec<usize> = (0..positions).map(|t| t * 5 % states).collect();
    bench.line(
        "crf_loss",
        || layers::crf_loss(transition, score, &label),
        || {
            let mut f = row(score, 0);
            let first = label[0];
            let mut way = expr!(score[0, {first}]);
            for (t, labels) in (1..).zip(label.windows(2)) {
                let (from, to) = (labels[0], labels[1]);
                f = expr!([score[{t}, i] + logsumexp(f[j] + transition[j, i] for j) for i]);
                way = expr!(way + score[{t}, {to}] + transition[{from}, {to}]);
            }
            expr!(logsumexp(f[i] for i) - way)
        },
    );

    let log_p = layers::log_softmax(bench.draw((positions, vocabulary)));
    let labels: Vec<usize> = (0..positions / 4).map(|u| 1 + u * 7 % (vocabulary - 1)).collect();
    let path: Vec<usize> =
        (0..=2 * labels.len()).map(|s| if s % 2 == 1 { labels[s / 2] } else { 0 }).collect();
    let none = f32::NEG_INFINITY;
    let skip: Vec<f32> = (0..path.len())
        .map(|s| if s >= 2 && path[s] != path[s - 2] { 0.0 } else { none })
        .collect();
    let tape = bench.tape;
    let mut first = vec![none; path.len()];
    first[0] = 0.0;
    let first = tape.vector(first);
    let end = path.len();
    bench.line(
        "ctc_loss",
        || layers::ctc_loss(log_p, &labels),
        || {
            let mut f = first;
            for t in 0..positions {
                f = expr! {
                    [log_p[{t}, path[s]]
                        + logsumexp(f[r] + if r + 2 == s { skip[s] } else { 0 } for r in s - 2..=s)
                        for s in 0..end]
                };
            }
            -expr!(logsumexp(f[s] for s in {end} - 2..end))
        },
    );
}

fn iterations(bench: &mut Bench<'_>, steps: usize) {
    let pages = 64;
    let link = bench.around((pages, pages), 1.0 / 64.0, 0.001);
    let begin = bench.around((pages,), 1.0 / 64.0, 0.001);
    let damping = 0.85_f32;
    bench.line(
        "pagerank",
        || layers::pagerank(link, begin, damping, steps),
        || {
            let mut rank = begin;
            for _ in 0..steps {
                rank = expr! {
                    [damping * sum(link[j, i] * rank[j] for j) + (1 - damping) * begin[i] for i]
                };
            }
            rank
        },
    );
}
