"""Exact values and derivatives of every op of the table, at ordinary and at extreme points.

    python ops.py > ops.json

Needs mpmath. Figures are computed with 2,500 bits and rounded once. At an infinity an op has its
limit. What has no limit, and what lies outside of the domain, is NaN; derivatives there mean nothing.
Where an op chooses a derivative (`abs` at 0, a tie of `max`), the choice that its documentation states
stands here by hand.
"""

import json
import math
import struct
import sys

import mpmath as mp

mp.mp.prec = 2500

INF, NAN = math.inf, math.nan
BEYOND = mp.mpf(10) ** 400


class Outside(Exception):
    """A point outside of the domain."""


def single(x):
    """The nearest number of single precision."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(INF, x)


def double(x):
    """The nearest double of an exact number."""
    if isinstance(x, float):
        return x
    if isinstance(x, mp.mpc):
        raise Outside
    if abs(x) >= mp.mpf(2) ** 1024 - mp.mpf(2) ** 970:
        return math.copysign(INF, x)
    if abs(x) < mp.mpf(2) ** -1074 / 2:
        return 0.0
    return float(x)


def within(holds, x):
    if not holds:
        raise Outside
    return x


def over(x, y):
    """A quotient; of a zero divisor an infinity."""
    return mp.mpf(x) / y if y != 0 else (INF if x > 0 else -INF)


one = mp.mpf(1)
half = mp.mpf(1) / 2


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def distribution(x):
    if abs(x) > 10_000:
        return mp.mpf(x > 0)
    return mp.erfc(-x / mp.sqrt(2)) / 2


def tanh_argument(x):
    return mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)


def tanh_slope(x):
    return mp.sqrt(2 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * x**2)


# name: (function, derivative); an argument that is -0 arrives as 0.
UNARY = {
    "neg": (lambda x: -x, lambda x: -one),
    "exp": (mp.exp, mp.exp),
    "ln": (lambda x: -INF if x == 0 else within(x > 0, mp.log(x)), lambda x: over(1, x)),
    "log2": (
        lambda x: -INF if x == 0 else within(x > 0, mp.log(x) / mp.log(2)),
        lambda x: over(1 / mp.log(2), x),
    ),
    "log10": (
        lambda x: -INF if x == 0 else within(x > 0, mp.log(x) / mp.log(10)),
        lambda x: over(1 / mp.log(10), x),
    ),
    "exp_m1": (lambda x: mp.exp(x) - 1, mp.exp),
    "ln_1p": (
        lambda x: -INF if x == -1 else within(x > -1, mp.log(1 + x)),
        lambda x: over(1, 1 + x),
    ),
    "sqrt": (lambda x: within(x >= 0, mp.sqrt(x)), lambda x: over(half, mp.sqrt(x))),
    "rsqrt": (
        lambda x: within(x >= 0, over(1, mp.sqrt(x))),
        lambda x: over(-half, x * mp.sqrt(x)),
    ),
    "cbrt": (
        lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        lambda x: over(1, 3 * mp.cbrt(abs(x)) ** 2),
    ),
    "recip": (lambda x: over(1, x), lambda x: over(-1, x * x)),
    "square": (lambda x: x * x, lambda x: 2 * x),
    "abs": (abs, mp.sign),
    "sign": (mp.sign, lambda x: mp.mpf(0)),
    "floor": (mp.floor, lambda x: mp.mpf(0)),
    "round": (lambda x: mp.sign(x) * mp.floor(abs(x) + half), lambda x: mp.mpf(0)),
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda x: -mp.sin(x)),
    "tan": (mp.tan, lambda x: 1 + mp.tan(x) ** 2),
    "asin": (
        lambda x: within(abs(x) <= 1, mp.asin(x)),
        lambda x: over(1, mp.sqrt((1 - x) * (1 + x))),
    ),
    "acos": (
        lambda x: within(abs(x) <= 1, mp.acos(x)),
        lambda x: over(-1, mp.sqrt((1 - x) * (1 + x))),
    ),
    "atan": (mp.atan, lambda x: 1 / (1 + x * x)),
    "sinh": (mp.sinh, mp.cosh),
    "cosh": (mp.cosh, mp.sinh),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "asinh": (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x)),
    "acosh": (
        lambda x: within(x >= 1, mp.acosh(x)),
        lambda x: over(1, mp.sqrt(x - 1) * mp.sqrt(x + 1)),
    ),
    "atanh": (
        lambda x: x * INF if abs(x) == 1 else within(abs(x) < 1, mp.atanh(x)),
        lambda x: over(1, (1 - x) * (1 + x)),
    ),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), sigmoid),
    "relu": (lambda x: max(x, mp.mpf(0)), lambda x: mp.mpf(x > 0)),
    "silu": (
        lambda x: x * sigmoid(x),
        lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x),
    ),
    "gelu": (
        lambda x: x * distribution(x),
        lambda x: distribution(x) + x * density(x),
    ),
    "gelu_tanh": (
        lambda x: x * sigmoid(2 * tanh_argument(x)),
        lambda x: sigmoid(2 * tanh_argument(x))
        + 2
        * x
        * sigmoid(2 * tanh_argument(x))
        * sigmoid(-2 * tanh_argument(x))
        * tanh_slope(x),
    ),
    "erf": (
        lambda x: mp.erf(x) if abs(x) < 100 else mp.sign(x) * one,
        lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
    ),
}
WITHOUT_LIMIT = {"sin", "cos", "tan"}


def power(x, y):
    if y == 0:
        return one
    if x == 0:
        return INF if y < 0 else mp.mpf(0)
    return within(x > 0 or y == int(y), x ** (int(y) if y == int(y) else y))


def power_by_base(x, y):
    if y == 0:
        return mp.mpf(0)
    slope = power(x, y - 1)
    return math.copysign(INF, y) if slope == INF else y * slope


def power_by_exponent(x, y):
    if x == 0:
        return mp.mpf(0) if y >= 0 else -INF
    return within(x > 0, power(x, y) * mp.log(x))


def side(x, y):
    length = mp.sqrt(x * x + y * y)
    return mp.mpf(0) if length == 0 else x / length


def over_square(x, y):
    square = x * x + y * y
    return mp.mpf(0) if square == 0 else x / square


def angle(y, x):
    return mp.mpf(0) if x == 0 and y == 0 else mp.atan2(y, x)


def greater(x, y):
    return (x, [1.0, 0.0]) if x >= y else (y, [0.0, 1.0])


def lesser(x, y):
    return (x, [1.0, 0.0]) if x <= y else (y, [0.0, 1.0])


def clamp(x, low, high):
    raised, (to_x, to_low) = greater(x, low)
    value, (to_raised, to_high) = lesser(raised, high)
    return value, [to_raised * to_x, to_raised * to_low, to_high]


SEVERAL = {
    "add": lambda x, y: (x + y, [one, one]),
    "sub": lambda x, y: (x - y, [one, -one]),
    "mul": lambda x, y: (x * y, [y, x]),
    "div": lambda x, y: (x / y, [1 / y, -x / y / y]),
    "pow": None,
    "atan2": lambda y, x: (angle(y, x), [over_square(x, y), -over_square(y, x)]),
    "hypot": lambda x, y: (mp.sqrt(x * x + y * y), [side(x, y), side(y, x)]),
    "leaky_relu": lambda x, a: (x, [one, mp.mpf(0)]) if x > 0 else (a * x, [a, x]),
    "elu": lambda x, a: (x, [one, mp.mpf(0)])
    if x > 0
    else (a * (mp.exp(x) - 1), [a * mp.exp(x), mp.exp(x) - 1]),
    "max": greater,
    "min": lesser,
    "clamp": clamp,
    "xlogy": lambda x, y: (x * mp.log(y), [mp.log(y), x / y]) if y > 0 else (mp.mpf(0), [mp.mpf(0)] * 2),
}

# Points with infinities: the limit of the value and of each derivative.
BY_HAND = [
    ("hypot", [-INF, 1.0], INF, [-1.0, 0.0]),
    ("hypot", [3.0, INF], INF, [0.0, 1.0]),
    ("atan2", [INF, 2.0], math.pi / 2, [0.0, 0.0]),
    ("atan2", [1.0, INF], 0.0, [0.0, 0.0]),
    ("atan2", [1.0, -INF], math.pi, [0.0, 0.0]),
    ("pow", [INF, 2.0], INF, [INF, INF]),
    ("pow", [INF, 0.5], INF, [0.0, INF]),
    ("pow", [INF, -1.0], 0.0, [0.0, 0.0]),
    ("pow", [INF, -2.5], 0.0, [0.0, 0.0]),
    ("pow", [INF, 0.0], 1.0, [0.0, INF]),
    ("pow", [2.0, INF], INF, [INF, INF]),
    ("pow", [2.0, -INF], 0.0, [0.0, 0.0]),
    ("div", [1.0, INF], 0.0, [0.0, 0.0]),
    ("div", [INF, 2.0], INF, [0.5, -INF]),
    ("leaky_relu", [-INF, 0.5], -INF, [0.5, -INF]),
    ("leaky_relu", [INF, 0.5], INF, [1.0, 0.0]),
    ("elu", [-INF, 0.5], -0.5, [0.0, -1.0]),
    ("elu", [INF, 0.5], INF, [1.0, 0.0]),
    ("max", [-INF, INF], INF, [0.0, 1.0]),
    ("max", [-INF, -INF], -INF, [1.0, 0.0]),
    ("min", [-INF, INF], -INF, [1.0, 0.0]),
    ("clamp", [INF, -1.0, 1.0], 1.0, [0.0, 0.0, 1.0]),
    ("clamp", [2.0, -INF, INF], 2.0, [1.0, 0.0, 0.0]),
    ("xlogy", [0.0, INF], 0.0, [0.0, 0.0]),
    ("xlogy", [-2.0, INF], -INF, [INF, 0.0]),
]

ORDINARY = [1e-3, 0.1, 0.5, 0.9, 1.0, 1.5, 3.0, 8.0, 15.0, 25.0, 50.0, 95.0]
EXTREME = {
    "f64": [5e-324, 1e-310, 1e-300, 1e-154, 1e-20, 1e-8, 0.9999999999999999, 1.0000000000000002]
    + [37.0, 300.0, 709.5, 745.0, 1e3, 1e8, 1e20, 1.2e154, 2e154, 1e300, 1.7976931348623157e308],
    "f32": [1e-45, 1e-40, 1e-30, 1e-19, 1e-10, 1e-4, 0.99999994, 1.0000001]
    + [17.0, 88.6, 103.0, 1e3, 1e8, 1.5e19, 2e19, 1e22, 1e30, 3.4028235e38],
}
SOME = {
    "f64": [0.0, 5e-324, 1e-300, 1e-160, 0.3, 1.0, 2.5, 1e160, 1.5e308],
    "f32": [0.0, 1e-45, 1e-30, 1e-23, 0.3, 1.0, 2.5, 1e23, 3e38],
}
EXPONENTS = [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 1e-3, 0.5, 1.0, 1.5, 2.0, 3.0, 3.5, 5.0, 107.0]


def signed(numbers):
    return [s * x for x in numbers for s in ((1.0, -1.0) if x != 0 else (1.0,))]


def grid(name, precision):
    some = SOME[precision]
    match name:
        case "pow":
            bases = some + [-0.3, -1.0, -2.5, -some[2], -some[-1], 0.97]
            return [(x, y) for x in bases for y in EXPONENTS]
        case "div":
            return [(x, y) for x in some for y in signed(some[1:])]
        case "xlogy":
            # A negative number has no logarithm, and that of a denormal in `f64` no tangent.
            return [(x, y) for x in signed(some) for y in some if y > 1e-310 or x == y == 0] + [(0.0, -2.5)]
        case "leaky_relu" | "elu":
            return [(x, a) for x in signed(some) for a in (0.0, 0.01, 1.0, 1.5)]
        case "clamp":
            return [(x, low, high) for x in (-2.0, 0.0, 1.0, 1.5, 3.0) for low in (-1.0, 1.0, 2.0)
                    for high in (1.0, 2.0, -3.0)]
        case "atan2" | "hypot":
            return [(x, y) for x in some for y in signed(some)]
        case _:
            return [(x, y) for x in some[::2] for y in signed(some[::2])]


def numbers(values):
    """Numbers for JSON, which has neither infinities nor NaN."""
    return [x if math.isfinite(x) else str(x) for x in values]


def rounded(function, *point):
    try:
        return double(function(*point))
    except Outside:
        return NAN


def limit(function, sign):
    """The limit at an infinity: functions that grow without end do so slowly."""
    figure = rounded(function, sign * BEYOND)
    if abs(figure) > 100:
        return math.copysign(INF, figure)
    return 0.0 if abs(figure) < 1e-100 else figure


def rows():
    for precision in ("f64", "f32"):
        to = single if precision == "f32" else float
        points = [0.0, -0.0, INF, -INF, NAN] + signed(map(to, ORDINARY + EXTREME[precision]))
        for name, functions in UNARY.items():
            for x in points:
                if math.isnan(x) or math.isinf(x) and name in WITHOUT_LIMIT:
                    value, slope = NAN, NAN
                elif math.isinf(x):
                    value, slope = (limit(f, mp.sign(x)) for f in functions)
                else:
                    value, slope = (rounded(f, mp.mpf(x)) for f in functions)
                # A pole at -0 is on its other side.
                if x == 0 and math.copysign(1, x) < 0 and math.isinf(slope):
                    if name in ("ln", "log2", "log10"):
                        slope = -INF
                    elif name in ("sqrt", "recip"):
                        value, slope = -value, -INF
                    elif name == "rsqrt":
                        value = -INF
                yield [name, precision, numbers([x]), numbers([value, slope])]
        for name, function in SEVERAL.items():
            for point in grid(name, precision):
                point = [to(x) for x in point]
                exact = [mp.mpf(x) for x in point]
                if name == "pow":
                    # One of its derivatives may exist without the other.
                    figures = [rounded(f, *exact) for f in (power, power_by_base, power_by_exponent)]
                else:
                    value, slopes = function(*exact)
                    figures = [double(figure) for figure in (value, *slopes)]
                yield [name, precision, numbers(point), numbers(figures)]
        for name, point, value, slopes in BY_HAND:
            yield [name, precision, numbers(point), numbers([value, *slopes])]


if __name__ == "__main__":
    print("{")
    print(f' "made by": "mpmath {mp.__version__}",')
    print(' "columns": ["op", "precision", "arguments", "value and derivatives"],')
    print(' "rows": [')
    print(",\n".join("  " + json.dumps(row) for row in rows()))
    print(" ]\n}")
