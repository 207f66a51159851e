"""Exact second derivatives of every op of the table, at ordinary and at extreme points.

    python second.py > second.json

Needs mpmath, and `ops.py` beside it: what is differentiated here are the first derivatives that stand
there, numerically, with 2,500 bits. Points at the edge of a domain, at kinks and at infinities are left
out, but for those in `AT_KINKS`, where an op chooses a side.
"""

import json

import mpmath as mp

import ops

POINTS = [1e-3, 0.5, 0.9, 1.5, 3.0, 8.0, 25.0, 95.0]
POINTS += [5e-324, 1e-300, 1e-154, 1e-20, 1e-8, 37.0, 300.0, 745.0, 1e3, 1e8, 1e20, 1e154, 1e300]
PAIRS = [0.3, 1.0, 2.5, 1e-160, 1e160, 1e-300, 1e300]
# Where a second derivative exists although an argument is 0.
AT_ZERO = {"neg", "exp", "exp_m1", "ln_1p", "square", "sin", "cos", "tan", "asin", "acos", "atan"}
AT_ZERO |= {"sinh", "cosh", "tanh", "asinh", "atanh", "sigmoid", "softplus", "silu", "gelu"}
AT_ZERO |= {"gelu_tanh", "erf"}
# These choose: the branch that is taken has a second derivative.
AT_KINKS = [
    ("abs", [0.0], [[0.0]]),
    ("relu", [0.0], [[0.0]]),
    ("sign", [0.0], [[0.0]]),
    ("floor", [2.0], [[0.0]]),
    ("round", [1.5], [[0.0]]),
    ("leaky_relu", [0.0, 0.5], [[0.0, 1.0], [1.0, 0.0]]),
    ("elu", [0.0, 0.5], [[0.5, 1.0], [1.0, 0.0]]),
    ("max", [2.0, 2.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("min", [2.0, 2.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("clamp", [2.0, 2.0, 3.0], [[0.0] * 3] * 3),
    ("xlogy", [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("xlogy", [0.0, 2.0], [[0.0, 0.5], [0.5, 0.0]]),
    ("pow", [0.0, 2.0], [[2.0, 0.0], [0.0, 0.0]]),
    ("pow", [0.0, 3.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("pow", [0.0, 5.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("pow", [0.0, 2.5], [[0.0, 0.0], [0.0, 0.0]]),
    ("hypot", [0.0, 2.0], [[0.5, 0.0], [0.0, 0.0]]),
    ("atan2", [0.0, 2.0], [[0.0, -0.25], [-0.25, 0.0]]),
]


def inner(name, x):
    """Whether a function is smooth all around a point."""
    match name:
        case "ln" | "log2" | "log10" | "sqrt" | "rsqrt":
            return x > 0
        case "ln_1p":
            return x > -1
        case "asin" | "acos" | "atanh":
            return abs(x) < 1
        case "acosh":
            return x > 1
        case "floor":
            return x != int(x)
        case "round":
            return abs(x) % 1 != 0.5
    return x != 0 or name in AT_ZERO


def slope(function, x):
    """The derivative at a point, by a step far below it, and far above the last bit."""
    step = mp.mpf(2) ** -200 * (min(abs(x), 1) if x != 0 else 1)
    return (function(x + step) - function(x - step)) / (2 * step)


def rows():
    for name, (_, derivative) in ops.UNARY.items():
        for x in [0.0] + ops.signed(POINTS):
            if inner(name, x):
                yield [name, [x], [[ops.rounded(lambda x: slope(derivative, x), mp.mpf(x))]]]
    for name, function in ops.SEVERAL.items():
        if name == "clamp":
            points = [(0.5, -1.0, 1.0), (-2.0, -1.0, 1.0), (3.0, -1.0, 1.0)]
        else:
            points = [(x, y) for x in PAIRS for y in PAIRS]
            if name not in ("pow", "xlogy"):
                points += [(-x, y) for x in PAIRS for y in PAIRS[:3]]
            if name == "pow":
                points = [(x, y) for x in PAIRS for y in ops.EXPONENTS]
        for point in points:
            if name in ("max", "min") and point[0] == point[1]:
                continue
            exact = [mp.mpf(x) for x in point]

            def first(at, moved):
                if name == "pow":
                    x, y = moved
                    return (y * x ** (y - 1), x**y * mp.log(x))[at]
                return mp.mpf(function(*moved)[1][at])

            def second(at, by):
                def along(x):
                    return first(at, [x if k == by else exact[k] for k in range(len(exact))])

                return ops.rounded(lambda x: slope(along, x), exact[by])

            count = range(len(point))
            yield [name, list(point), [[second(at, by) for by in count] for at in count]]
    yield from (list(row) for row in AT_KINKS)


if __name__ == "__main__":
    print("{")
    print(f' "made by": "mpmath {mp.__version__}",')
    print(' "columns": ["op", "arguments", "second derivatives"],')
    print(' "rows": [')
    text = (json.dumps([name, x, [ops.numbers(row) for row in h]]) for name, x, h in rows())
    print(",\n".join("  " + row for row in text))
    print(" ]\n}")
