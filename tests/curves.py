"""Random compositions as texts, and what they are in NumPy and SciPy: slope, soft step by quadrature, bounds by search.

`curve` evaluates the text of a composition with the names below. Nothing here comes from surrofun.
"""

import functools
import inspect
import math
from typing import Any, NamedTuple

import numpy as np
from formulas import FACTS
from scipy.integrate import tanhsinh

INF, FAR = math.inf, 2.0**900
LADDER = 4.0 ** np.array([*np.arange(-6, 25), *range(25, 451, 5)])  # distances at which a panel ends
LOOKS = np.geomspace(1e-6, 1e12, 4000)

ROWS, NEURONS = 4, 3
SIGNS = (-1, -1, -1, 1, 1, 1, 0)  # of a height and of a weight
SHARED = "alpha"  # the parameter that all shapes of some compositions get at the call
RANGES = {"alpha": (0.3, 8.0), "beta": (0.3, 20.0), "q": (1.3, 5.0), "s": (1.3, 6.0), "period": (0.7, 9.0)}
RANGES |= dict.fromkeys(("h", "leak", "p0"), (0.05, 0.6)) | {"delta": (0.5, 2.0)}


class Curve(NamedTuple):
    slope: Any  # of an array in float64
    places: list[float]  # what it is around
    marks: list[float]  # its kinks and jumps
    left: float  # the tail is like |x| to the power of minus this; inf falls faster, -inf grows, NaN is not known
    right: float


def repeats(half_period, first):
    return [k * half_period for k in range(first, 200) if abs(k * half_period) < 40]


# The kinks and jumps of every shape, and the powers of its tails.
KERNELS = {
    "straight_through": lambda: ([], 0, 0),
    "rectangle": lambda width, closed: ([-width / 2, width / 2], INF, INF),
    "triangle": lambda alpha: ([-1 / alpha, 0, 1 / alpha], INF, INF),
    "cosine": lambda width: ([-width, width], INF, INF),
    "leaky_rectangle": lambda width, leak: ([-width / 2, width / 2], 0, 0),
    "epanechnikov": lambda width, n: ([-width, width], INF, INF),
    "p_norm": lambda width, n: ([-width, width], INF, INF),
    "half_sech": lambda alpha: ([0], INF, INF),
    "laplace": lambda alpha: ([0], INF, INF),
    "sigmoid": lambda alpha: ([], INF, INF),
    "gaussian": lambda sigma: ([], INF, INF),
    "multi_gaussian": lambda h, s, sigma: ([], INF, INF),
    "exp_saturating": lambda tau: ([0], INF, 0),
    "escape_exponential": lambda p0, delta: ([], INF, -INF),
    "periodic_laplace": lambda alpha, period: (repeats(period / 2, 0), INF, 0),
    "squarewave_fourier": lambda n, period: (repeats(period / 2, -200), 0, 0),
    "superspike": lambda beta: ([0], 2, 2),
    "power_law": lambda alpha, q: ([0], q, q),
    "q_pseudo_spike": lambda q: ([0], q, q),
    "reciprocal": lambda alpha: ([0], 1, 1),
    "clipped_reciprocal": lambda alpha: ([-1 / alpha, 1 / alpha], 1, 1),
    "atan": lambda alpha: ([], 2, 2),
    "circ": lambda alpha: ([], 3, 3),
    "leaky_step": lambda leak, slope: ([0], 0, 0),
    "log_tailed_step": lambda leak: ([0, 1], 0 if leak else INF, 1),
    "s2nn": lambda alpha, beta: ([0], INF, 1),
    "hump": lambda alpha: ([0], INF, INF),
    "sech_squared": lambda alpha: ([], INF, INF),
    "cubic": lambda alpha: ([0], 3, 3),
}
# What the adversary declares as nothing but a function.
USERS = {
    "hump": lambda x, alpha: alpha * np.exp(-(abs(alpha * x) ** 1.5)),
    "sech_squared": lambda x, alpha: 4 * alpha * np.exp(-2 * abs(alpha * x)) / (1 + np.exp(-2 * abs(alpha * x))) ** 2,
    "cubic": lambda x, alpha: alpha / (1 + abs(alpha * x)) ** 3,
}


def kernel(name, **given):
    if name in USERS:
        parameters, slope = {"alpha": 1.0} | given, USERS[name]
    else:
        parameters, slope = FACTS[name].settings[0] | given, FACTS[name].slope
    return Curve(lambda x: slope(x, **parameters) + 0 * x, [0.0], *KERNELS[name](**parameters))


def moved(g, slope, to=lambda place: place):
    return Curve(slope, [*map(to, g.places)], [*map(to, g.marks)], g.left, g.right)


def joined(slope, gs, left, right, *marks):
    places, all_marks = ([v for g in gs for v in getattr(g, name)] for name in ("places", "marks"))
    return Curve(slope, [*places, *marks], [*all_marks, *marks], left, right)


def scale(g, alpha, height=1.0):
    scaled = moved(g, lambda x: height * alpha * g.slope(alpha * x), lambda place: place / alpha)
    return scaled if height else scaled._replace(left=INF, right=INF)


def shift(g, by):
    return moved(g, lambda x: g.slope(x - by), lambda place: place + by)


def mix(*gs, weights=None):
    weights = weights or (1 / len(gs),) * len(gs)
    seen = [g for g, w in zip(gs, weights, strict=True) if w]
    slowest = [np.min([INF, *(getattr(g, side) for g in seen)]) for side in ("left", "right")]
    return joined(lambda x: sum(w * g.slope(x) for w, g in zip(weights, gs, strict=True)), gs, *slowest)


def asym(below, above):
    sides = (below, above), below.left, above.right
    return joined(lambda x: np.where(x < 0, below.slope(x), above.slope(x)), *sides, 0.0)


def normalize(g, area=None, peak=None):
    measured = soft(g, [INF])[0] if area else extremes(g)[1]
    factor = (area or peak) / measured if 0 < measured < INF else np.nan  # it cannot be: no number is right
    return moved(g, lambda x: factor * g.slope(x))


def product(g, h, factor):
    return joined(lambda x: factor * g.slope(x) * h.slope(x), (g, h), g.left + h.left, g.right + h.right)


def mirror(g):
    return moved(g, lambda x: g.slope(-x), lambda place: -place)._replace(left=g.right, right=g.left)


NAMES = {name: functools.partial(kernel, name) for name in KERNELS}
NAMES |= {f.__name__: f for f in (scale, shift, mix, asym, normalize, product, mirror)}


def curve(text):
    """The curve of a composition, whose shapes are called: `scale(sigmoid(alpha=2.0), 3.0)`."""
    return eval(text, dict(NAMES))


def slope(g, x):
    return g.slope(x)


def soft(g, xs):
    """The soft step at `xs`, inf for the area, by SciPy, over panels that end at every mark; NaN if it is not found."""
    finite = g.left > 1 and g.right > 1
    if np.isnan([g.left, g.right]).any():
        return np.full(len(xs), np.nan)
    if INF in xs and not finite:
        return np.full(len(xs), INF)
    xs, start = np.minimum(xs, FAR), -FAR if finite else 0.0
    ends = np.concatenate([[start, 0.0], xs, g.marks, *([p, *(p - LADDER), *(p + LADDER)] for p in g.places)])
    ends = np.unique(ends[(ends >= min(start, *xs)) & (ends <= max(start, *xs))])
    ends = ends[np.diff(ends, prepend=-INF) > 1e-14 * abs(ends)]  # SciPy gives NaN for a panel without an inside
    found = tanhsinh(g.slope, ends[:-1], ends[1:], rtol=1e-11, atol=1e-14)
    total = np.concatenate([[0.0], np.cumsum(found.integral)])
    known = 1.0 if found.error.sum() < 1e-9 * (1e-3 + np.ptp(total)) else np.nan
    return known * (np.interp(xs, ends, total) - np.interp(start, ends, total))


def extremes(g):
    """The least and the largest slope: a dense search, then ever closer to the five best; NaN if they are not found."""
    if np.isnan([g.left, g.right]).any():
        return [np.nan, np.nan]
    sides = [m + s * (1 + abs(m)) for m in g.marks for s in (-1e-9, 1e-9)]
    everywhere = np.unique(np.concatenate([sides, *([p, *(p - LOOKS), *(p + LOOKS)] for p in g.places)]))
    found = []
    for sign in (-1, 1):
        at, best, reach = everywhere, -INF, 0.02
        for _ in range(5):
            slopes = sign * g.slope(at)
            best = np.maximum(best, slopes.max())
            top = at[np.argsort(slopes)[-5:], None]
            at, reach = (top + reach * (1e-6 + abs(top)) * np.linspace(-1, 1, 401)).ravel(), reach / 50
        found.append(sign * best)
    return found


def composed(rng, depth, numbers, shared):
    """A composition as a text with gaps for its numbers."""

    def number(low=0.3, high=3.0, signs=(1,)):
        drawn = np.round(rng.choice(signs) * np.exp(rng.uniform(*np.log([low, high]), NEURONS)), 4)
        numbers.append(drawn if rng.random() < 0.25 else np.full(NEURONS, drawn[0]))  # one a neuron, or one for all
        return f"{{{len(numbers) - 1}}}"

    if depth == 0 or rng.random() < 0.2:
        takes = {name: inspect.signature(f).parameters for name, f in KERNELS.items()}
        names = [n for n in takes if SHARED in takes[n] or not shared]
        name = rng.choice(names)
        own = [p for p in takes[name] if p not in ("n", "closed", SHARED * shared) and rng.random() < 0.8]
        given = [f"{p}={number(*RANGES.get(p, (0.1, 3.0)))}" for p in own] + ["n=3"] * ("n" in takes[name])
        return f"{name}({', '.join(given + ['{call}'] * shared)})"
    often = ["scale", "shift", "mix", "normalize", "mirror", "asym"]
    kind = rng.choice([*often, *often, "product"])  # which is integrated numerically, and takes its time
    parts = {"mix": rng.integers(2, 4), "asym": 2, "product": 2}.get(kind, 1)
    given = [composed(rng, depth - 1, numbers, shared) for _ in range(parts)]
    more = rng.random() < 0.6
    if kind in ("scale", "product"):
        given += [number()] + [f"height={number(signs=SIGNS)}"] * (more and kind == "scale")
    if kind == "shift":
        given += [number(0.05, 3.0, (-1, 1))]
    if kind == "mix" and more:
        given += [f"weights=({', '.join(number(signs=(1, *SIGNS)) for _ in given)})"]
    if kind == "normalize":
        given += [f"{'area' if more else 'peak'}={number()}"]
    return f"{kind}({', '.join(given)})"


def each(template, numbers, f, *xs):
    """`f(curve, x)` of every neuron, along the last axis."""
    texts = [template.format(*map(float, v), call=f"{SHARED}={v[-1]}") for v in numbers.T]
    return np.stack([f(curve(text), *(x[:, j] for x in xs)) for j, text in enumerate(texts)], -1)


def difference(template, numbers, xs, f, h, by_numbers, by_xs=0.0):
    """The derivative of `f(curve, x)` as all numbers and x grow by shares of themselves, or of 1 where they are 0."""
    moves = by_numbers[:, None] * unit(numbers)
    ends = [each(template, numbers + s * moves, f, xs * (1 + s * by_xs)) for s in (h, -h)]
    return (ends[0] - ends[1]) / (2 * h)


def sensitivity(template, numbers, xs):
    """By how much a slope moves, relative to what x or any number is moved by."""
    *alone, of_x = np.eye(len(numbers) + 1)[:, :-1]
    shares = [(row, 0.0) for row in alone] + [(of_x, 1.0)]
    return abs(each(template, numbers, slope, xs)) + sum(
        abs(difference(template, numbers, xs, slope, 1e-7, *share)) for share in shares
    )


def unit(numbers):
    """By what a number grows."""
    return np.where(numbers == 0, 1.0, numbers)


def size(v):
    """The absolute value; 0 for what is infinite, which is equal or is not."""
    return np.where(np.isinf(v), 0.0, abs(v))


def potentials(rng, g, digits):
    """Near to and far from what a curve is around, in numbers of so many binary digits, and away from its marks."""
    x = rng.choice([0.0, *g.places], 400) + rng.choice([-1, 1], 400) * 10 ** rng.uniform(-1.5, 1.0, 400)
    shares, octaves = np.frexp(np.round(x * 4096) / 4096)
    x, marks = np.ldexp(np.round(shares * 2.0**digits), octaves - digits), np.array([0.0, *g.marks])
    x = x[(abs(x) < 30) & (abs(x[:, None] - marks) > 2e-3 * (1 + abs(marks))).all(1)]
    return np.resize(x, ROWS)
