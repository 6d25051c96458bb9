"""What `help`, `repr`, hover and completion show for what the functions return: name, documentation, parameters."""

import inspect
import pydoc

import jax.numpy as jnp
import pytest

from surrofun import antiderivative, asym, make_spike, mix, normalize, scale, shapes, shift


@make_spike
def spike(x, alpha=1.0):
    """A triangle of my own."""
    return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))


def test_decorated_function_stays_itself_in_help():
    assert pydoc.plaintext.document(spike, "spike").splitlines() == [
        "spike(x, alpha=1.0)",
        "    A triangle of my own.",
    ]
    assert (spike.__name__, spike.__qualname__, spike.__module__) == ("spike", "spike", __name__)


def test_spike_of_a_catalogue_shape_shows_its_parameters_and_its_formula():
    made = make_spike(shapes.sigmoid)
    assert [(p.name, p.default) for p in inspect.signature(made).parameters.values()][1:] == [("alpha", 4.0)]
    assert made.__name__ == "sigmoid"
    assert "alpha s(alpha x) s(-alpha x)" in made.__doc__


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (scale(shapes.sigmoid, 2.0), "scale(sigmoid, 2.0)"),
        (shift(shapes.atan, 0.1), "shift(atan, 0.1)"),
        (mix(shapes.atan, shapes.triangle, weights=(0.3, 0.7)), "mix(atan, triangle, weights=(0.3, 0.7))"),
        (asym(shapes.atan, shapes.triangle), "asym(atan, triangle)"),
        (normalize(shapes.atan, peak=2.0), "normalize(atan, peak=2.0)"),
        (make_spike(scale(shapes.sigmoid, 2.0)), "scale(sigmoid, 2.0)"),
        (antiderivative(shift(shapes.atan, 0.1)), "antiderivative(shift(atan, 0.1))"),
    ],
)
def test_composition_is_called_what_it_is_and_says_so_in_help(made, name):
    assert made.__name__ == name
    assert name.removeprefix("antiderivative(").removesuffix(")") in made.__doc__
    assert name in pydoc.plaintext.document(made, name)
    assert str(inspect.signature(made)) == "(x, *args, **kwargs)"


def test_shape_with_a_parameter_by_keyword_shows_it():
    for made in (shapes.power_law(q=3.0), make_spike(shapes.power_law(q=3.0))):
        assert made.__name__ == "power_law(q=3.0)"
        assert "power_law(q=3.0)" in pydoc.plaintext.document(made, "made")
        parameters = inspect.signature(made).parameters
        assert [(p.name, p.default) for p in parameters.values()][1:] == [("alpha", 1.0), ("q", 3.0)]


def test_soft_step_shows_the_parameters_of_its_shape():
    assert [*inspect.signature(antiderivative(shapes.power_law)).parameters] == ["x", "alpha", "q"]
