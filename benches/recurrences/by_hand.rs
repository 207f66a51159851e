//! An LSTM written by hand, forward and backward: plain loops over slices, no tape and no macro.

use microgpt::Real;

/// The sizes: `t` positions of `n` documents, inputs and states of the same width.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub positions: usize,
    pub documents: usize,
    pub width: usize,
}

/// Parameters and inputs, or their gradients, as `layers::lstm` has them.
#[derive(Clone)]
pub struct Operands {
    pub w: Vec<f32>,
    pub u: Vec<f32>,
    pub bias: Vec<f32>,
    pub x: Vec<f32>,
    pub start: Vec<f32>,
    pub start_cell: Vec<f32>,
}

impl Operands {
    pub fn zeros(Sizes { positions, documents, width }: Sizes) -> Self {
        Self {
            w: vec![0.0; width * 4 * width],
            u: vec![0.0; width * 4 * width],
            bias: vec![0.0; 4 * width],
            x: vec![0.0; positions * documents * width],
            start: vec![0.0; documents * width],
            start_cell: vec![0.0; documents * width],
        }
    }

    pub fn all(&self) -> [&[f32]; 6] {
        [&self.w, &self.u, &self.bias, &self.x, &self.start, &self.start_cell]
    }
}

/// Arrays that are kept from pass to pass, so that a pass allocates nothing.
pub struct Lstm {
    sizes: Sizes,
    /// The gates before their functions, then behind them, then their gradients: `[t, n, 4, i]`.
    z: Vec<f32>,
    /// States and cells, from those before the first position on: `[t + 1, n, i]`.
    h: Vec<f32>,
    c: Vec<f32>,
    /// The tanh of each cell.
    shown: Vec<f32>,
    /// Of the present position.
    dh: Vec<f32>,
    dc: Vec<f32>,
    /// `w` and `u` with rows and columns exchanged.
    turned: [Vec<f32>; 2],
}

/// `c[row, column] += Σ a[row, term] · b[term, column]`, where `a` has a stride for its rows and one for its
/// terms. As many rows of `b` go together as stay in the cache.
fn add_product(c: &mut [f32], columns: usize, a: &[f32], [row, term]: [usize; 2], b: &[f32]) {
    const TERMS: usize = 128;
    for (number, b) in b.chunks(TERMS * columns).enumerate() {
        add_block(c, columns, &a[number * TERMS * term..], [row, term], b);
    }
}

/// Four rows, or four terms of one row, go together, so that there are sums enough in registers.
fn add_block(c: &mut [f32], columns: usize, a: &[f32], [row, term]: [usize; 2], b: &[f32]) {
    let whole = c.len() / columns / 4 * 4;
    let (fours, rest) = c.split_at_mut(whole * columns);
    for (number, c) in fours.chunks_exact_mut(4 * columns).enumerate() {
        let a = &a[4 * number * row..];
        let mut at = 0;
        while at < columns {
            at += match columns - at {
                32.. => four_rows::<32>(c, columns, at, a, [row, term], b),
                16.. => four_rows::<16>(c, columns, at, a, [row, term], b),
                _ => four_rows::<1>(c, columns, at, a, [row, term], b),
            };
        }
    }
    for (number, c) in rest.chunks_exact_mut(columns).enumerate() {
        let a = &a[(whole + number) * row..];
        let mut at = 0;
        while at < columns {
            at += match columns - at {
                32.. => one_row::<32>(c, at, a, term, b),
                16.. => one_row::<16>(c, at, a, term, b),
                _ => one_row::<1>(c, at, a, term, b),
            };
        }
    }
}

fn add_scaled<const L: usize>(sums: &mut [f32; L], scale: f32, numbers: &[f32]) {
    for (sum, number) in sums.iter_mut().zip(&numbers[..L]) {
        *sum = scale.fma(*number, *sum);
    }
}

fn four_rows<const L: usize>(
    c: &mut [f32],
    columns: usize,
    at: usize,
    a: &[f32],
    [row, term]: [usize; 2],
    b: &[f32],
) -> usize {
    let mut sums = [[0.0; L]; 4];
    for (k, b) in b.chunks_exact(columns).enumerate() {
        for (r, sums) in sums.iter_mut().enumerate() {
            add_scaled(sums, a[r * row + k * term], &b[at..]);
        }
    }
    for (c, sums) in c.chunks_exact_mut(columns).zip(&sums) {
        for (c, sum) in c[at..].iter_mut().zip(sums) {
            *c += sum;
        }
    }
    L
}

fn one_row<const L: usize>(c: &mut [f32], at: usize, a: &[f32], term: usize, b: &[f32]) -> usize {
    let columns = c.len();
    let mut sums = [[0.0; L]; 4];
    for (four, b) in b.chunks(4 * columns).enumerate() {
        for (k, (b, sums)) in b.chunks_exact(columns).zip(&mut sums).enumerate() {
            add_scaled(sums, a[(4 * four + k) * term], &b[at..]);
        }
    }
    for (lane, c) in c[at..].iter_mut().take(L).enumerate() {
        *c += (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
    }
    L
}

fn turn(turned: &mut [f32], matrix: &[f32], columns: usize) {
    let rows = matrix.len() / columns;
    for (row, numbers) in matrix.chunks_exact(columns).enumerate() {
        for (column, number) in numbers.iter().enumerate() {
            turned[column * rows + row] = *number;
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exponential())
}

fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

impl Lstm {
    pub fn new(sizes: Sizes) -> Self {
        let Sizes { positions, documents, width } = sizes;
        let state = documents * width;
        Self {
            sizes,
            z: vec![0.0; positions * 4 * state],
            h: vec![0.0; (positions + 1) * state],
            c: vec![0.0; (positions + 1) * state],
            shown: vec![0.0; positions * state],
            dh: vec![0.0; state],
            dc: vec![0.0; state],
            turned: [vec![0.0; 4 * width * width], vec![0.0; 4 * width * width]],
        }
    }

    /// The states of all positions.
    pub fn forward(&mut self, from: &Operands) -> &[f32] {
        let Sizes { documents, width, .. } = self.sizes;
        let (state, gates) = (documents * width, 4 * width);
        for z in self.z.chunks_exact_mut(gates) {
            z.copy_from_slice(&from.bias);
        }
        add_product(&mut self.z, gates, &from.x, [width, 1], &from.w);
        self.h[..state].copy_from_slice(&from.start);
        self.c[..state].copy_from_slice(&from.start_cell);
        let steps = self.z.chunks_exact_mut(4 * state).zip(self.shown.chunks_exact_mut(state));
        for (t, (z, shown)) in steps.enumerate() {
            let (before, h) = self.h[t * state..].split_at_mut(state);
            let (cells, c) = self.c[t * state..].split_at_mut(state);
            add_product(z, gates, before, [width, 1], &from.u);
            for (n, z) in z.chunks_exact_mut(gates).enumerate() {
                let (i, rest) = z.split_at_mut(width);
                let (f, rest) = rest.split_at_mut(width);
                let (g, o) = rest.split_at_mut(width);
                let own = n * width..(n + 1) * width;
                let (cells, c) = (&cells[own.clone()], &mut c[own.clone()]);
                let (h, shown) = (&mut h[own.clone()], &mut shown[own]);
                for k in 0..width {
                    i[k] = sigmoid(i[k]);
                    f[k] = sigmoid(f[k]);
                    g[k] = tanh(g[k]);
                    o[k] = sigmoid(o[k]);
                    c[k] = f[k].fma(cells[k], i[k] * g[k]);
                    shown[k] = tanh(c[k]);
                    h[k] = o[k] * shown[k];
                }
            }
        }
        &self.h[state..]
    }

    /// Adds to the gradients of all operands, by the cotangent of all states.
    pub fn backward(&mut self, from: &Operands, cotangent: &[f32], to: &mut Operands) {
        let Sizes { positions, documents, width } = self.sizes;
        let (state, gates) = (documents * width, 4 * width);
        let [w, u] = &mut self.turned;
        turn(w, &from.w, gates);
        turn(u, &from.u, gates);
        self.dh.fill(0.0);
        self.dc.fill(0.0);
        for t in (0..positions).rev() {
            let z = &mut self.z[t * 4 * state..][..4 * state];
            let (shown, cells) = (&self.shown[t * state..][..state], &self.c[t * state..][..state]);
            for (dh, cotangent) in self.dh.iter_mut().zip(&cotangent[t * state..]) {
                *dh += cotangent;
            }
            for (n, z) in z.chunks_exact_mut(gates).enumerate() {
                let (i, rest) = z.split_at_mut(width);
                let (f, rest) = rest.split_at_mut(width);
                let (g, o) = rest.split_at_mut(width);
                let own = n * width..(n + 1) * width;
                let (dh, dc) = (&self.dh[own.clone()], &mut self.dc[own.clone()]);
                let (shown, cells) = (&shown[own.clone()], &cells[own]);
                for k in 0..width {
                    let inner = dh[k] * o[k] * (1.0 - shown[k] * shown[k]) + dc[k];
                    let (enters, stays, new) = (i[k], f[k], g[k]);
                    o[k] = dh[k] * shown[k] * o[k] * (1.0 - o[k]);
                    i[k] = inner * new * enters * (1.0 - enters);
                    f[k] = inner * cells[k] * stays * (1.0 - stays);
                    g[k] = inner * enters * (1.0 - new * new);
                    dc[k] = inner * stays;
                }
            }
            self.dh.fill(0.0);
            add_product(&mut self.dh, width, z, [gates, 1], u);
        }
        for (gradient, part) in [(&mut to.start, &self.dh), (&mut to.start_cell, &self.dc)] {
            for (gradient, part) in gradient.iter_mut().zip(part) {
                *gradient += part;
            }
        }
        for z in self.z.chunks_exact(gates) {
            for (gradient, z) in to.bias.iter_mut().zip(z) {
                *gradient += z;
            }
        }
        // What is common to all positions is added up once, after them.
        add_product(&mut to.u, gates, &self.h, [1, width], &self.z);
        add_product(&mut to.w, gates, &from.x, [1, width], &self.z);
        add_product(&mut to.x, width, &self.z, [gates, 1], w);
    }
}
