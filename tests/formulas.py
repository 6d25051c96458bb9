"""What the catalogue has to be: every shape as a NumPy formula, its area, its peak and its parameters.

Nothing here comes from surrofun. `area` and `peak` are texts, to be evaluated with the parameters and to be found in
the docstring word for word; `at` is where the peak is. `settings` holds the default and two more. `terms`, of a shape
that changes sign, is the sum of the absolute values of what it adds up.
"""

from types import SimpleNamespace

import numpy as np


def bell(x, mu, sigma):
    return np.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))


def logistic(x, alpha):
    return alpha * np.exp(-alpha * abs(x)) / (1 + np.exp(-alpha * abs(x))) ** 2


def repeated(x, period):
    """The distance from the nearest of 0, period, 2 period, ...; `remainder` is exact."""
    above = np.remainder(x, period)
    return np.where(x < 0, -x, np.minimum(above, period - above))


def waves(x, n, period):
    angle = 2 * np.pi / period * np.remainder(x, period)
    return 4 / period * sum(np.cos(k * angle) for k in range(1, 2 * n, 2))


def facts(slope, area, peak, *settings, at=0.0, terms=None):
    return SimpleNamespace(slope=slope, area=area, peak=peak, at=at, settings=settings, terms=terms)


FACTS = {
    "straight_through": facts(lambda x: np.ones_like(x), "infinite", "1", {}),
    "rectangle": facts(
        lambda x, width: np.where(abs(x) < width / 2, 1 / width, 0),
        *("1", "1 / width", {"width": 1.0}, {"width": 0.7}, {"width": 3.0}),
    ),
    "triangle": facts(
        lambda x, alpha: alpha * np.maximum(0, 1 - alpha * abs(x)),
        *("1", "alpha", {"alpha": 1.0}, {"alpha": 1.7}, {"alpha": 0.3}),
    ),
    "cosine": facts(
        lambda x, width: np.cos(np.pi / 2 * np.minimum(1, abs(x) / width)) ** 2 * (abs(x) < width),
        *("width", "1", {"width": 1.0}, {"width": 0.7}, {"width": 3.0}),
    ),
    "leaky_rectangle": facts(
        lambda x, width, leak: np.where(abs(x) < width / 2, 1 / width, leak),
        *("infinite", "max(1 / width, leak)", {"width": 2.0, "leak": 0.01}),
        *({"width": 0.7, "leak": 0.03}, {"width": 3.0, "leak": 0.0}),
    ),
    "laplace": facts(
        lambda x, alpha: alpha / 2 * np.exp(-alpha * abs(x)),
        *("1", "alpha / 2", {"alpha": 1.0}, {"alpha": 1.7}, {"alpha": 0.3}),
    ),
    "sigmoid": facts(logistic, "1", "alpha / 4", {"alpha": 4.0}, {"alpha": 1.7}, {"alpha": 25.0}),
    "gaussian": facts(
        lambda x, sigma: bell(x, 0, sigma),
        *("1", "1 / (sigma * sqrt(2 * pi))", {"sigma": 0.5}, {"sigma": 0.3}, {"sigma": 1.7}),
    ),
    "multi_gaussian": facts(
        lambda x, h, s, sigma: (
            (1 + h) * bell(x, 0, sigma) - h * (bell(x, sigma, s * sigma) + bell(x, -sigma, s * sigma))
        ),
        *("1 - h", "(1 + h - 2 * h / s * exp(-1 / (2 * s**2))) / (sigma * sqrt(2 * pi))"),
        *({"h": 0.15, "s": 6.0, "sigma": 0.5}, {"h": 0.3, "s": 3.1, "sigma": 0.4}, {"h": 0.1, "s": 2.0, "sigma": 1.7}),
        terms=lambda x, h, s, sigma: (
            (1 + h) * bell(x, 0, sigma) + h * (bell(x, sigma, s * sigma) + bell(x, -sigma, s * sigma))
        ),
    ),
    "exp_saturating": facts(
        lambda x, tau: np.exp(np.minimum(x, 0) / tau),
        *("infinite", "1", {"tau": 1.0}, {"tau": 0.3}, {"tau": 1.7}),
    ),
    "escape_exponential": facts(
        lambda x, p0, delta: p0 / delta * np.exp(x / delta),
        *("infinite", "infinite", {"p0": 0.01, "delta": 0.133}, {"p0": 0.3, "delta": 0.7}, {"p0": 0.03, "delta": 1.7}),
    ),
    "periodic_laplace": facts(
        lambda x, alpha, period: np.exp(-alpha * repeated(x, period)),
        *("infinite", "1", {"alpha": 2.0, "period": 1.0}, {"alpha": 1.7, "period": 0.3}, {"alpha": 0.3, "period": 1.7}),
    ),
    "squarewave_fourier": facts(
        waves,
        *("undefined", "4 * n / period"),
        *({"n": 2, "period": 8.0}, {"n": 4, "period": 5.0}, {"n": 1, "period": 0.3}),
        terms=lambda x, n, period: 4 * n / period,
    ),
    "superspike": facts(
        lambda x, beta: (1 + beta * abs(x)) ** -2.0,
        *("2 / beta", "1", {"beta": 10.0}, {"beta": 1.7}, {"beta": 100.0}),
    ),
    "power_law": facts(
        lambda x, alpha, q: (1 + alpha * abs(x)) ** -q,
        *("2 / (alpha * (q - 1))", "1"),
        *({"alpha": 1.0, "q": 2.0}, {"alpha": 1.7, "q": 0.5}, {"alpha": 0.3, "q": 20.0}),
    ),
    "q_pseudo_spike": facts(
        lambda x, q: (1 + 2 * abs(x) / (q - 1)) ** -q,
        *("1", "1", {"q": 2.0}, {"q": 1.3}, {"q": 20.0}),
    ),
    "reciprocal": facts(
        lambda x, alpha: 1 / (1 / alpha + abs(x)),
        *("infinite", "alpha", {"alpha": 1.0}, {"alpha": 1.7}, {"alpha": 0.3}),
    ),
    "clipped_reciprocal": facts(
        lambda x, alpha: 1 / np.maximum(1 / alpha, abs(x)),
        *("infinite", "alpha", {"alpha": 0.3}, {"alpha": 1.7}, {"alpha": 7.0}),
    ),
    "atan": facts(
        lambda x, alpha: 2 * alpha / (4 + (np.pi * alpha * x) ** 2),
        *("1", "alpha / 2", {"alpha": 2.0}, {"alpha": 1.7}, {"alpha": 0.3}),
    ),
    "circ": facts(
        lambda x, alpha: (alpha / np.hypot(alpha, x)) ** 3,
        *("2 * alpha", "1", {"alpha": 1.0}, {"alpha": 0.3}, {"alpha": 1.7}),
    ),
    "leaky_step": facts(
        lambda x, leak, slope: np.where(x < 0, leak, slope),
        *("infinite", "max(leak, slope)", {"leak": 0.1, "slope": 1.0}),
        *({"leak": 0.03, "slope": 1.7}, {"leak": 0.0, "slope": 0.3}),
    ),
    "log_tailed_step": facts(
        lambda x, leak: np.where(x > 0, 1 / np.maximum(1, x), leak),
        *("infinite", "1", {"leak": 0.0}, {"leak": 0.3}, {"leak": 0.03}),
        at=0.5,
    ),
    "s2nn": facts(
        lambda x, alpha, beta: np.where(x < 0, logistic(x, alpha), beta / (1 + np.maximum(0, x))),
        *("infinite", "max(alpha / 4, beta)", {"alpha": 4.0, "beta": 1.0}),
        *({"alpha": 1.7, "beta": 0.6}, {"alpha": 25.0, "beta": 6.25}),
    ),
}


def cases():
    """Every shape with each of its settings."""
    return [(name, parameters) for name, fact in FACTS.items() for parameters in fact.settings]


def case_name(value):
    return value if isinstance(value, str) else "-".join(f"{k}={v}" for k, v in value.items()) or "-"
