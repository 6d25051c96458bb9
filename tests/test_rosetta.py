"""Every row of the Rosetta table against its formula, and against the library itself where that is installed."""

import contextlib
import importlib
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import EXHAUSTIVE, needs, sample
from rosetta import FORMULA_NAMES, ROWS

import surrofun
from surrofun import describe, heaviside, parse, shapes

pytestmark = pytest.mark.usefixtures("x64")

SURROFUN_NAMES = {**vars(shapes), **vars(surrofun), "pi": np.pi, "sqrt": np.sqrt}
_RNG = np.random.default_rng(7)
X = np.concatenate([_RNG.uniform(-6, 6, 4000), [s * v for s in (-1, 1) for v in (1e-9, 20.1, 40.2, 300.3, 1e4)]])
IMPORTS = {  # where the calls of the table find their names
    "braintools": "braintools.surrogate",
    "spyx": "spyx.axn",
    "snntorch": "snntorch.surrogate",
    "spikingjelly": "spikingjelly.activation_based.surrogate",
    "norse": "norse.torch.functional.threshold",
    "sinabs": "sinabs.activation",
    "sparx": "sparx.surrogate",
    "jaxpike": "jaxpike.surrogate",
    "softjax": "softjax",
    "ngc-learn": "ngclearn.utils.surrogate_fx",
}
TORCH = ("snntorch", "spikingjelly", "norse", "sinabs")
# In part at least, whatever the potential is; that of softjax is a root, steep at the edges: 2.5e-9 on jax 0.12.
SOFTJAX = "softjax sigmoidal(x, softness, '_c2_pnorm')"
SINGLE_PRECISION = ("snntorch", "sinabs", "norse heavi_erfc_fn", "ngc-learn secant", SOFTJAX)


def settings():
    """Of each row all parameters, or the last; of rows with one expression all, or the first."""
    rows = ROWS if EXHAUSTIVE else {row[3]: row for row in ROWS[::-1]}.values()
    for row in rows:
        values = list(zip(*row[2].values(), strict=True)) or [()]
        for value in values if EXHAUSTIVE else values[-1:]:
            parameters = dict(zip(row[2], value, strict=True))
            name = f"{row[0]} {row[1]}" + "".join(f" {k}={v}" for k, v in parameters.items())
            yield pytest.param(row, parameters, id=name)


SETTINGS = list(settings())


def shape_of(row, parameters):
    return eval(row[3], SURROFUN_NAMES, parameters)


def expected(row, parameters, x):
    with np.errstate(under="ignore"):
        return eval(row[4], FORMULA_NAMES, {**parameters, "x": x}) * np.ones_like(x)


def relative_error(got, want):
    return np.max(np.abs(np.asarray(got, np.float64) - want) / np.maximum(1, np.abs(want)))


def in_range(row, x):
    """The slope of the exponential hazard is beyond float64 from about x = 94 on."""
    return x[x < 6.0] if "escape" in row[3] else x


@sample
@pytest.mark.parametrize(("row", "parameters"), SETTINGS)
def test_expression_is_the_formula_and_the_text_of_the_shape(row, parameters):
    x, g = in_range(row, X), shape_of(row, parameters)
    assert relative_error(g(jnp.asarray(x)), expected(row, parameters, x)) <= 1e-9
    assert describe(g) == g.__name__
    assert parse(describe(g)) is g


def torch_slope(module, row, parameters):
    torch = importlib.import_module("torch")
    x = torch.tensor(in_range(row, X), requires_grad=True)
    values = {k: torch.tensor(v, dtype=x.dtype) if row[0] == "norse" else v for k, v in parameters.items()}

    def call(x):
        return eval(row[1], vars(module), {**values, "x": x})

    out = call(x)
    if "threshold" not in row[2]:
        (out,) = torch.autograd.grad(out.sum(), x)
    return out.detach().numpy(), float(call(torch.zeros(1, dtype=x.dtype))[0].detach())


def jax_slope(module, row, parameters):
    def call(x):
        return eval(row[1], vars(module), {**parameters, "x": x})

    x = jnp.asarray(in_range(row, X))
    slope = call(x) if row[0] == "ngc-learn" else jax.grad(lambda x: call(x).sum())(x)
    return np.asarray(slope), float(call(jnp.zeros(1))[0])


@contextlib.contextmanager
def as_others_expect():
    """The libraries warn, mix dtypes, and one turns x64 off when it is imported."""
    with warnings.catch_warnings(), jax.numpy_dtype_promotion("standard"):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize(("row", "parameters"), [p for p in SETTINGS if p.values[0][0] in IMPORTS])
def test_expression_is_the_library(row, parameters):
    library = row[0]
    if "example" in row[1]:
        pytest.skip(f"{row[1]}: {library} has no function of it")
    with as_others_expect():
        module = needs(IMPORTS[library])
        slope = torch_slope if library in TORCH else jax_slope
        got, at_zero = slope(module, row, parameters)
    want = np.asarray(shape_of(row, parameters)(jnp.asarray(in_range(row, X))))
    if (library, row[1]) == ("snntorch", "sigmoid(slope)(x)"):  # NaN where its exponential overflows
        got, want = got[~np.isnan(got)], want[~np.isnan(got)]
    assert len(got) > len(X) / 2
    assert relative_error(got, want) <= (1e-7 if f"{library} {row[1]}".startswith(SINGLE_PRECISION) else 1e-9)
    if row[5] is not None and "threshold" not in row[2]:
        assert at_zero == row[5] == heaviside(0.0, row[5])


def test_table_covers_the_field():
    used = " ".join(row[3] for row in ROWS)
    assert [n for n in shapes.__all__ if n not in used] == ["cosine"]
