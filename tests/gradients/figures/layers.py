"""Values and gradients of every layer, computed by JAX in double precision.

    python layers.py > layers.json

Needs jax. Each layer is written from the paper that its documentation names, in terms of matrices, and
shares no formula with `microgpt/src/layers/`. All axes of a case have different lengths. The gradients
are those of the sum of all outputs, each times its cotangent.
"""

import json

import jax
import numpy
from jax import numpy as np

jax.config.update("jax_enable_x64", True)
random = numpy.random.default_rng(7)


def draw(*shape, scale=1.0):
    """Numbers of few digits, so that text holds them exactly."""
    return numpy.round(random.normal(size=shape) * scale, 3)


def softmax_of_visible(score, sees):
    """Softmax along the last axis over what is seen; what is not has the probability 0."""
    weight = np.exp(score - score.max(-1, keepdims=True)) * sees
    return weight / weight.sum(-1, keepdims=True)


def distances(queries, keys, past):
    """How far each key lies back from each query; below 0 it lies ahead."""
    return (past + numpy.arange(queries))[:, None] - numpy.arange(keys)[None, :]


def weights(q, k, past, window=None, slope=None):
    """Probabilities [head, query, key] of causal attention; q: [query, head, width]."""
    back = distances(q.shape[0], k.shape[0], past)
    sees = (back >= 0) & (back < (window or k.shape[0]))
    score = np.einsum("qhd,khd->hqk", q, k) / numpy.sqrt(q.shape[-1])
    if slope is not None:
        score = score - numpy.asarray(slope)[:, None, None] * back
    return softmax_of_visible(score, sees)


def attend(q, k, v, past, **options):
    return np.einsum("hqk,khd->qhd", weights(q, k, past, **options), v)


def streams(q, k, v, first, place):
    """Each query alone with the keys and values of its own document."""
    rows = [slice(begin, begin + last + 1) for begin, last in zip(first, place)]
    each = [attend(q[n : n + 1], k[own], v[own], place[n]) for n, own in enumerate(rows)]
    return np.concatenate(each)


def grouped(q, k, v, past):
    """Keys and values repeated for each head of their group."""
    positions, groups, repeats, width = q.shape
    flat = q.reshape(positions, groups * repeats, width)
    y = attend(flat, np.repeat(k, repeats, 1), np.repeat(v, repeats, 1), past)
    return y.reshape(q.shape)


def convolution(w, x):
    out, into, _ = w.shape
    column = lambda o: sum(np.convolve(x[:, i], w[o, i])[: x.shape[0]] for i in range(into))
    return np.stack([column(o) for o in range(out)], 1)


def rotate(x, past):
    """Each pair as a complex number, turned by an angle; x: [position, head, 2, half]."""
    positions, _, _, half = x.shape
    frequency = 10000.0 ** (-2 * numpy.arange(half) / (2 * half))
    angle = (past + numpy.arange(positions))[:, None, None] * frequency
    turned = (x[:, :, 0] + 1j * x[:, :, 1]) * numpy.exp(1j * angle)
    return np.stack([turned.real, turned.imag], 2)


def sinusoids(positions, width, past):
    table = numpy.zeros((positions, width))
    for p in range(positions):
        for i in range(width // 2):
            angle = (p + past) / 10000 ** (2 * i / width)
            table[p, 2 * i], table[p, 2 * i + 1] = numpy.sin(angle), numpy.cos(angle)
    return table


def negative_logs(logits, distribution):
    """The cross-entropy of each position between a distribution and softmax."""
    return -(distribution * jax.nn.log_softmax(logits, -1)).sum(-1)


def one_hot(target, vocabulary):
    return numpy.eye(vocabulary)[numpy.asarray(target)]


def smoothed(logits, target, weight, smoothing):
    vocabulary = logits.shape[-1]
    distribution = (1 - smoothing) * one_hot(target, vocabulary) + smoothing / vocabulary
    return negative_logs(logits, distribution) @ numpy.array(weight)


def normalise(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def rms(x):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)


def swiglu(gate, up, down, x):
    return (jax.nn.silu(x @ gate.T) * (x @ up.T)) @ down.T


# name: (function, inputs with gradients, options)
P, S, PAST, H, J = 5, 7, 2, 3, 4
G, R = 2, 3
V, E = 6, 4
Q, K = draw(P, H, J), draw(S, H, J)
TOKENS, PLACES = [3, 0, 3, 5, 1], [0, 1, 2, 0, 1]
TARGET, WEIGHT = [2, 5, 0, 2, 4], [0.5, 0.0, 1.25, 2.0, 0.25]
SPARSE, THIRDS = [2, 0, 0, 0, 4], [1 / 3, 0.0, 1 / 3, 0.0, 1 / 3]
MASK = [[float((t * E + i) % 3 > 0) for i in range(E)] for t in range(P)]
CASES = [
    ("linear", lambda w, x: x @ w.T, [draw(3, E), draw(P, E)], {}),
    ("linear_with_bias", lambda w, b, x: x @ w.T + b, [draw(3, E), draw(3), draw(P, E)], {}),
    ("rmsnorm", rms, [draw(P, E)], {}),
    ("rmsnorm_with_gain", lambda x, g: rms(x) * g, [draw(P, E), draw(E)], {}),
    ("layernorm", lambda x, g, b: normalise(x) * g + b, [draw(P, E), draw(E), draw(E)], {}),
    ("softmax", lambda x: jax.nn.softmax(x, -1), [draw(P, V, scale=2.0)], {}),
    ("log_softmax", lambda x: jax.nn.log_softmax(x, -1), [draw(P, V, scale=2.0)], {}),
    (
        "cross_entropy",
        lambda x, target: negative_logs(x, one_hot(target, V)).mean(),
        [draw(P, V, scale=2.0)],
        {"target": TARGET},
    ),
    (
        "weighted_cross_entropy",
        lambda x, target, weight: negative_logs(x, one_hot(target, V)) @ numpy.array(weight),
        [draw(P, V, scale=2.0)],
        {"target": TARGET, "weight": WEIGHT},
    ),
    (
        "smoothed_cross_entropy",
        smoothed,
        [draw(P, V, scale=2.0)],
        {"target": SPARSE, "weight": THIRDS, "smoothing": 0.15},
    ),
    ("relu", lambda x: np.maximum(x, 0), [draw(P, E)], {}),
    ("squared_relu", lambda x: np.maximum(x, 0) ** 2, [draw(P, E)], {}),
    ("gelu", lambda x: jax.nn.gelu(x, approximate=False), [draw(P, E)], {}),
    ("swiglu", swiglu, [draw(3, E), draw(3, E), draw(E, 3), draw(P, E)], {}),
    (
        "dropout",
        lambda x, mask, drop: x * numpy.array(mask) / (1 - drop),
        [draw(P, E)],
        {"mask": MASK, "drop": 0.3},
    ),
    ("causal_conv1d", convolution, [draw(4, 3, 2), draw(P, 3)], {}),
    (
        "embedding",
        lambda wte, wpe, token, place: wte[np.array(token)] + wpe[np.array(place)],
        [draw(V, E), draw(3, E)],
        {"token": TOKENS, "place": PLACES},
    ),
    (
        "token_embedding",
        lambda wte, token: wte[np.array(token)],
        [draw(V, E)],
        {"token": TOKENS},
    ),
    (
        "sinusoidal_positions",
        lambda x, past: x + sinusoids(3, 8, past).reshape(3, 4, 2),
        [numpy.zeros((3, 4, 2))],
        {"past": PAST},
    ),
    ("rotary", rotate, [draw(P, H, 2, J)], {"past": PAST}),
    ("attention", attend, [Q, K, draw(S, H, J)], {"past": PAST}),
    ("attention_weights", weights, [Q, K], {"past": PAST}),
    ("sliding_window_attention", attend, [Q, K, draw(S, H, J)], {"past": PAST, "window": 3}),
    (
        "grouped_query_attention",
        grouped,
        [draw(P, G, R, J), draw(S, G, J), draw(S, G, J)],
        {"past": PAST},
    ),
    (
        "alibi_attention",
        attend,
        [Q, K, draw(S, H, J)],
        {"past": PAST, "slope": [0.5, 0.25, 0.125]},
    ),
    (
        "attention_of_streams",
        streams,
        [draw(P, H, J), draw(9, H, J), draw(9, H, J)],
        {"first": [6, 0, 3, 3, 1], "place": [2, 1, 0, 4, 0]},
    ),
]


def array(x):
    x = numpy.asarray(x)
    return {"shape": list(x.shape), "data": x.ravel().tolist()}


def figures(function, inputs, options):
    run = lambda *inputs: function(*inputs, **options)
    output, pull = jax.vjp(run, *map(np.asarray, inputs))
    cotangent = draw(*output.shape)
    return {
        "inputs": [array(x) for x in inputs],
        "options": options,
        "output": array(output),
        "cotangent": array(cotangent),
        "gradients": [array(x) for x in pull(np.asarray(cotangent))],
    }


rows = {name: figures(function, inputs, options) for name, function, inputs, options in CASES}
print("{")
print(f' "made by": "jax {jax.__version__}, numpy {numpy.__version__}",')
print(' "layers": {')
print(",\n".join(f'  "{name}": ' + json.dumps(row) for name, row in rows.items()))
print(" }\n}")
