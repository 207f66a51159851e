"""Values and gradients of layers that are recurrences, computed by Python alone in double precision.

    python recurrences.py > recurrences.json

No layer is computed here as `microgpt/src/layers/` does it, but for the gated networks, whose papers have no
other form: sums over positions are written as sums, not as steps; what dynamic programming adds up is
enumerated, way by way; the Kalman filter is the conditioning of one joint normal distribution. The gradients,
of the sum of all outputs, each times its cotangent, are those of dual numbers, one input at a time. All axes of
a case have different lengths.
"""

import itertools
import json
import math
import platform
import random

random.seed(7)


class Dual:
    """A number and its derivative."""

    def __init__(self, value, tangent=0.0):
        self.value, self.tangent = value, tangent

    def __add__(self, other):
        other = dual(other)
        return Dual(self.value + other.value, self.tangent + other.tangent)

    def __mul__(self, other):
        other = dual(other)
        tangent = self.tangent * other.value + self.value * other.tangent
        return Dual(self.value * other.value, tangent)

    def __truediv__(self, other):
        other = dual(other)
        value = self.value / other.value
        return Dual(value, (self.tangent - value * other.tangent) / other.value)

    def __neg__(self):
        return Dual(-self.value, -self.tangent)

    def __sub__(self, other):
        return self + -dual(other)

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return dual(other) / self

    __radd__, __rmul__ = __add__, __mul__


def dual(x):
    return x if isinstance(x, Dual) else Dual(x)


def exp(x):
    value = math.exp(dual(x).value)
    return Dual(value, value * dual(x).tangent)


def ln(x):
    return Dual(math.log(x.value), x.tangent / x.value)


def tanh(x):
    value = math.tanh(x.value)
    return Dual(value, (1 - value) * (1 + value) * x.tangent)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def product(factors):
    return math.prod(factors, start=Dual(1.0))


def power(x, n):
    return product([x] * n)


# Arrays are lists of lists.


def draw(*shape, among=None):
    """Numbers of few digits, so that text holds them exactly."""
    if shape:
        return [draw(*shape[1:], among=among) for _ in range(shape[0])]
    return round(random.uniform(*among) if among else random.gauss(0, 1), 3)


def shape_of(x):
    return [len(x), *shape_of(x[0])] if isinstance(x, list) else []


def flat(x):
    return [number for part in x for number in flat(part)] if isinstance(x, list) else [x]


def shaped(numbers, shape):
    if not shape:
        return next(numbers)
    return [shaped(numbers, shape[1:]) for _ in range(shape[0])]


def each(function, *arrays):
    if isinstance(arrays[0], list):
        return [each(function, *parts) for parts in zip(*arrays)]
    return function(*arrays)


def transpose(a):
    return [list(column) for column in zip(*a)]


def inner(a, b):
    return sum((x * y for x, y in zip(a, b, strict=True)), Dual(0.0))


def times(a, b):
    """A product of matrices."""
    return [[inner(row, column) for column in zip(*b)] for row in a]


def plus(*arrays):
    return each(lambda *numbers: sum(numbers, Dual(0.0)), *arrays)


def solve(a, b):
    """What `a` makes `b` of, both matrices, by Gauss and Jordan."""
    rows = [[*map(dual, left), *map(dual, right)] for left, right in zip(a, b)]
    for at in range(len(rows)):
        best = max(range(at, len(rows)), key=lambda row: abs(rows[row][at].value))
        rows[at], rows[best] = rows[best], rows[at]
        pivot = rows[at][at]
        rows[at] = [x / pivot for x in rows[at]]
        for other in range(len(rows)):
            if other != at:
                factor = rows[other][at]
                rows[other] = [x - factor * y for x, y in zip(rows[other], rows[at])]
    return [row[len(rows) :] for row in rows]


def determinant(a):
    """By Leibniz's sum over permutations."""
    total = Dual(0.0)
    for order in itertools.permutations(range(len(a))):
        swaps = sum(x > y for x, y in itertools.combinations(order, 2))
        total += product(a[row][column] for row, column in enumerate(order)) * (-1.0) ** swaps
    return total


# Scans.


def prefixes(reduce, x):
    """A reduction of each position and all before it, for each feature."""
    return [[reduce([row[i] for row in x[: t + 1]]) for i in range(len(x[0]))] for t in range(len(x))]


def logsumexp(terms):
    return ln(sum((exp(term) for term in terms), Dual(0.0)))


def moving_average(x, decay):
    """The weight of a position falls by `decay` with each one after it; the first has the rest."""
    weight = lambda t, s, d: power(d, t - s) * (1 - d if s else Dual(1.0))
    return [
        [sum((weight(t, s, d) * x[s][i] for s in range(t + 1)), Dual(0.0)) for i, d in enumerate(decay)]
        for t in range(len(x))
    ]


# Networks; a gate is a matrix.


def gate(array, at):
    return [row[at] for row in array]


def affine(w, x, bias):
    return [inner(column, x) + b for column, b in zip(transpose(w), bias)]


def along(step, x, *start):
    """What `step` makes of the inputs, document by document."""
    outputs = []
    for document, state in zip(transpose(x), zip(*start)):
        states = []
        for row in document:
            state = step(row, *state)
            states.append(state)
        outputs.append(states)
    each_state = [transpose([[state[at] for state in states] for states in outputs]) for at in range(len(start))]
    return each_state[0] if len(start) == 1 else tuple(each_state)


def rnn(w, u, bias, x, start):
    zero = [0.0] * len(bias)
    return along(lambda x, h: ([tanh(a + b) for a, b in zip(affine(w, x, bias), affine(u, h, zero))],), x, start)


def lstm(w, u, bias, x, start, start_cell):
    zero = [0.0] * len(bias[0])

    def step(x, h, c):
        i, f, g, o = (
            [a + b for a, b in zip(affine(gate(w, at), x, bias[at]), affine(gate(u, at), h, zero))] for at in range(4)
        )
        c = [sigmoid(f) * c + sigmoid(i) * tanh(g) for i, f, g, c in zip(i, f, g, c)]
        return [sigmoid(o) * tanh(c) for o, c in zip(o, c)], c

    return along(step, x, start, start_cell)


def gru(w, u, bias, x, start):
    zero = [0.0] * len(bias[0])

    def step(x, h):
        (kx, sx, nx) = (affine(gate(w, at), x, bias[at]) for at in range(3))
        (kh, sh, nh) = (affine(gate(u, at), h, zero) for at in range(3))
        show = [sigmoid(a + b) for a, b in zip(sx, sh)]
        keep = [sigmoid(a + b) for a, b in zip(kx, kh)]
        new = [tanh(a + s * b) for a, b, s in zip(nx, nh, show)]
        return ([n + k * (h - n) for n, k, h in zip(new, keep, h)],)

    return along(step, x, start)


def min_gru(w, bias, x, start):
    """The weight of a position is its gate times what all later ones keep."""
    positions, width = len(x), len(start[0])
    result = []
    for t in range(positions):
        result.append([])
        for n, first in enumerate(start):
            gates = [[sigmoid(z) for z in affine(gate(w, 0), x[s][n], bias[0])] for s in range(t + 1)]
            new = [affine(gate(w, 1), x[s][n], bias[1]) for s in range(t + 1)]
            kept = lambda i, s: product(1 - gates[r][i] for r in range(s, t + 1))
            result[t].append(
                [
                    kept(i, 0) * first[i]
                    + sum((kept(i, s + 1) * gates[s][i] * new[s][i] for s in range(t + 1)), Dual(0.0))
                    for i in range(width)
                ]
            )
    return result


# Attention without softmax, as attention: a weight for each pair of positions.


def weighted(q, v, weight):
    """Sums of the values until each position, by `weight(head, t, s)`."""
    return [
        [
            [sum((weight(h, t, s) * v[s][h][i] for s in range(t + 1)), Dual(0.0)) for i in range(len(v[0][0]))]
            for h in range(len(v[0]))
        ]
        for t in range(len(q))
    ]


def linear_attention(q, k, v):
    feature = lambda x: x + 1 if x.value > 0 else exp(x)
    q, k = each(feature, q), each(feature, k)
    alike = lambda h, t, s: inner(q[t][h], k[s][h])
    total = lambda h, t: sum((alike(h, t, s) for s in range(t + 1)), Dual(1e-6))
    return weighted(q, v, lambda h, t, s: alike(h, t, s) / total(h, t))


def retention(q, k, v, fade):
    width = len(q[0][0])
    return weighted(q, v, lambda h, t, s: inner(q[t][h], k[s][h]) * (fade[h] ** (t - s) / math.sqrt(width)))


def wkv(decay, bonus, k, v):
    result = []
    for t in range(len(k)):
        result.append([])
        for i in range(len(decay)):
            weights = [exp(k[s][i] - decay[i] * float(t - 1 - s)) for s in range(t)] + [exp(bonus[i] + k[t][i])]
            values = [v[s][i] for s in range(t + 1)]
            result[t].append(inner(weights, values) / sum(weights, Dual(0.0)))
    return result


# State spaces.


def selective_scan(a, b, c, delta, skip, x):
    """A position fades by the exponential of `a` times all steps since."""
    features, states = len(a), len(a[0])
    result = []
    for t in range(len(x)):
        result.append([])
        for i in range(features):
            y = skip[i] * x[t][i]
            for s in range(t + 1):
                since = sum((delta[r][i] for r in range(s + 1, t + 1)), Dual(0.0))
                for n in range(states):
                    y += c[t][n] * exp(a[i][n] * since) * b[s][n] * delta[s][i] * x[s][i]
            result[t].append(y)
    return result


def kalman_filter(transition, drive, reading, noise, start, spread, observed):
    """All states and observations are normal together; each mean is conditioned on what was observed."""
    size, positions = len(start), len(observed)
    identity = [[Dual(float(i == j)) for j in range(size)] for i in range(size)]
    powers = [identity]
    for _ in range(positions):
        powers.append(times(transition, powers[-1]))
    first, moved = times(spread, transpose(spread)), times(drive, transpose(drive))

    def covariance(s, t):
        """Of the states after `s` and `t` steps."""
        total = times(times(powers[s], first), transpose(powers[t]))
        for r in range(1, min(s, t) + 1):
            total = plus(total, times(times(powers[s - r], moved), transpose(powers[t - r])))
        return total

    column = transpose([reading])
    expected = [times(powers[t + 1], transpose([start])) for t in range(positions)]
    off = [[dual(observed[t]) - times([reading], expected[t])[0][0]] for t in range(positions)]
    seen = [
        [
            times(times([reading], covariance(s + 1, t + 1)), column)[0][0] + (noise if s == t else 0.0)
            for t in range(positions)
        ]
        for s in range(positions)
    ]
    means = []
    for t in range(positions):
        known = [row[: t + 1] for row in seen[: t + 1]]
        gain = [[row[0] for row in times(covariance(t + 1, s + 1), column)] for s in range(t + 1)]
        shift = times(transpose(gain), solve(known, off[: t + 1]))
        means.append([a[0] + b[0] for a, b in zip(expected[t], shift)])
    quadratic = times(transpose(off), solve(seen, off))[0][0]
    loss = (quadratic + ln(determinant(seen)) + positions * math.log(2 * math.pi)) / 2.0
    return means, loss


# Dynamic programming: all ways, one by one.


def score(first, transition, each_position, way):
    moves = zip(way, way[1:])
    positions = enumerate(way)
    return first[way[0]] + sum((transition[i][j] for i, j in moves), Dual(0.0)) + sum(
        (each_position[t][i] for t, i in positions), Dual(0.0)
    )


def hidden_markov(start, transition, emission, observed):
    table = [[emission[i][seen] for i in range(len(start))] for seen in observed]
    ways = itertools.product(range(len(start)), repeat=len(observed))
    return logsumexp([score(start, transition, table, way) for way in ways])


def crf_loss(transition, each_position, label):
    none = [0.0] * len(transition)
    ways = itertools.product(range(len(transition)), repeat=len(label))
    total = logsumexp([score(none, transition, each_position, way) for way in ways])
    return total - score(none, transition, each_position, label)


def ctc_loss(log_p, label):
    """Of all sequences those that say `label`, once repeats and then blanks, 0, are left out."""
    said = lambda way: [v for v, _ in itertools.groupby(way) if v]
    ways = itertools.product(range(len(log_p[0])), repeat=len(log_p))
    ways = (way for way in ways if said(way) == label)
    return -logsumexp([sum((log_p[t][v] for t, v in enumerate(way)), Dual(0.0)) for way in ways])


# A series.


def pagerank(link, begin, damping, steps):
    """What began anew some steps ago and has walked since, and what has walked all the time."""
    walked = [begin]
    for _ in range(steps):
        walked.append(times([walked[-1]], link)[0])
    renewed = [each(lambda x: x * ((1 - damping) * damping**n), walked[n]) for n in range(steps)]
    return plus(*renewed, each(lambda x: x * damping**steps, walked[steps]))


# name: (function, inputs with gradients, options)
P, E, N, J, I, H = 5, 4, 2, 3, 4, 2
X, START = draw(P, N, J), draw(N, I)
Q, K, V = draw(P, H, J), draw(P, H, J), draw(P, H, I)
CASES = [
    ("cumulative_sum", lambda x: prefixes(lambda terms: sum(terms, Dual(0.0)), x), [draw(P, E)], {}),
    ("cumulative_product", lambda x: prefixes(product, x), [draw(P, E)], {}),
    ("cumulative_logsumexp", lambda x: prefixes(logsumexp, x), [draw(P, E)], {}),
    ("exponential_moving_average", moving_average, [draw(P, E), draw(E, among=(0.1, 0.9))], {}),
    ("rnn", rnn, [draw(J, I), draw(I, I), draw(I), X, START], {}),
    ("lstm", lstm, [draw(J, 4, I), draw(I, 4, I), draw(4, I), X, START, draw(N, I)], {}),
    ("gru", gru, [draw(J, 3, I), draw(I, 3, I), draw(3, I), X, START], {}),
    ("min_gru", min_gru, [draw(J, 2, I), draw(2, I), X, START], {}),
    ("linear_attention", linear_attention, [Q, K, V], {}),
    ("retention", retention, [Q, K, V], {"fade": [0.875, 0.96]}),
    ("wkv", wkv, [draw(E, among=(0.1, 2)), draw(E), draw(P, E), draw(P, E)], {}),
    (
        "selective_scan",
        selective_scan,
        [draw(I, 3, among=(-2, -0.1)), draw(P, 3), draw(P, 3), draw(P, I, among=(0.05, 1)), draw(I), draw(P, I)],
        {},
    ),
    (
        "kalman_filter",
        kalman_filter,
        [draw(3, 3), draw(3, 2), draw(3), draw(among=(0.2, 2)), draw(3), draw(3, 3), draw(4)],
        {},
    ),
    (
        "hidden_markov_log_likelihood",
        hidden_markov,
        [draw(3, among=(-3, 0)), draw(3, 3, among=(-3, 0)), draw(3, 4, among=(-3, 0))],
        {"observed": [2, 0, 3, 3, 1]},
    ),
    ("crf_loss", crf_loss, [draw(3, 3), draw(P, 3)], {"label": [2, 0, 1, 1, 2]}),
    ("ctc_loss", ctc_loss, [draw(6, 4, among=(-3, 0))], {"label": [2, 2, 1]}),
    ("pagerank", pagerank, [draw(4, 4, among=(0, 1)), draw(4, among=(0, 1))], {"damping": 0.85, "steps": 5}),
]


def array(x):
    return {"shape": shape_of(x), "data": flat(x)}


def figures(function, inputs, options):
    shapes = [shape_of(x) for x in inputs]
    numbers = [number for x in inputs for number in flat(x)]

    def run(direction):
        """The outputs, and their derivatives by one number."""
        duals = iter(Dual(x, float(at == direction)) for at, x in enumerate(numbers))
        outputs = function(*(shaped(duals, shape) for shape in shapes), **options)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    outputs = run(None)
    values = [number.value for output in outputs for number in flat(output)]
    cotangent = draw(len(values))
    derivatives = iter(
        math.fsum(c * number.tangent for c, number in zip(cotangent, [n for o in run(at) for n in flat(o)]))
        for at in range(len(numbers))
    )
    return {
        "inputs": [array(x) for x in inputs],
        "options": options,
        "output": {"shape": shape_of(outputs[0]) if len(outputs) == 1 else [len(values)], "data": values},
        "cotangent": {"shape": [len(values)], "data": cotangent},
        "gradients": [array(shaped(derivatives, shape)) for shape in shapes],
    }


rows = {name: figures(function, inputs, options) for name, function, inputs, options in CASES}
print("{")
print(f' "made by": "Python {platform.python_version()}",')
print(' "layers": {')
print(",\n".join(f'  "{name}": ' + json.dumps(row) for name, row in rows.items()))
print(" }\n}")
