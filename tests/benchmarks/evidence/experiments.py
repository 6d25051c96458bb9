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

EXPERIMENTS = {  # what takes longest comes first, so that two at a time end together
    "rules-watch": functools.partial(rules, "watch, recurrent"),
    "rules-recurrent": functools.partial(rules, "Randman, recurrent"),
    "scale": scaled,
    "rules-digits": functools.partial(rules, "digits"),
    "rules-randman": functools.partial(rules, "Randman"),
    "learned": learning_the_shape,
    "rules-speech": functools.partial(rules, "speech, recurrent"),
    "speech": speech,
    "area": shapes_of_one_area,
    "watch": watch,
    "residual": residuals,
    "shape": shape,
    "coverage": shapes_by_coverage,
    "initial": initial_state,
    "naive": naive,
    "alignment": alignment,
    "digits": digits,
    "annealed": annealed,
}


def run(name, size, quick):
    """Return the rows of an experiment and the seconds that it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    rows = [*EXPERIMENTS[name](size, quick)]
    return rows, {"wall": round(time.perf_counter() - wall), "cpu": round(time.process_time() - cpu)}
