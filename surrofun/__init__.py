"""Surrogate gradients for spiking neural networks in JAX, as functions."""

from . import shapes as shapes
from .calculus import antiderivative as antiderivative
from .calculus import derivative as derivative
from .calculus import integrates_to as integrates_to
from .checks import check as check
from .checks import report as report
from .combinators import asym as asym
from .combinators import mix as mix
from .combinators import normalize as normalize
from .combinators import scale as scale
from .combinators import shift as shift
from .elementwise import elementwise as elementwise
from .expressions import describe as describe
from .expressions import parse as parse
from .gradient_flow import fit_alpha as fit_alpha
from .gradient_flow import flow as flow
from .registry import lookup as lookup
from .registry import names as names
from .registry import register as register
from .spike import make_spike as make_spike
from .steps import escape as escape
from .steps import heaviside as heaviside
from .steps import sign as sign
from .steps import staircase as staircase
from .steps import ternary as ternary
