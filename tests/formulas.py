"""What the catalogue has to be: every shape as a NumPy formula, its soft step in mpmath, area, peak and parameters.

Nothing here comes from surrofun. `area` and `peak` are texts, to be evaluated with the parameters and to be found in
the docstring word for word; `at` is where the peak is. `settings` holds the default and four more. `terms`, of a shape
that changes sign, is the sum of the absolute values of what it adds up. `SOFT` has the soft step of every shape as a
list of terms, with S(-inf) = 0 where the area is finite and S(0) = 0 elsewhere.
"""

import inspect
from types import SimpleNamespace

import numpy as np
from mpmath import mp
from needs import EXHAUSTIVE
from scipy.special import gamma


def bell(x, mu, sigma):
    return np.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))


def three_bells(x, h, s, sigma, mu=0.0):
    return (1 + h) * bell(x, mu, sigma) - h * (bell(x, sigma, s * sigma) + bell(x, -sigma, s * sigma))


def logistic(x, alpha):
    return alpha * np.exp(-alpha * abs(x)) / (1 + np.exp(-alpha * abs(x))) ** 2


def repeated(x, period):
    """The distance from the nearest of 0, period, 2 period, ...; `remainder` is exact."""
    above = np.remainder(x, period)
    return np.where(x < 0, -x, np.minimum(above, period - above))


def waves(x, n, period):
    angle = 2 * np.pi / period * np.remainder(x, period)
    return 4 / period * sum(np.cos(k * angle) for k in range(1, 2 * n, 2))


def kernel(n):
    """The height of (1 - u^2)^n of unit area, by the Gamma function."""
    return gamma(n + 1.5) / (np.sqrt(np.pi) * gamma(n + 1))


def shares(x, width, n):
    """The slope for n = 2, where the share is a square, and for n = 3, by Cardano's formula."""
    t = np.maximum(0, width - abs(x)) / width
    u = 1 - t
    if n == 2:
        return t * (2 - t) / np.sqrt(2 - u * u) / width
    w = np.cbrt(2 + np.sqrt(4 + u**6))
    rough = w - u * u / w - u  # 2 a, with a^3 + b^3 = 1 and b - a = u; next to the edge its digits cancel
    a = 2 * t * (3 - 3 * t + t * t) / (6 * u * u + 3 * u * rough + rough**2)
    b = a + u
    return 3 * (a * b) ** 2 / (a * a + b * b) / width


def facts(slope, area, peak, *settings, at=0.0, terms=None):
    """Facts of a slope; a setting is the value of its parameter, or a tuple of all of them in their order."""
    _, *names = inspect.signature(slope).parameters
    tuples = [values if isinstance(values, tuple) else (values,) for values in settings]
    parameters = tuple(dict(zip(names, values, strict=True)) for values in tuples)
    return SimpleNamespace(slope=slope, area=area, peak=peak, at=at, settings=parameters, terms=terms)


FACTS = {
    "straight_through": facts(lambda x: np.ones_like(x), "infinite", "1", ()),
    "rectangle": facts(
        lambda x, width, closed: np.where((abs(x) < width / 2) | closed & (abs(x) == width / 2), 1 / width, 0),
        "1", "1 / width", (1.0, False), (0.7, False), (3.0, True), (1000.0, False), (0.37, False)),
    "triangle": facts(
        lambda x, alpha: alpha * np.maximum(0, 1 - alpha * abs(x)), "1", "alpha", 1.0, 1.7, 0.3, 25.0, 1e-3),
    "cosine": facts(
        lambda x, width: np.cos(np.pi / 2 * np.minimum(1, abs(x) / width)) ** 2 * (abs(x) < width),
        "width", "1", 1.0, 0.7, 3.0, 1000.0, 0.37),
    "leaky_rectangle": facts(
        lambda x, width, leak: np.where(abs(x) < width / 2, 1 / width, leak),
        "infinite", "max(1 / width, leak)", (2.0, 0.01), (0.7, 0.03), (3.0, 0.0), (3.0, 1.0), (100.0, 0.3)),
    "epanechnikov": facts(
        lambda x, width, n: kernel(n) / width * np.maximum(0, 1 - (x / width) ** 2) ** n,
        "1", "factorial(2 * n + 1) / (2**(2 * n + 1) * factorial(n)**2) / width",
        (1.0, 1), (0.7, 2), (3.0, 1), (100.0, 3), (0.037, 2), (3.0, 20)),
    "p_norm": facts(shares, "1", "n * 2**(1 / n - 2) / width", (1.0, 2), (0.7, 3), (3.0, 2), (100.0, 3), (0.037, 2)),
    "half_sech": facts(
        lambda x, alpha: np.where(x > 0, 2 / (np.exp(alpha * abs(x)) + np.exp(-alpha * abs(x))), 0),
        "pi / (2 * alpha)", "1", 0.08, 1.7, 25.0, 0.3, 1e-3),
    "laplace": facts(
        lambda x, alpha: alpha / 2 * np.exp(-alpha * abs(x)), "1", "alpha / 2", 1.0, 1.7, 0.3, 25.0, 1e-3),
    "sigmoid": facts(logistic, "1", "alpha / 4", 4.0, 1.7, 25.0, 0.3, 1e3),
    "gaussian": facts(
        lambda x, sigma: bell(x, 0, sigma), "1", "1 / (sigma * sqrt(2 * pi))", 0.5, 0.3, 1.7, 0.01, 71.0),
    "multi_gaussian": facts(
        lambda x, h, s, sigma: three_bells(x, h, s, sigma),
        "1 - h", "(1 + h - 2 * h / s * exp(-1 / (2 * s**2))) / (sigma * sqrt(2 * pi))",
        (0.15, 6.0, 0.5), (0.3, 3.1, 0.4), (0.1, 2.0, 1.7), (0.5, 11.0, 30.0), (0.9, 1.3, 0.07),
        terms=lambda x, h, s, sigma: 2 * (1 + h) * bell(x, 0, sigma) - three_bells(x, h, s, sigma)),
    "exp_saturating": facts(
        lambda x, tau: np.exp(np.minimum(x, 0) / tau), "infinite", "1", 1.0, 0.3, 1.7, 0.01, 30.0),
    "escape_exponential": facts(
        lambda x, p0, delta: p0 / delta * np.exp(x / delta),
        "infinite", "infinite", (0.01, 0.133), (0.3, 0.7), (0.03, 1.7), (1.0, 0.01), (5.0, 13.0)),
    "periodic_laplace": facts(
        lambda x, alpha, period: np.exp(-alpha * repeated(x, period)),
        "infinite", "1", (2.0, 1.0), (1.7, 0.3), (0.3, 1.7), (25.0, 0.7), (0.01, 3.0)),
    "squarewave_fourier": facts(
        waves, "undefined", "4 * n / period", (2, 8.0), (4, 5.0), (1, 0.3), (7, 1.7), (11, 100.0),
        terms=lambda x, n, period: 4 * n / period),
    "superspike": facts(
        lambda x, beta: (1 + beta * abs(x)) ** -2.0, "2 / beta", "1", 10.0, 1.7, 100.0, 0.01, 25.0),
    "power_law": facts(
        lambda x, alpha, q: (1 + alpha * abs(x)) ** -q,
        "2 / (alpha * (q - 1))", "1", (1.0, 2.0), (1.7, 0.5), (0.3, 20.0), (3.0, 1.0), (0.7, 1.3)),
    "q_pseudo_spike": facts(
        lambda x, q: (1 + 2 * abs(x) / (q - 1)) ** -q, "1", "1", 2.0, 1.3, 20.0, 50.0, 300.0),
    "reciprocal": facts(
        lambda x, alpha: 1 / (1 / alpha + abs(x)), "infinite", "alpha", 1.0, 1.7, 0.3, 100.0, 1e-3),
    "clipped_reciprocal": facts(
        lambda x, alpha: 1 / np.maximum(1 / alpha, abs(x)), "infinite", "alpha", 0.3, 1.7, 7.0, 100.0, 1e-3),
    "atan": facts(
        lambda x, alpha: 2 * alpha / (4 + (np.pi * alpha * x) ** 2), "1", "alpha / 2", 2.0, 1.7, 0.3, 100.0, 1e-3),
    "circ": facts(lambda x, alpha: (alpha / np.hypot(alpha, x)) ** 3, "2 * alpha", "1", 1.0, 0.3, 1.7, 100.0, 1e-3),
    "leaky_step": facts(
        lambda x, leak, slope: np.where(x < 0, leak, slope),
        "infinite", "max(leak, slope)", (0.1, 1.0), (0.03, 1.7), (0.0, 0.3), (2.0, 0.3), (0.5, 0.0)),
    "log_tailed_step": facts(
        lambda x, leak: np.where(x > 0, 1 / np.maximum(1, x), leak),
        "infinite", "max(1, leak)", 0.0, 0.3, 0.03, 1.0, 3.0, at=0.5),
    "s2nn": facts(
        lambda x, alpha, beta: np.where(x < 0, logistic(x, alpha), beta / (1 + np.maximum(0, x))),
        "infinite", "max(alpha / 4, beta)", (4.0, 1.0), (1.7, 0.6), (25.0, 6.25), (1.7, 3.0), (10.0, 0.3)),
}  # fmt: skip


def below(tail, area=lambda **_: 1):
    """A soft step of finite area: `tail(|x|)` below the threshold, the rest of the area above."""
    return lambda x, **p: [tail(-x, **p) if x < 0 else area(**p) - tail(x, **p)]


def odd(half):
    """A soft step with S(-x) = -S(x)."""
    return lambda x, **p: [half(abs(x), **p) * mp.sign(x)]


def triangle_tail(d, alpha):
    return max(mp.zero, 1 - alpha * d) ** 2 / 2


def cosine_tail(d, width):
    t = max(mp.zero, 1 - d / width)
    return width / 2 * (t - mp.sin(mp.pi * t) / mp.pi)


def epanechnikov_tail(d, width, n):
    def half(u):  # the integral of (1 - u^2)^n from 0 on, term by term
        return mp.fsum(mp.binomial(n, k) * (-1) ** k * u ** (2 * k + 1) / (2 * k + 1) for k in range(n + 1))

    return (half(mp.one) - half(min(d / width, mp.one))) / (2 * half(mp.one))


def p_norm_tail(d, width, n):
    u = min(d / width, mp.one)
    if n == 2:
        return ((mp.sqrt(2 - u * u) - u) / 2) ** 2
    w = mp.cbrt(2 + mp.sqrt(4 + u**6))
    return ((w - u * u / w - u) / 2) ** 3


def leaky_flat(x, width, leak):
    beyond = max(mp.zero, abs(x) - width / 2) * mp.sign(x)
    return [min(max(x / width, -mp.one / 2), mp.one / 2) + (0 if leak else mp.one / 2), leak * beyond]


def multi_gaussian_soft(x, h, s, sigma):
    sides = [-h * mp.ncdf((x + shift) / (s * sigma)) for shift in (-sigma, sigma)]
    return [(1 + h) * mp.ncdf(x / sigma), *sides]


def repeated_soft(x, alpha, period):
    n = max(0, mp.nint(x / period))
    r = x - n * period
    part = mp.sign(r) * (1 - mp.exp(-alpha * abs(r))) / alpha
    return [part, 2 * n / alpha, -2 * n * mp.exp(-alpha * period / 2) / alpha]


def waves_soft(x, n, period):
    return [2 / mp.pi * mp.sin(2 * mp.pi * k * x / period) / k for k in range(1, 2 * n, 2)]


def power_law_soft(x, alpha, q):
    b = 1 + alpha * abs(x)
    if q > 1:
        tail, area = b ** (1 - q) / (alpha * (q - 1)), 2 / (alpha * (q - 1))
        return [tail if x < 0 else area - tail]
    return [mp.sign(x) * (mp.log(b) if q == 1 else (b ** (1 - q) - 1) / (1 - q)) / alpha]


SOFT = {
    "straight_through": lambda x: [x],
    "rectangle": lambda x, width, closed: [min(max(x / width + mp.one / 2, mp.zero), mp.one)],
    "triangle": below(triangle_tail),
    "cosine": below(cosine_tail, lambda width: width),
    "epanechnikov": below(epanechnikov_tail),
    "p_norm": below(p_norm_tail),
    "leaky_rectangle": leaky_flat,
    "laplace": below(lambda d, alpha: mp.exp(-alpha * d) / 2),
    "sigmoid": below(lambda d, alpha: 1 / (1 + mp.exp(alpha * d))),
    "gaussian": lambda x, sigma: [mp.ncdf(x / sigma)],
    "multi_gaussian": multi_gaussian_soft,
    "half_sech": lambda x, alpha: [2 * mp.atan(mp.tanh(alpha * max(x, mp.zero) / 2)) / alpha],
    "exp_saturating": lambda x, tau: [tau * mp.expm1(x / tau) if x < 0 else x],
    "escape_exponential": lambda x, p0, delta: [p0 * mp.expm1(x / delta)],
    "periodic_laplace": repeated_soft,
    "squarewave_fourier": waves_soft,
    "superspike": below(lambda d, beta: 1 / (beta * (1 + beta * d)), lambda beta: 2 / beta),
    "power_law": power_law_soft,
    "q_pseudo_spike": below(lambda d, q: (1 + 2 * d / (q - 1)) ** (1 - q) / 2),
    "reciprocal": odd(lambda d, alpha: mp.log1p(alpha * d)),
    "clipped_reciprocal": odd(lambda d, alpha: alpha * d if alpha * d < 1 else 1 + mp.log(alpha * d)),
    "atan": below(lambda d, alpha: mp.atan2(1, mp.pi / 2 * alpha * d) / mp.pi),
    "circ": below(lambda d, alpha: alpha * (1 - d / mp.hypot(alpha, d)), lambda alpha: 2 * alpha),
    "leaky_step": lambda x, leak, slope: [x * (leak if x < 0 else slope)],
    "log_tailed_step": lambda x, leak: [leak * x if x <= 0 else min(x, mp.one) + mp.log(max(x, mp.one))],
    "s2nn": lambda x, alpha, beta: [mp.tanh(alpha * x / 2) / 2 if x < 0 else beta * mp.log1p(x)],
}


def mp_parts(name, x, digits=50, **parameters):
    """The terms of the soft step of a shape at x."""
    with mp.workdps(digits):
        return SOFT[name](mp.mpf(x), **{k: v if isinstance(v, int) else mp.mpf(v) for k, v in parameters.items()})


def mp_gradient(name, x, key, **parameters):
    """The derivative of every term of the soft step by the parameter `key`, from two points."""
    with mp.workdps(90):
        value = mp.mpf(parameters[key])
        step = mp.mpf(10) ** -18 * (value or 1)
        # Where the area turns infinite, from the side on which it is infinite.
        side = 1 if (key, value) == ("leak", 0) else -1 if (name, key, value) == ("power_law", "q", 1) else 0
        ends = (value + (2 * side - 1) * step / 2, value + (2 * side + 1) * step / 2)
        terms = [mp_parts(name, x, 90 if side else 50, **{**parameters, key: end}) for end in ends]
        return [(above - below) / step for below, above in zip(*terms, strict=True)]


def settings_of(name):
    """All settings of a shape, as in CI; or the first two and those with which its formula is another."""
    special = [p for p in FACTS[name].settings[2:] if 0.0 in p.values() or p.get("q", 2.0) <= 1]
    return FACTS[name].settings if EXHAUSTIVE else (*FACTS[name].settings[:2], *special)


def cases():
    return [(name, parameters) for name in FACTS for parameters in settings_of(name)]


def case_name(value):
    return value if isinstance(value, str) else "-".join(f"{k}={v}" for k, v in value.items()) or "-"
