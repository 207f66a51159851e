"""What `cargo bench --bench recurrences` measures of an LSTM, in JAX: value and gradient of all operands, f32,
256 positions, by one compiled `lax.scan`. The products with the inputs are made for all positions at once,
before it.

    pip install jax
    taskset -c 0 python benches/jax_lstm.py
"""

import statistics
import time

import jax
import jax.numpy as jnp

POSITIONS, RUNS = 256, 15


def lstm(w, u, bias, x, start, start_cell):
    inputs = jnp.einsum("jgi,tnj->tngi", w, x) + bias

    def step(state, a):
        h, c = state
        z = a + jnp.einsum("kgi,nk->ngi", u, h)
        enters, stays, shows = (jax.nn.sigmoid(z[:, gate]) for gate in (0, 1, 3))
        c = stays * c + enters * jnp.tanh(z[:, 2])
        h = shows * jnp.tanh(c)
        return (h, c), h

    return jax.lax.scan(step, (start, start_cell), inputs)[1]


for width, batch in ((16, 1), (64, 1), (64, 16)):
    shapes = (
        (width, 4, width),
        (width, 4, width),
        (4, width),
        (POSITIONS, batch, width),
        (batch, width),
        (batch, width),
        (POSITIONS, batch, width),
    )
    keys = jax.random.split(jax.random.key(1), len(shapes))
    *operands, cotangent = (0.3 * jax.random.normal(key, shape) for key, shape in zip(keys, shapes))
    loss = lambda *operands: jnp.sum(cotangent * lstm(*operands))
    both = jax.jit(jax.value_and_grad(loss, argnums=range(6)))
    jax.block_until_ready(both(*operands))  # compiles
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(10):
            jax.block_until_ready(both(*operands))
        times.append((time.perf_counter() - start) / 10)
    median = 1e3 * statistics.median(times)
    print(f"JAX {jax.__version__}, width {width}, batch {batch}: {median:.2f} ms")
