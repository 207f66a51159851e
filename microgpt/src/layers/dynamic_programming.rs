//! Sums over all ways through a table, one column after the other: there are more of them than can be counted
//! one by one.

use crate::array::Matrix;
use crate::real::Real;
use crate::shape::Dim;
use crate::value::Value;

layer! {
    /// The logarithm of the probability that a hidden Markov model gives to what was observed, by the forward
    /// algorithm (Rabiner 1989, A Tutorial on Hidden Markov Models). All are logarithms of probabilities: of the
    /// first state, of state `j` after `i`, and of each observation in a state.
    pub fn hidden_markov_log_likelihood(start: [i], transition: [i, i], emission: [i, v], observed: &[usize; t] in 0..v) -> [] {
        for t {
            let f = [if t > 0 { logsumexp(f[t - 1, j] + transition[j, i] for j) } else { start[i] } + emission[i, observed[t]] for i];
        }
        logsumexp(f[len(t) - 1, i] for i)
    }

    /// Minus the logarithm of the probability that a conditional random field gives to labels, in nats: their
    /// score less that of all ways to label (Lafferty 2001; with scores by a network Lample 2016,
    /// arXiv:1603.01360). A way scores `score[t, i]` for each label and `transition[i, j]` for `j` after `i`.
    pub fn crf_loss(transition: [i, i], score: [t, i], label: &[usize; t] in 0..i) -> [] {
        for t {
            let f = [score[t, i] + if t > 0 { logsumexp(f[t - 1, j] + transition[j, i] for j) } else { 0 } for i];
        }
        let way = sum(score[t, label[t]] + if t > 0 { transition[label[t - 1], label[t]] } else { 0 } for t);
        logsumexp(f[len(t) - 1, i] for i) - way
    }

    /// The loss of [`ctc_loss`] by labels that have blanks between them, `path`, and what the logarithm of the
    /// probability gains where the blank or label before is skipped, 0 or -∞.
    fn ctc(log_p: [t, v], path: &[usize; s] in 0..v, skip: &[s]) -> [] {
        for t {
            let f[-1] = [if s == 0 { 0 } else { {T::neg_infinity()} } for s];
            let f     = [log_p[t, path[s]] + logsumexp(f[t - 1, r] + if r + 2 == s { skip[s] } else { 0 } for r in s - 2..=s) for s];
        }
        -logsumexp(f[len(t) - 1, r] for r in len(s) - 2..len(s))
    }
}

/// Connectionist temporal classification (Graves 2006): minus the logarithm, in nats, of the probability of all
/// ways in which `labels`, which may be none, are spread over positions. `log_p` has the logarithms of the
/// probabilities of blanks, in column 0, and of labels, for each position, as
/// [`log_softmax`](super::log_softmax) makes them. Equal labels that follow each other have a blank between them.
/// Where there are more labels than positions for them, the loss is infinite, without gradient.
///
/// # Panics
///
/// If there is no position, or a label is no column.
#[must_use]
#[track_caller]
pub fn ctc_loss<'t, P: Dim, V: Dim, T: Real>(
    log_p: Matrix<'t, P, V, T>,
    labels: &[usize],
) -> Value<'t, T> {
    let mut path = vec![0; 2 * labels.len() + 1];
    let mut skip = vec![T::neg_infinity(); path.len()];
    for (at, &label) in labels.iter().enumerate() {
        path[2 * at + 1] = label;
        if at > 0 && label != labels[at - 1] {
            skip[2 * at + 1] = T::zero();
        }
    }
    ctc(log_p, &path, &skip)
}
