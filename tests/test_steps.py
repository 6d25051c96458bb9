"""Forward steps, value by value, in every floating point dtype."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surrofun import heaviside, make_spike, shapes, sign, staircase, ternary

PLACES = [-np.inf, -2.0, -1.0, -0.99, "-tiny", -0.0, 0.0, "tiny", 0.99, 1.0, 1.5, 2.0, 9.0, np.inf, np.nan]
STEPS = {
    "heaviside": (heaviside, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
    "heaviside at zero 0": (functools.partial(heaviside, at_zero=0.0), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
    "heaviside at zero 1/2": (lambda x: heaviside(x, 0.5), [0, 0, 0, 0, 0, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 1, 0]),
    "sign": (sign, [-1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1]),
    "ternary": (ternary, [-1, -1, -1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0]),
    "ternary at 2": (lambda x: ternary(x, 2.0), [-1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0]),
    "staircase of 1": (staircase(1), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
    "staircase of 3": (staircase(3), [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 0]),
}
ALL = pytest.mark.parametrize(("step", "values"), STEPS.values(), ids=STEPS)


def places(dtype):
    tiny = float(jnp.finfo(dtype).tiny)
    return jnp.asarray([{"tiny": tiny, "-tiny": -tiny}.get(p, p) for p in PLACES], dtype)


@ALL
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32, jnp.float64])
def test_values(dtype, step, values, request):
    if dtype == jnp.float64:
        request.getfixturevalue("x64")
    x = places(dtype)
    for f in (step, jax.jit(step), make_spike(shapes.triangle, step=step)):
        z = f(x)
        assert z.dtype == dtype
        np.testing.assert_array_equal(np.asarray(z, np.float64), values)


@ALL
def test_numbers_and_empty_arrays(step, values):
    assert step(0.0).shape == ()
    assert step(np.float32(0)) == step(jnp.zeros(())) == values[PLACES.index(0.0)]
    assert step(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_parameters_may_be_arrays_and_tracers():
    x = jnp.array([[0.0, 0.5, 1.0], [-1.0, 2.0, -2.0]])
    each = jnp.array([0.0, 0.5, 1.0])
    with jax.numpy_rank_promotion("raise"):
        np.testing.assert_array_equal(jax.jit(heaviside)(0 * x, each), [each, each])
        np.testing.assert_array_equal(jax.jit(ternary)(x, each + 0.5), [[0, 0, 0], [-1, 1, -1]])
        np.testing.assert_array_equal(jax.jit(ternary)(x, np.float64(2)), [[0, 0, 0], [0, 1, -1]])


@pytest.mark.parametrize("n", [0, -1, 1.5, 2.0, True, "3", None])
def test_staircase_of_no_whole_number(n):
    with pytest.raises(ValueError, match=f"^staircase: expected a positive whole number of levels, got {n!r}$"):
        staircase(n)
