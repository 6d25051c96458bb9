"""Names of shapes: what is there, what is refused, and in which words."""

import functools
import inspect
from typing import NamedTuple

import pytest
from reference import tent as hat
from transcript import assert_raises

from surrofun import combinator, make_spike, registry, scale, shapes
from surrofun.expressions import describe, parse
from surrofun.registry import lookup, names, register

pytestmark = pytest.mark.usefixtures("own_names")


def test_the_catalogue_is_there_from_the_start():
    catalogue = {name: g for name, g in vars(shapes).items() if inspect.isfunction(g) and name[0] != "_"}
    assert len(catalogue) > 20
    assert set(catalogue) <= set(names())
    assert all(lookup(name) is g for name, g in catalogue.items())
    assert list(names()) == sorted(names())


def test_register_returns_the_shape_as_function_and_as_decorator():
    assert register("first", hat) is hat
    assert register("second")(hat) is hat
    assert lookup("first") is lookup("second") is hat
    assert {"first", "second"} <= set(names())


def test_a_registered_shape_is_a_word_of_expressions():
    register("tent", hat)
    assert parse("tent") is hat
    assert describe(scale(parse("tent(2.0)"), 3.0)) == "scale(tent(alpha=2.0), 3.0)"


def test_a_composition_may_be_registered_and_is_described_by_its_name():
    soft = register("soft", scale(shapes.sigmoid, 0.125))
    assert describe(soft) == "soft"
    assert parse("soft(alpha=2.0)")(0.5) == soft(0.5, alpha=2.0)


def test_a_registered_partial_is_described_by_its_name_inside_another_partial():
    """Python merges a partial into a partial of it; the merged one would be of a function that has no name."""
    gentle = register("gentle", functools.partial(hat, alpha=0.5))
    assert describe(functools.partial(gentle, alpha=0.25)) == "gentle(alpha=0.25)"
    assert parse("gentle(alpha=0.25)")(2.0) == 0.125


NO_IDENTIFIERS = ["2nd", "my shape", "a.b", "", "lambda", "True", "gr\u00f6\u00dfe", "\u017f"]
REFUSED = {
    **{f"register({name!r}, hat)": f"expected an identifier in ASCII as name, got {name!r}" for name in NO_IDENTIFIERS},
    **{f"register({n!r}, hat)": f"{n!r} is a number in an expression, choose another name" for n in ("inf", "nan")},
    **{
        f"register({name!r}, hat)": f"the name {name!r} is taken, by function {name}"
        for name in ("scale", "shift", "mix", "asym", "normalize", "sigmoid")
    },
    "register('sigmoid')(hat)": "the name 'sigmoid' is taken, by function sigmoid",
    "register(hat)": 'expected a name, as in @register("my_shape"), got function ...',
    "lookup('gausian')": "'gausian'; did you mean gaussian or multi_gaussian?",
    "lookup('scal')": "'scal'; did you mean scale?",
    "lookup('sigmoid ')": "'sigmoid '; did you mean sigmoid?",
    "lookup('x' * 1000)": f"'{'x' * 80}'; register it, or take atan, circ, ..., superspike, triangle",
}


@pytest.mark.parametrize("call", REFUSED)
def test_what_is_refused_changes_nothing(call):
    before = dict(registry._named)
    error = "TypeError" if call == "register(hat)" else "ValueError"
    who = "register: " if call.startswith("register") else "no shape is registered as "
    assert_raises(call, f"{error}: {who}{REFUSED[call]}", hat=hat)
    assert registry._named == before


class Bump(NamedTuple):
    height: float

    def __call__(self, x):
        return self.height / (1 + x * x)


def test_a_registered_tuple_is_described_by_its_name_inside():
    bump = register("bump", Bump(2.0))
    for g in (bump, make_spike(bump), make_spike(bump, learnable=True)):
        assert describe(g) == "bump"
    assert describe(scale(bump, 3.0)) == "scale(bump, 3.0)"


def test_a_combinator_may_be_registered():
    @register("wider")
    @combinator
    def wider(x, g, by=2.0):
        return g(x / by)

    assert lookup("wider") is wider
    assert "wider" not in names()
    assert describe(wider(shapes.atan, 3.0)) == "wider(atan, 3.0)"
    assert parse("wider(atan, 3.0)") is wider(shapes.atan, 3.0)
    with pytest.raises(ValueError, match="the name 'wider' is taken"):
        register("wider", hat)


def test_a_name_may_be_taken_before_the_decorator_is_called():
    late = register("late")
    register("late", hat)
    with pytest.raises(ValueError, match="the name 'late' is taken"):
        late(shapes.atan)
    assert lookup("late") is hat


def test_a_function_written_again_takes_its_name_again():
    """As when a cell of a notebook runs twice; two lambdas are not the same function."""
    namespace = {"__name__": "cell", "register": register}
    for height in (1, 2):
        exec(f"@register('of_a_cell')\ndef of_a_cell(x): return {height}", namespace)
        assert lookup("of_a_cell")(0) == height
    register("of_a_lambda", lambda x: 1)
    with pytest.raises(ValueError, match="the name 'of_a_lambda' is taken"):
        register("of_a_lambda", lambda x: 2)
