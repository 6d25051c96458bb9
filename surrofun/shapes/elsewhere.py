"""What other libraries call their surrogate gradients, and the expression that has the same slopes here.

A line of `elsewhere.txt` is an answer: the call elsewhere with its defaults, and what it is here. It answers to the
name of what is called and, if it starts with a word and a colon, to that word. `tests/test_first_hour.py` compares all
of them with `tests/rosetta.py`.
"""

import functools
import re
from importlib import resources

_LINE = re.compile(r"^(?:(?P<word>\w+): )?(?P<answer>(?:\w+\.)*(?P<name>[\w-]+).*)", re.MULTILINE)
_NO_LETTERS = re.compile(r"[\W_]")


@functools.cache
def answers() -> list[tuple[set[str], str]]:
    """Return the answers of the table, each with the names that it answers to.

    >>> answers()[1]
    ({'DeterministicPass'}, 'DeterministicPass() of spikingjelly is straight_through')
    """
    table = resources.files(__package__).joinpath("elsewhere.txt").read_text("utf-8")
    return [({line["name"], line["word"] or line["name"]}, line["answer"]) for line in _LINE.finditer(table)]


def meaning(name: str, library: str = "") -> str:
    """Return what other libraries mean by a name, and what that is here, or an empty text.

    An answer for this exact spelling is preferred; if there is none, case and underscores are ignored. If `library` has
    answers, only those are returned.

    >>> meaning("fast_sigmoid"), meaning("no_such_thing")
    ('fast_sigmoid(slope=25) of snnTorch and slax is superspike(beta=25.0)', '')
    >>> meaning("piecewise_quadratic")
    'PiecewiseQuadratic(alpha=1) of braintools and spikingjelly is triangle(alpha=1.0)'
    >>> meaning("superspike", "spyx")
    'superspike(k=25) of spyx is superspike(beta=25.0)'
    """
    found = [(names, answer) for names, answer in answers() if _letters(name) in map(_letters, names)]
    of_library = re.compile(rf" of .*\b{re.escape(library)}\b.* is ", re.IGNORECASE)
    its_own = [answer for _, answer in found if library and of_library.search(answer)]
    as_spelled = [answer for names, answer in found if name in names]
    return "; ".join(its_own or as_spelled or [answer for _, answer in found])


def _letters(name: str) -> str:
    return _NO_LETTERS.sub("", name).lower()
