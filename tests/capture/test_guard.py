"""Nothing that goes wrong in a hook leaves it, except the user's own Ctrl-C."""

from __future__ import annotations

import threading

import pytest

from deploytrace.capture.guard import hook


class Hooks:
    """A recorder whose hook fails as it is told."""

    def __init__(self) -> None:
        self.off = False
        self.spent_ns = 0
        self.calls = 0
        self.given_up: list[BaseException] = []

    def give_up(self, error: BaseException) -> None:
        """Take note and switch off."""
        self.off = True
        self.given_up.append(error)

    @hook
    def fail(self, t: int, error: BaseException) -> None:
        """Fail with an error."""
        self.calls += 1
        raise error


@pytest.mark.parametrize("error", [ValueError("x"), AssertionError("x"), RecursionError("x"), MemoryError()])
def test_no_exception_leaves_a_hook(error: Exception) -> None:
    hooks = Hooks()
    hooks.fail(error)
    assert hooks.given_up == [error]
    hooks.fail(error)
    assert hooks.calls == 1


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_nothing_at_all_leaves_the_results_thread(error: BaseException) -> None:
    """There it would hang the run for ever."""
    hooks = Hooks()
    left: list[BaseException] = []

    def call() -> None:
        try:
            hooks.fail(error)
        except BaseException as escaped:  # noqa: BLE001 - it is what must not come
            left.append(escaped)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert left == []
    assert hooks.given_up == [error]


def test_the_user_s_interrupt_passes_in_the_main_thread() -> None:
    hooks = Hooks()
    with pytest.raises(KeyboardInterrupt):
        hooks.fail(KeyboardInterrupt())
    assert not hooks.off
