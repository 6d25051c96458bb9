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

spike functions:  make_spike, with the residual sampled
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

from . import shapes as shapes
from .calculus import antiderivative as antiderivative
from .calculus import area as area
from .calculus import around as around
from .calculus import bounds as bounds
from .calculus import derivative as derivative
from .combinators import asym as asym
from .combinators import mix as mix
from .combinators import normalize as normalize
from .combinators import scale as scale
from .combinators import shift as shift
from .core import text
from .core.combinator import combinator as combinator
from .core.shape import shape as shape
from .expressions import describe as describe
from .expressions import parse as parse
from .registry import lookup as lookup
from .registry import names as names
from .registry import register as register
from .residuals import sampled as sampled
from .spike import make_spike as make_spike
from .steps import escape as escape
from .steps import heaviside as heaviside
from .steps import sign as sign
from .steps import staircase as staircase
from .steps import ternary as ternary
from .tools.check import check as check
from .tools.check import report as report
from .tools.flow import fit_alpha as fit_alpha
from .tools.flow import flow as flow

__all__ = [
    "antiderivative",
    "area",
    "around",
    "asym",
    "bounds",
    "check",
    "combinator",
    "derivative",
    "describe",
    "escape",
    "fit_alpha",
    "flow",
    "heaviside",
    "lookup",
    "make_spike",
    "mix",
    "names",
    "normalize",
    "parse",
    "register",
    "report",
    "sampled",
    "scale",
    "shape",
    "shapes",
    "shift",
    "sign",
    "staircase",
    "ternary",
]

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
