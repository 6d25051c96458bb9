"""Zenke & Vogels 2021: the shape hardly matters, the scale does once the gradient passes reset or recurrence.

Neural Computation 33(4):899-925, doi:10.1162/neco_a_01367. As there, the logistic is s (1 - s), without the factor
beta, and Esser's triangle has height 1: no peak grows with beta. The asymptotic form is beta / (beta |x| + 1)^2.
"""

import functools
import itertools

import numpy as np

from surrofun import make_spike, scale, shapes
from surrofun.cli import demo

from .training import best, recurrent, row, sweep

SHAPES = {
    "superspike": lambda beta: shapes.superspike(beta=beta),
    "sigmoid'": lambda beta: scale(shapes.sigmoid(alpha=beta), height=1 / beta),
    "Esser": lambda beta: scale(shapes.triangle(alpha=beta), height=1 / beta),
}
BETAS, RATES = (0.1, 1.0, 10.0, 100.0), (0.003, 0.01, 0.03, 0.1)
FEWER_BETAS = (1.0, 3.0, 10.0, 100.0)
LAYERS = {"feed-forward": (None, 0.01), "recurrent": (recurrent, 0.003)}  # the start, and the better of two rates


def network(shape, setting, detached=True):
    spike = make_spike(scale(SHAPES[shape](setting["beta"]), height=setting["height"]))
    return functools.partial(demo.forward, spike=spike, detached=detached)


def shape(size, quick):
    """Any shape will do: accuracy over beta and learning rate, and how much of that grid is near the best."""
    cells = [(10.0, 0.03)] if quick else itertools.product(BETAS, RATES)
    settings = [{"beta": beta, "rate": rate, "height": 1.0} for beta, rate in cells]
    swept = {name: sweep(functools.partial(network, name), settings, size) for name in [*SHAPES][: 2 if quick else 3]}
    for name, results in swept.items():
        for at, result in zip(settings, results, strict=True):
            yield row("shape", result["accuracy"], shape=name, beta=at["beta"], rate=at["rate"])
        yield row("best of each shape", best(results)["accuracy"], shape=name)
    top = max(best(results)["accuracy"].mean() for results in swept.values())
    for name, results in swept.items():
        near = np.mean([result["accuracy"] > top - 0.05 for result in results], axis=0)
        yield row("plateau", near, measure="share of cells within 0.05 of the best", shape=name)


def scaled(size, quick):
    """The scale matters where the gradient passes the reset or recurrent weights."""
    betas = (10.0,) if quick else FEWER_BETAS
    kinds = [("superspike", beta, 1.0) for beta in betas] + [("asymptotic", beta, beta) for beta in betas]
    for layer, (start, rate) in LAYERS.items():
        settings = [{"beta": beta, "rate": rate, "height": height} for _, beta, height in kinds]
        for detached in (False,) if quick else (True, False):
            part = functools.partial(network, "superspike", detached=detached)
            results = sweep(part, settings, size, start=start)
            reset = "detached" if detached else "differentiated"
            for (form, beta, _), result in zip(kinds, results, strict=True):
                where = {"layer": layer, "reset": reset, "form": form, "beta": beta, "rate": rate}
                yield row("scale", result["accuracy"], **where)
