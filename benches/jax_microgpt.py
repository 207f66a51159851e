"""What `cargo bench --bench table` measures, in JAX: one train step of the default model per document,
all steps of a run in one compiled scan.

    pip install jax
    python benches/jax_microgpt.py examples/names.txt [f32|f64] [n_embd] [batch]

It draws the parameters and shuffles the documents as microgpt.py does: in f64, with a batch of 1, the
losses are those of `cargo run --release --example microgpt`, to the four digits that it prints.
"""

import random
import statistics
import sys
import time

import jax

FILE = sys.argv[1]
PRECISION = sys.argv[2] if len(sys.argv) > 2 else "f32"
N_EMBD = int(sys.argv[3]) if len(sys.argv) > 3 else 16
BATCH = int(sys.argv[4]) if len(sys.argv) > 4 else 1
BLOCK, N_HEAD, STEPS, RUNS = 16, 4, 1000, 15
jax.config.update("jax_enable_x64", PRECISION == "f64")

import jax.numpy as jnp  # noqa: E402: after the precision is set

FLOAT = {"f32": jnp.float32, "f64": jnp.float64}[PRECISION]

random.seed(42)
with open(FILE) as lines:
    docs = [line.strip() for line in lines if line.strip()]
random.shuffle(docs)
chars = sorted(set("".join(docs)))
BOS = len(chars)


def matrix(rows, columns):
    return jnp.array([[random.gauss(0, 0.08) for _ in range(columns)] for _ in range(rows)], FLOAT)


shapes = {"wte": (BOS + 1, N_EMBD), "wpe": (BLOCK, N_EMBD), "lm_head": (BOS + 1, N_EMBD)}
shapes |= {name: (N_EMBD, N_EMBD) for name in ("wq", "wk", "wv", "wo")}
shapes |= {"fc1": (4 * N_EMBD, N_EMBD), "fc2": (N_EMBD, 4 * N_EMBD)}
parameters = {name: matrix(*shape) for name, shape in shapes.items()}


def padded(doc):
    """The tokens before each position and after it, and the share of each in the loss."""
    tokens = [BOS] + [chars.index(c) for c in doc] + [BOS]
    n = min(BLOCK, len(tokens) - 1)
    fill = [0] * (BLOCK - n)
    return tokens[:n] + fill, tokens[1 : n + 1] + fill, [1 / n / BATCH] * n + fill


rows = [padded(docs[at % len(docs)]) for at in range(STEPS * BATCH)]
inputs, targets, shares = (
    jnp.array([row[part] for row in rows], kind).reshape(STEPS, BATCH, BLOCK)
    for part, kind in enumerate((jnp.int32, jnp.int32, FLOAT))
)


def rmsnorm(x):
    return x * (jnp.mean(x * x, -1, keepdims=True) + 1e-5) ** -0.5


def loss(w, tokens, targets, shares):
    heads = lambda x: x.reshape(BATCH, BLOCK, N_HEAD, N_EMBD // N_HEAD)
    x = rmsnorm(w["wte"][tokens] + w["wpe"])
    y = rmsnorm(x)
    q, k, v = (heads(y @ w[name].T) for name in ("wq", "wk", "wv"))
    score = jnp.einsum("bthj,bshj->bhts", q, k) / (N_EMBD // N_HEAD) ** 0.5
    score = jnp.where(jnp.tril(jnp.ones((BLOCK, BLOCK), bool)), score, -jnp.inf)
    read = jnp.einsum("bhts,bshj->bthj", jax.nn.softmax(score), v)
    x = x + read.reshape(BATCH, BLOCK, N_EMBD) @ w["wo"].T
    x = x + jax.nn.relu(rmsnorm(x) @ w["fc1"].T) @ w["fc2"].T
    log_p = jax.nn.log_softmax(x @ w["lm_head"].T)
    return -jnp.sum(shares * jnp.take_along_axis(log_p, targets[..., None], -1)[..., 0])


def train_step(state, batch):
    w, mean, square = state
    step, *documents = batch
    value, g = jax.value_and_grad(loss)(w, *documents)
    mean = jax.tree.map(lambda m, g: 0.85 * m + 0.15 * g, mean, g)
    square = jax.tree.map(lambda s, g: 0.99 * s + 0.01 * g * g, square, g)
    rate, time = 0.01 * (1 - step / STEPS), step + 1
    move = lambda w, m, s: w - rate * (m / (1 - 0.85**time)) / (
        jnp.sqrt(s / (1 - 0.99**time)) + 1e-8
    )
    return (jax.tree.map(move, w, mean, square), mean, square), value


@jax.jit
def train(w):
    zeros = jax.tree.map(jnp.zeros_like, w)
    steps = jnp.arange(STEPS, dtype=FLOAT)
    return jax.lax.scan(train_step, (w, zeros, zeros), (steps, inputs, targets, shares))


losses = train(parameters)[1].block_until_ready()  # compiles
times = []
for _ in range(RUNS):
    start = time.perf_counter()
    train(parameters)[1].block_until_ready()
    times.append((time.perf_counter() - start) / STEPS / BATCH)
print(f"JAX {jax.__version__}, {PRECISION}, n_embd {N_EMBD}, batch {BATCH}")
print(f"losses: {losses[0]:.4f}, {losses[1]:.4f} ... {losses[-1]:.4f}")
print(f"median of {RUNS} runs of {STEPS} steps: {1e6 * statistics.median(times):.1f} µs per document")
