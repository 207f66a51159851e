//! Trains a GPT on names and writes new ones: microgpt.py, with equations in the place of loops over
//! numbers. Losses and names have the digits of the Python.
//!
//! `cargo run --release --example microgpt` reads a FILE of names, or those that come with it.

use std::collections::BTreeSet;

use microgpt::{Matrix, PythonRandom, Tape, expr, layer};

// The layers: attention sees the positions up to its own, all heads at once.
layer! {
    fn embedding(wte: [v, i], wpe: [t, i], token: &[usize; t] in 0..v) -> [t, i] {
        [wte[token[t], i] + wpe[t, i] for t, i]
    }

    fn linear(w: [o, i], x: [t, i]) -> [t, o] {
        [sum(w[o, i] * x[t, i] for i) for t, o]
    }

    fn rmsnorm(x: [t, i]) -> [t, i] {
        let scale = [(mean(x[t, i]^2 for i) + 1e-5)^-0.5 for t];
        [x[t, i] * scale[t] for t, i]
    }

    fn attention(q: [t, h, j], k: [s, h, j], v: [s, h, j]) -> [t, h, j]
    where s in 0..=t
    {
        let score = [sum(q[t, h, j] * k[s, h, j] for j) / sqrt(len(j)) for h, t, s];
        let top   = [max(score[h, t, s] for s) for h, t];
        let e     = [exp(score[h, t, s] - stop(top[h, t])) for h, t, s];
        let total = [sum(e[h, t, s] for s) for h, t];
        [sum(e[h, t, s] / total[h, t] * v[s, h, j] for s) for t, h, j]
    }

    fn relu(x: [t, i]) -> [t, i] {
        [relu(x[t, i]) for t, i]
    }

    fn cross_entropy(logits: [t, v], target: &[usize; t] in 0..v) -> [] {
        let top   = [max(logits[t, i] for i) for t];
        let total = [sum(exp(logits[t, i] - stop(top[t])) for i) for t];
        mean(ln(total[t]) - (logits[t, target[t]] - stop(top[t])) for t)
    }
}

const N_LAYER: usize = 1;
const N_EMBD: usize = 16;
const BLOCK_SIZE: usize = 16;
const N_HEAD: usize = 4;
type Weight<'t> = Matrix<'t, usize, usize>;

/// The model: logits of what follows each token.
fn gpt<'t>(parameters: &[Weight<'t>], tokens: &[usize]) -> Weight<'t> {
    let heads = |x: Weight<'t>| x.reshape((tokens.len(), N_HEAD, N_EMBD / N_HEAD));
    let [wte, wpe, lm_head] = [0, 1, 2].map(|at| parameters[at]);
    let mut x = rmsnorm(embedding(wte, wpe.rows(0, tokens.len()), tokens));
    for layer in parameters[3..].chunks_exact(6) {
        let [wq, wk, wv, wo, fc1, fc2] = [0, 1, 2, 3, 4, 5].map(|at| layer[at]);
        let y = rmsnorm(x);
        let y = attention(heads(linear(wq, y)), heads(linear(wk, y)), heads(linear(wv, y)));
        x += linear(wo, y.reshape(x.shape()));
        x += linear(fc2, relu(linear(fc1, rmsnorm(x))));
    }
    linear(lm_head, x)
}

/// Trains on the lines of a text; says what it does, and returns the losses and the names.
pub fn run(text: &str, steps: usize, say: impl Fn(String)) -> (Vec<f64>, Vec<String>) {
    // Dataset: one document a line.
    let mut random = PythonRandom::new(42);
    let mut docs: Vec<&str> = text.lines().map(str::trim).filter(|doc| !doc.is_empty()).collect();
    random.shuffle(&mut docs);
    say(format!("num docs: {}", docs.len()));

    // Tokenizer: characters, and BOS, which begins and ends a document.
    let chars: BTreeSet<char> = docs.iter().flat_map(|doc| doc.chars()).collect();
    let chars: Vec<char> = chars.into_iter().collect();
    let (bos, vocabulary) = (chars.len(), chars.len() + 1);
    let encode = |doc: &str| {
        let ids = doc.chars().filter_map(|c| chars.binary_search(&c).ok());
        [bos].into_iter().chain(ids).chain([bos]).collect::<Vec<usize>>()
    };
    say(format!("vocab size: {vocabulary}"));

    // Parameters, drawn one matrix after the other.
    let mut shapes = vec![(vocabulary, N_EMBD), (BLOCK_SIZE, N_EMBD), (vocabulary, N_EMBD)];
    for _ in 0..N_LAYER {
        shapes.extend([(N_EMBD, N_EMBD); 4]); // wq, wk, wv, wo
        shapes.extend([(4 * N_EMBD, N_EMBD), (N_EMBD, 4 * N_EMBD)]); // the MLP
    }
    let tape = Tape::new();
    let mut matrix = |(rows, columns)| {
        let numbers: Vec<f64> = (0..rows * columns).map(|_| random.gauss(0.0, 0.08)).collect();
        tape.array((rows, columns), &numbers)
    };
    let parameters: Vec<Weight<'_>> = shapes.into_iter().map(&mut matrix).collect();
    say(format!("num params: {}", tape.len()));

    // Adam keeps two means of each parameter's gradients.
    let (learning_rate, beta1, beta2, epsilon) = (0.01, 0.85_f64, 0.99_f64, 1e-8);
    let mut means: Vec<_> = parameters.iter().map(|w| vec![[0.0; 2]; w.size()]).collect();
    let (mark, mut losses) = (tape.mark(), Vec::new());
    for (step, time) in (0..steps).zip(1..) {
        let tokens = encode(docs[step % docs.len()]);
        let n = BLOCK_SIZE.min(tokens.len() - 1);
        let loss = cross_entropy(gpt(&parameters, &tokens[..n]), &tokens[1..=n]);
        loss.backward();
        let rate = learning_rate * (1.0 - step as f64 / steps as f64); // to 0, in a line
        for (w, means) in parameters.iter().zip(&mut means) {
            w.update(|data, grad| {
                for ((x, g), [m, v]) in data.iter_mut().zip(grad).zip(means) {
                    *m = beta1 * *m + (1.0 - beta1) * *g;
                    *v = beta2 * *v + (1.0 - beta2) * *g * *g;
                    let (m, v) = (*m / (1.0 - beta1.powi(time)), *v / (1.0 - beta2.powi(time)));
                    *x -= rate * m / (v.sqrt() + epsilon);
                    *g = 0.0;
                }
            });
        }
        say(format!("step {:4} / {steps:4} | loss {:.4}", step + 1, loss.data()));
        losses.push(loss.data());
        tape.rewind(mark); // the memory of a step is that of the next
    }

    // Inference: a name is drawn token by token, until BOS.
    let (temperature, mut names) = (0.5, Vec::<String>::new());
    for number in 1..=20 {
        let mut tokens = vec![bos];
        while tokens.len() <= BLOCK_SIZE {
            let logits = gpt(&parameters, &tokens).rows(tokens.len() - 1, 1).data();
            let top = expr!(max(logits[i] for i));
            let weights = expr!([exp((logits[i] - top) / temperature) for i]);
            tape.rewind(mark);
            match random.choices(&weights) {
                Ok(token) if token != bos => tokens.push(token),
                _ => break,
            }
        }
        names.push(tokens[1..].iter().map(|&token| chars[token]).collect());
        say(format!("sample {number:2}: {}", names[number - 1]));
    }
    (losses, names)
}

fn main() -> std::io::Result<()> {
    let built_in = include_str!("names.txt").to_owned();
    let text = std::env::args().nth(1).map_or(Ok(built_in), std::fs::read_to_string)?;
    run(&text, 1000, |line| println!("{line}"));
    Ok(())
}
