"""All experiments by name, and what runs one of them, in a process of its own, too."""

import functools
import time

from .alignment import alignment
from .annealing import annealed
from .digits import digits
from .initial_state import initial_state
from .learned import learning_the_shape
from .precision import naive, residuals
from .recorded import speech, watch
from .robustness import scaled, shape
from .rules import rules, shapes_by_coverage, shapes_of_one_area

EXPERIMENTS = {
    "shape": shape,
    "scale": scaled,
    "learned": learning_the_shape,
    "annealed": annealed,
    "residual": residuals,
    "naive": naive,
    "initial": initial_state,
    "digits": digits,
    "speech": speech,
    "watch": watch,
    "alignment": alignment,
    "coverage": shapes_by_coverage,
    "area": shapes_of_one_area,
    "rules-randman": functools.partial(rules, "Randman"),
    "rules-recurrent": functools.partial(rules, "Randman, recurrent"),
    "rules-digits": functools.partial(rules, "digits"),
    "rules-speech": functools.partial(rules, "speech, recurrent"),
    "rules-watch": functools.partial(rules, "watch, recurrent"),
}


def run(name, size, quick):
    """Return the rows of an experiment and the seconds that it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    rows = [*EXPERIMENTS[name](size, quick)]
    return rows, {"wall": round(time.perf_counter() - wall), "cpu": round(time.process_time() - cpu)}
