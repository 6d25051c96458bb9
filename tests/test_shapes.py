"""The catalogue against formulas of its own: value, area, peak, edges, and what the docstrings say of them."""

import functools
import inspect
import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from formulas import FACTS, case_name, cases
from scipy.integrate import quad

from surrofun import shapes

pytestmark = pytest.mark.usefixtures("x64")

CATALOGUE = {name: g for name, g in vars(shapes).items() if callable(g)}
CASES = pytest.mark.parametrize(("name", "parameters"), cases(), ids=case_name)
X = np.concatenate([[-1e4, -99.3, -20.2], np.linspace(-8, 8, 1999), [20.2, 99.3, 1e4]])
NUMBERS = {"sqrt": np.sqrt, "exp": np.exp, "pi": np.pi, "infinite": np.inf}


def test_table_and_catalogue_are_the_same():
    assert set(CATALOGUE) == set(FACTS)


@CASES
def test_value(name, parameters):
    with np.errstate(all="ignore"):
        want = FACTS[name].slope(X, **parameters)
    got = np.asarray(CATALOGUE[name](jnp.asarray(X), **parameters))
    at_edge = np.isin(np.abs(X), [v / 2 for v in parameters.values()])
    np.testing.assert_allclose(got[~at_edge], want[~at_edge], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", FACTS)
def test_first_setting_is_the_default(name):
    parameters = list(inspect.signature(CATALOGUE[name]).parameters.values())[1:]
    assert {p.name: p.default for p in parameters} == FACTS[name].settings[0]
    assert all(type(p.default) is type(FACTS[name].settings[0][p.name]) for p in parameters)


def stated(text, parameters):
    return float(eval(text, dict(NUMBERS), parameters))


@CASES
def test_area(name, parameters):
    g = jax.jit(functools.partial(CATALOGUE[name], **parameters))
    if FACTS[name].area == "undefined":
        return
    area = stated(FACTS[name].area, parameters)
    if area == np.inf or area < 0:  # a power law of an exponent below 1 has the negative one
        assert max(g(jnp.asarray([1e8, -1e8]))) > 1e-9 or parameters["leak"] == 0
        return
    edges = sorted({0.0, 50.0, *(f for v in parameters.values() for f in (v / 2, v, 1 / v))})
    pieces = [*itertools.pairwise(edges), (edges[-1], np.inf)]
    one_side = sum(quad(lambda t: float(g(t)), *piece, epsabs=1e-13)[0] for piece in pieces)
    assert 2 * one_side == pytest.approx(area, rel=1e-8)


@CASES
def test_peak(name, parameters):
    slope = np.asarray(CATALOGUE[name](jnp.asarray(X), **parameters))
    peak = stated(FACTS[name].peak, parameters)
    if FACTS[name].peak == "infinite":
        assert (slope[1:] >= slope[:-1]).all()
        assert slope[-1] > 1e20
        return
    at = FACTS[name].at if name != "leaky_rectangle" or parameters["leak"] < peak else 9.0
    around = CATALOGUE[name](jnp.asarray([at - 1e-9, at, at + 1e-9]), **parameters)
    assert np.max(around) == pytest.approx(peak, rel=1e-7)
    assert np.max(slope) <= peak * (1 + 1e-12)


def up(x):
    return np.nextafter(x, np.inf)


def down(x):
    return np.nextafter(x, -np.inf)


EDGES = [  # at the very ends of an interval and right beside them
    ("rectangle", {}, [(-0.5, 0), (0.5, 0), (up(-0.5), 1), (down(0.5), 1), (9.0, 0)]),
    ("rectangle", {"width": 3.0}, [(-1.5, 0), (1.5, 0), (up(-1.5), 1 / 3), (down(1.5), 1 / 3)]),
    ("triangle", {}, [(-1.0, 0), (1.0, 0), (up(-1.0), 2.0**-53), (down(1.0), 2.0**-53), (-9.0, 0), (9.0, 0)]),
    ("triangle", {"alpha": 2.0}, [(-0.5, 0), (0.5, 0), (up(-0.5), 2.0**-52), (down(0.5), 2.0**-52)]),
    ("cosine", {}, [(-1.0, 0), (1.0, 0), (-9.0, 0), (9.0, 0), (down(1.0), (np.pi * 2.0**-54) ** 2)]),
    ("cosine", {"width": 3.0}, [(-3.0, 0), (3.0, 0), (2.0, 0.25)]),
    ("leaky_rectangle", {}, [(-1.0, 0.01), (1.0, 0.01), (up(-1.0), 0.5), (down(1.0), 0.5), (-9.0, 0.01), (9.0, 0.01)]),
    ("leaky_step", {}, [(0.0, 1), (-0.0, 1), (-1e-300, 0.1), (1e-300, 1), (-9.0, 0.1), (9.0, 1)]),
    (
        "log_tailed_step",
        {"leak": 0.2},
        [(0.0, 0.2), (-0.0, 0.2), (1e-300, 1), (1.0, 1), (up(1.0), down(1.0)), (4.0, 0.25)],
    ),
    ("s2nn", {"alpha": 2.0}, [(0.0, 1), (-0.0, 1), (-1e-300, 0.5), (1.0, 0.5)]),
    ("exp_saturating", {}, [(0.0, 1), (9.0, 1), (-1.0, np.exp(-1))]),
    ("clipped_reciprocal", {"alpha": 0.5}, [(0.0, 0.5), (-0.0, 0.5), (2.0, 0.5), (-2.0, 0.5), (4.0, 0.25)]),
    (
        "periodic_laplace",
        {},
        [(0.0, 1), (1.0, 1), (7.0, 1), (0.5, np.exp(-1)), (-1.0, np.exp(-2)), (2.25, np.exp(-0.5))],
    ),
]


@pytest.mark.parametrize(("name", "parameters", "points"), EDGES)
def test_edges(name, parameters, points):
    x, want = np.transpose(points)
    np.testing.assert_allclose(CATALOGUE[name](jnp.asarray(x), **parameters), want, rtol=1e-15)


ONE_SIDED = "exp_saturating escape_exponential periodic_laplace leaky_step log_tailed_step s2nn"


@pytest.mark.parametrize("name", sorted(set(FACTS) - set(ONE_SIDED.split())))
def test_both_sides_are_alike(name):
    np.testing.assert_array_equal(CATALOGUE[name](jnp.asarray(X)), CATALOGUE[name](jnp.asarray(-X)))


@pytest.mark.parametrize("name", FACTS)
def test_docstring_says_so(name):
    text = re.sub(r"\s+", " ", CATALOGUE[name].__doc__)
    assert re.search(rf"Area {re.escape(FACTS[name].area)}[ .,;(]", text)
    where = "at 0|everywhere|on " if FACTS[name].peak != "infinite" else ": it grows"
    assert re.search(rf"Peak {re.escape(FACTS[name].peak)} ?({where})", text)
    for field in ("Support: ", "Default: ", "Elsewhere: ", "Source: ", ">>> "):
        assert text.count(field) >= 1, field
    assert all(parameter in text for parameter in FACTS[name].settings[0])
    assert ":" in CATALOGUE[name].__doc__.splitlines()[0]  # the formula
