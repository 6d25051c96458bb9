"""Random compositions are right, or refused; `python -m tests.adversary` goes on with other seeds."""

import adversary
import pytest
from needs import exhaustive

from surrofun import parse, register, scale


@pytest.fixture(autouse=True)
def ours(own_names):
    for name, f in adversary.OURS.items():
        register(name, f)


@pytest.mark.parametrize("seed", [39, *(pytest.param(n, marks=exhaustive) for n in (1, 30, 55, 67, 70))])
def test_right_or_refused(seed):
    wrong, _ = adversary.attempt(seed)
    assert not wrong, "\n".join(wrong)


def test_what_is_twice_as_large_is_found(monkeypatch):
    monkeypatch.setattr(adversary, "parse", lambda text: scale(parse(text), height=2))
    wrong, _ = adversary.attempt(12)
    for what in ("slope", "bounds", "area", "soft step", "learned", "learned, by the slope", "by x"):
        assert any(f"\n    {what}" in fault and "wanted" in fault for fault in wrong), what
