"""Surrogate gradients for spiking neural networks in JAX.

A spiking neuron fires when its membrane potential crosses a threshold. That
step has no useful derivative, so training replaces the derivative by a
bump, the surrogate gradient. Here it is a shape: a function g(x) of
x = potential minus threshold. `make_spike` makes the spike function of it,
a step forward and g backward:

>>> import jax
>>> spike = make_spike(shapes.superspike(beta=10.0))
>>> float(spike(0.1)), float(jax.grad(spike)(0.1))
(1.0, 0.25)

spike functions:  make_spike; sampled, for its residual=
their steps:      heaviside, sign, ternary, staircase, escape
shapes:           shapes (see help(surrofun.shapes)), shape (for your own)
from shapes:      scale, shift, mix, asym, normalize, combinator (your own)
facts of a shape: antiderivative, derivative, area, bounds, around
tools:            check, report, flow, fit_alpha, plot (needs matplotlib)
text and names:   describe, parse, register, lookup, names

The command line is `python -m surrofun`.
"""

import importlib.util
from typing import TYPE_CHECKING, Any

from . import shapes
from .calculus import antiderivative, area, bounds, derivative
from .combinators import asym, mix, normalize, scale, shift
from .core import text
from .core.combinator import combinator
from .core.places import around
from .core.shape import shape
from .expressions import describe, parse
from .registry import lookup, names, register
from .residuals import sampled
from .spike import make_spike
from .steps import escape, heaviside, sign, staircase, ternary
from .tools.check import check, report
from .tools.flow import fit_alpha, flow

__all__ = [
    "antiderivative", "area", "around", "asym", "bounds", "check", "combinator", "derivative", "describe", "escape",
    "fit_alpha", "flow", "heaviside", "lookup", "make_spike", "mix", "names", "normalize", "parse", "register",
    "report", "sampled", "scale", "shape", "shapes", "shift", "sign", "staircase", "ternary",
]  # fmt: skip

__version__ = "0.1.0"

text.without_types(*(globals()[_name] for _name in __all__ if _name != "shapes"))

if TYPE_CHECKING:
    from . import plot as plot
else:

    def __getattr__(name: str) -> Any:
        """Import what needs matplotlib where it is asked for."""
        if name == "plot":
            return importlib.import_module(".plot", __name__)
        hint = f"it is shapes.{name}" if name in shapes.__all__ else shapes.elsewhere.meaning(name)
        raise AttributeError("; ".join(filter(None, (f"module {__name__!r} has no attribute {name!r}", hint))))


def __dir__() -> list[str]:
    return sorted([*__all__, "plot"]) if importlib.util.find_spec("matplotlib") else __all__
