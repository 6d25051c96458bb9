"""The catalogue: surrogate gradients as plain functions.

Every shape is `g(x, *params)` of x, the potential minus the threshold,
elementwise, in the dtype of x. Its docstring gives formula, area, peak,
support, default, and what other libraries call it.

Mind that they differ in what a parameter does. `sigmoid`, `atan`,
`triangle` and `laplace` have area 1, and a larger `alpha` is narrower
and higher. Others keep a peak of 1; their area changes: `superspike`,
`power_law`, `circ`, `cosine`, `half_sech`, and `periodic_laplace`, whose
area is infinite, as that of some others is. `alpha` is a width in `circ`.
`normalize(g, area=1.0)` makes two shapes of finite area comparable.

Parameters are positive, and widths are meant to be within 1e-8 and 1e8:
beyond, float32 has no room for what is computed on the way, and some
values or derivatives by a width are lost. A potential beyond 1e18 counts
as 1e18 in some, in `circ` one beyond 1e12 widths. Neither is checked.

In a Pallas kernel call the shape itself: the gradient of a spike has no
lowering there (`checkpoint_name`), nor on Triton the spike
(`custom_vjp`).
"""

from typing import TYPE_CHECKING

from ..core import facts, text
from . import elsewhere
from .bounded import cosine, epanechnikov, leaky_rectangle, p_norm, rectangle, triangle
from .exponential import escape_exponential, exp_saturating, gaussian, half_sech, laplace, multi_gaussian, sigmoid
from .periodic import periodic_laplace, squarewave_fourier
from .power import atan, circ, clipped_reciprocal, power_law, q_pseudo_spike, reciprocal, superspike
from .unbounded import leaky_step, log_tailed_step, s2nn, straight_through

__all__ = [
    "atan", "circ", "clipped_reciprocal", "cosine", "epanechnikov", "escape_exponential", "exp_saturating",
    "gaussian", "half_sech", "laplace", "leaky_rectangle", "leaky_step", "log_tailed_step", "multi_gaussian",
    "p_norm", "periodic_laplace", "power_law", "q_pseudo_spike", "reciprocal", "rectangle", "s2nn", "sigmoid",
    "squarewave_fourier", "straight_through", "superspike", "triangle",
]  # fmt: skip

_OF_FINITE_AREA = {  # whatever their parameters are
    "atan", "circ", "cosine", "epanechnikov", "gaussian", "half_sech", "laplace", "multi_gaussian", "p_norm",
    "q_pseudo_spike", "rectangle", "sigmoid", "superspike", "triangle",
}  # fmt: skip

for _name in __all__:  # each soft step is 0 at -inf, or at the threshold where the area is infinite
    facts.declares(anchored=True, zero_at_minus_inf=_name in _OF_FINITE_AREA)(globals()[_name])
    text.without_types(globals()[_name])

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        """Answer an unknown name, as other libraries have one, by what it is here."""
        told = f"module {__name__!r} has no attribute {name!r}", elsewhere.meaning(name)
        raise AttributeError("; ".join(filter(None, told)))


def __dir__() -> list[str]:
    return __all__
