"""Random compositions are right, or refused; `python -m tests.adversary` goes on with other seeds."""

import adversary
import pytest

from surrofun import parse, register, registry, scale


@pytest.fixture(autouse=True)
def ours(monkeypatch):
    monkeypatch.setattr(registry, "_named", dict(registry._named))
    for f in adversary.OURS:
        register(f.__name__, f)


@pytest.mark.parametrize("seed", [0, 1])
def test_right_or_refused(seed):
    wrong, _ = adversary.attempt(seed)
    assert not wrong, "\n".join(wrong)


def test_what_is_one_percent_off_is_found(monkeypatch):
    monkeypatch.setattr(adversary, "parse", lambda text: scale(parse(text), height=1.01))
    wrong, _ = adversary.attempt(1)
    for what in ("slope", "bounds", "area", "soft step", "by x", "learned"):
        assert any(f"\n    {what}" in fault for fault in wrong), what
