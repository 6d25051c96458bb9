"""All experiments by name, and what runs one of them, in a process of its own, too."""

import functools
import time

from . import table
from .alignment import alignment
from .annealing import annealed
from .asymmetry import asymmetry
from .control import control, gradient_noise
from .digits import digits
from .initial_state import initial_state
from .learned import learning_the_shape
from .precision import naive, residuals
from .recorded import longer, speech, watch
from .robustness import scaled, shape
from .rules import rules, shapes_by_coverage, shapes_of_one_area
from .training import row

EXPERIMENTS = {  # what takes longest comes first, so that two at a time end together
    "rules-watch": functools.partial(rules, "watch, recurrent"),
    "rules-recurrent": functools.partial(rules, "Randman, recurrent"),
    "scale": scaled,
    "rules-digits": functools.partial(rules, "digits"),
    "rules-randman": functools.partial(rules, "Randman"),
    "learned": learning_the_shape,
    "control-noise": gradient_noise,
    "control-score": functools.partial(control, "policy gradient", rates=(0.003, 0.01)),
    "control-simulator": functools.partial(control, "through the simulator", rates=(0.003,)),
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
    "asymmetry-randman": functools.partial(asymmetry, "Randman"),
    "asymmetry-recurrent": functools.partial(asymmetry, "Randman, recurrent"),
    "asymmetry-digits": functools.partial(asymmetry, "digits"),
    "asymmetry-speech": functools.partial(asymmetry, "speech, recurrent"),
    "asymmetry-watch": functools.partial(asymmetry, "watch, recurrent"),
    "asymmetry-far": functools.partial(asymmetry, "Randman", gain=0.2),
    "asymmetry-far-triangle": functools.partial(asymmetry, "Randman", gain=0.2, shape="triangle"),
    "control-warm": functools.partial(control, "policy gradient", rates=(0.003,), warm=20),
    "speech-longer": functools.partial(longer, "speech"),
    "watch-longer": functools.partial(longer, "watch"),
}
# These run only where they are named: `rules` asks what `learned` does on more tasks, the others decided nothing.
LONGER = ("learned", "speech-longer", "watch-longer")


def run(name, size, quick):
    """Print the rows of an experiment as they come; return its name, its rows and the seconds that it took."""
    wall, cpu, rows = time.perf_counter(), time.process_time(), []
    for r in EXPERIMENTS[name](size, quick):
        rows.append({"of": name} | r)
        print(table.line(r), flush=True)
    rows.append({"of": name} | row(name, [time.process_time() - cpu], measure=table.COST))
    return name, rows, time.perf_counter() - wall
