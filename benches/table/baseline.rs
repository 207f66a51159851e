//! The default model written by hand: plain loops over slices, no tape and no macro, with the
//! arithmetic of the layers. It is what generated code is measured against.

use microgpt::Real;

const EMBD: usize = 16;
const HEADS: usize = 4;
const WIDTH: usize = EMBD / HEADS;
const HIDDEN: usize = 4 * EMBD;
const BLOCK: usize = 16;

/// Weights, gradients and the means of Adam, in the order of `state_dict`.
pub struct Baseline<T> {
    vocabulary: usize,
    weights: Vec<T>,
    gradients: Vec<T>,
    mean: Vec<T>,
    square: Vec<T>,
    steps: i32,
}

/// What the forward pass of a document leaves for the backward pass.
struct Pass<T> {
    embedded: Vec<T>,
    x0: Vec<T>,
    x1: Vec<T>,
    q: Vec<T>,
    k: Vec<T>,
    v: Vec<T>,
    attention: Vec<T>,
    heads: Vec<T>,
    x2: Vec<T>,
    x3: Vec<T>,
    hidden: Vec<T>,
    x4: Vec<T>,
    probabilities: Vec<T>,
}

/// Where each matrix begins.
struct Offsets {
    wpe: usize,
    lm_head: usize,
    wq: usize,
    wk: usize,
    wv: usize,
    wo: usize,
    fc1: usize,
    fc2: usize,
}

fn dot<T: Real>(a: &[T; EMBD], b: &[T; EMBD]) -> T {
    let mut lanes = [T::zero(); 8];
    for start in (0..EMBD).step_by(8) {
        for lane in 0..8 {
            lanes[lane] = a[start + lane].fma(b[start + lane], lanes[lane]);
        }
    }
    lanes.into_iter().sum()
}

/// `out[t, o] = Σ w[o, i] x[t, i]`
fn linear<T: Real>(w: &[T], x: &[T], inputs: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(x.len() / inputs * (w.len() / inputs));
    for x in x.chunks_exact(inputs) {
        for w in w.chunks_exact(inputs) {
            let (w, x) = (w.as_chunks::<EMBD>().0, x.as_chunks::<EMBD>().0);
            out.push(w.iter().zip(x).map(|(w, x)| dot(w, x)).sum());
        }
    }
    out
}

/// Adds to `dw[o, i]`, and returns `dx[t, i]`.
fn linear_back<T: Real>(w: &[T], dw: &mut [T], x: &[T], out: &[T], inputs: usize) -> Vec<T> {
    let outputs = w.len() / inputs;
    let mut dx = vec![T::zero(); x.len()];
    for (dx, out) in dx.chunks_exact_mut(inputs).zip(out.chunks_exact(outputs)) {
        for (w, &out) in w.chunks_exact(inputs).zip(out) {
            for (dx, &w) in dx.iter_mut().zip(w) {
                *dx = out.fma(w, *dx);
            }
        }
    }
    for (o, dw) in dw.chunks_exact_mut(inputs).enumerate() {
        for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact(outputs)) {
            for (dw, &x) in dw.iter_mut().zip(x) {
                *dw = out[o].fma(x, *dw);
            }
        }
    }
    dx
}

fn scale<T: Real>(x: &[T]) -> T {
    let squares: T = x.iter().map(|&x| x * x).sum();
    (squares / T::of(EMBD as f64) + T::of(1e-5)).sqrt().recip()
}

fn rmsnorm<T: Real>(x: &[T]) -> Vec<T> {
    let rows = x.chunks_exact(EMBD);
    rows.flat_map(|x| {
        let scale = scale(x);
        x.iter().map(move |&x| x * scale)
    })
    .collect()
}

fn rmsnorm_back<T: Real>(x: &[T], out: &[T]) -> Vec<T> {
    let mut dx = Vec::with_capacity(x.len());
    for (x, out) in x.chunks_exact(EMBD).zip(out.chunks_exact(EMBD)) {
        let scale = scale(x);
        let along: T = x.iter().zip(out).map(|(&x, &out)| x * out).sum();
        let pull = along * scale * scale * scale / T::of(EMBD as f64);
        dx.extend(x.iter().zip(out).map(|(&x, &out)| out * scale - x * pull));
    }
    dx
}

fn add<T: Real>(sum: &mut [T], other: &[T]) {
    for (sum, &other) in sum.iter_mut().zip(other) {
        *sum += other;
    }
}

impl<T: Real> Baseline<T> {
    pub fn new(weights: Vec<T>, vocabulary: usize) -> Self {
        let zeros = vec![T::zero(); weights.len()];
        Self {
            vocabulary,
            weights,
            gradients: zeros.clone(),
            mean: zeros.clone(),
            square: zeros,
            steps: 0,
        }
    }

    fn offsets(&self) -> Offsets {
        let wpe = self.vocabulary * EMBD;
        let lm_head = wpe + BLOCK * EMBD;
        let wq = lm_head + self.vocabulary * EMBD;
        let [wk, wv, wo, fc1] = [1, 2, 3, 4].map(|n| wq + n * EMBD * EMBD);
        Offsets { wpe, lm_head, wq, wk, wv, wo, fc1, fc2: fc1 + HIDDEN * EMBD }
    }

    /// One training step; returns the loss before it.
    pub fn learn(&mut self, tokens: &[usize], learning_rate: T) -> T {
        let count = BLOCK.min(tokens.len() - 1);
        let (pass, loss) = self.forward(&tokens[..count], &tokens[1..=count]);
        self.backward(&pass, &tokens[..count], &tokens[1..=count]);
        self.adam(learning_rate);
        loss
    }

    fn forward(&self, tokens: &[usize], targets: &[usize]) -> (Pass<T>, T) {
        let at = self.offsets();
        let w = &self.weights;
        let mut embedded = Vec::with_capacity(tokens.len() * EMBD);
        for (t, &token) in tokens.iter().enumerate() {
            let (wte, wpe) = (&w[token * EMBD..][..EMBD], &w[at.wpe + t * EMBD..][..EMBD]);
            embedded.extend(wte.iter().zip(wpe).map(|(&token, &place)| token + place));
        }
        let x0 = rmsnorm(&embedded);
        let x1 = rmsnorm(&x0);
        let [q, k, v] = [at.wq, at.wk, at.wv].map(|at| linear(&w[at..][..EMBD * EMBD], &x1, EMBD));
        let (attention, heads) = attend(&q, &k, &v, tokens.len());
        let mut x2 = linear(&w[at.wo..][..EMBD * EMBD], &heads, EMBD);
        add(&mut x2, &x0);
        let x3 = rmsnorm(&x2);
        let mut hidden = linear(&w[at.fc1..][..HIDDEN * EMBD], &x3, EMBD);
        for hidden in &mut hidden {
            *hidden = hidden.max(T::zero());
        }
        let mut x4 = linear(&w[at.fc2..][..HIDDEN * EMBD], &hidden, HIDDEN);
        add(&mut x4, &x2);
        let mut probabilities = linear(&w[at.lm_head..][..self.vocabulary * EMBD], &x4, EMBD);
        let mut loss = T::zero();
        for (row, &target) in probabilities.chunks_exact_mut(self.vocabulary).zip(targets) {
            let top = row.iter().copied().fold(T::neg_infinity(), T::max);
            let logit = row[target];
            let mut total = T::zero();
            for x in &mut *row {
                *x = (*x - top).exponential();
                total += *x;
            }
            for x in row {
                *x /= total;
            }
            loss += total.ln() + top - logit;
        }
        let pass =
            Pass { embedded, x0, x1, q, k, v, attention, heads, x2, x3, hidden, x4, probabilities };
        (pass, loss / T::of(tokens.len() as f64))
    }

    fn backward(&mut self, pass: &Pass<T>, tokens: &[usize], targets: &[usize]) {
        let at = self.offsets();
        let vocabulary = self.vocabulary;
        let (w, g) = (&self.weights, &mut self.gradients);
        let mut back = |at: usize, rows: usize, x: &[T], out: &[T], inputs: usize| {
            let size = rows * inputs;
            linear_back(&w[at..][..size], &mut g[at..][..size], x, out, inputs)
        };
        let share = T::of(tokens.len() as f64).recip();
        let mut logits: Vec<T> = pass.probabilities.iter().map(|&p| p * share).collect();
        for (row, &target) in logits.chunks_exact_mut(vocabulary).zip(targets) {
            row[target] -= share;
        }
        let mut dx = back(at.lm_head, vocabulary, &pass.x4, &logits, EMBD);
        let mut hidden = back(at.fc2, EMBD, &pass.hidden, &dx, HIDDEN);
        for (hidden, &x) in hidden.iter_mut().zip(&pass.hidden) {
            if x <= T::zero() {
                *hidden = T::zero();
            }
        }
        let x3 = back(at.fc1, HIDDEN, &pass.x3, &hidden, EMBD);
        add(&mut dx, &rmsnorm_back(&pass.x2, &x3));
        let heads = back(at.wo, EMBD, &pass.heads, &dx, EMBD);
        let [q, k, v] = attend_back(pass, &heads, tokens.len());
        let mut x1 = back(at.wq, EMBD, &pass.x1, &q, EMBD);
        add(&mut x1, &back(at.wk, EMBD, &pass.x1, &k, EMBD));
        add(&mut x1, &back(at.wv, EMBD, &pass.x1, &v, EMBD));
        add(&mut dx, &rmsnorm_back(&pass.x0, &x1));
        let embedded = rmsnorm_back(&pass.embedded, &dx);
        for (t, (&token, embedded)) in tokens.iter().zip(embedded.chunks_exact(EMBD)).enumerate() {
            add(&mut g[token * EMBD..][..EMBD], embedded);
            add(&mut g[at.wpe + t * EMBD..][..EMBD], embedded);
        }
    }

    fn adam(&mut self, learning_rate: T) {
        self.steps += 1;
        let (beta1, beta2) = (T::of(0.85), T::of(0.99));
        let (rest1, rest2) = (T::one() - beta1, T::one() - beta2);
        let rate = learning_rate / (T::one() - beta1.powi(self.steps));
        let correction = (T::one() - beta2.powi(self.steps)).recip();
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((w, g), (mean, square)) in
            self.weights.iter_mut().zip(&mut self.gradients).zip(moments)
        {
            *mean = beta1.fma(*mean, rest1 * *g);
            *square = beta2.fma(*square, rest2 * *g * *g);
            *w -= rate * *mean / ((*square * correction).sqrt() + T::of(1e-8));
            *g = T::zero();
        }
    }
}

/// The weights of attention, `[heads, t, s]`, and what each head reads.
fn attend<T: Real>(q: &[T], k: &[T], v: &[T], len: usize) -> (Vec<T>, Vec<T>) {
    let root = T::of(WIDTH as f64).sqrt();
    let mut weights = vec![T::zero(); HEADS * len * len];
    let mut out = vec![T::zero(); len * EMBD];
    for h in 0..HEADS {
        for t in 0..len {
            let q = &q[t * EMBD + h * WIDTH..][..WIDTH];
            let row = &mut weights[(h * len + t) * len..][..=t];
            let mut top = T::neg_infinity();
            for (s, weight) in row.iter_mut().enumerate() {
                let k = &k[s * EMBD + h * WIDTH..][..WIDTH];
                let score = q.iter().zip(k).fold(T::zero(), |sum, (&q, &k)| q.fma(k, sum));
                *weight = score / root;
                top = top.max(*weight);
            }
            let mut total = T::zero();
            for weight in &mut *row {
                *weight = (*weight - top).exponential();
                total += *weight;
            }
            let out = &mut out[t * EMBD + h * WIDTH..][..WIDTH];
            for (s, weight) in row.iter_mut().enumerate() {
                *weight /= total;
                for (out, &v) in out.iter_mut().zip(&v[s * EMBD + h * WIDTH..][..WIDTH]) {
                    *out = weight.fma(v, *out);
                }
            }
        }
    }
    (weights, out)
}

/// The gradients of queries, keys and values.
fn attend_back<T: Real>(pass: &Pass<T>, out: &[T], len: usize) -> [Vec<T>; 3] {
    let root = T::of(WIDTH as f64).sqrt();
    let [mut dq, mut dk, mut dv] = [(); 3].map(|()| vec![T::zero(); len * EMBD]);
    for h in 0..HEADS {
        for t in 0..len {
            let at = t * EMBD + h * WIDTH;
            let (out, q) = (&out[at..][..WIDTH], &pass.q[at..][..WIDTH]);
            let weights = &pass.attention[(h * len + t) * len..][..=t];
            let mut pulls = [T::zero(); BLOCK];
            let mut along = T::zero();
            for (s, (&weight, pull)) in weights.iter().zip(&mut pulls).enumerate() {
                let v = &pass.v[s * EMBD + h * WIDTH..][..WIDTH];
                let dv = &mut dv[s * EMBD + h * WIDTH..][..WIDTH];
                for ((&out, &v), dv) in out.iter().zip(v).zip(dv) {
                    *pull = out.fma(v, *pull);
                    *dv = weight.fma(out, *dv);
                }
                along = weight.fma(*pull, along);
            }
            for (s, (&weight, &pull)) in weights.iter().zip(&pulls).enumerate() {
                let score = weight * (pull - along) / root;
                let k = &pass.k[s * EMBD + h * WIDTH..][..WIDTH];
                let dk = &mut dk[s * EMBD + h * WIDTH..][..WIDTH];
                let dq = &mut dq[at..][..WIDTH];
                for j in 0..WIDTH {
                    dq[j] = score.fma(k[j], dq[j]);
                    dk[j] = score.fma(q[j], dk[j]);
                }
            }
        }
    }
    [dq, dk, dv]
}
