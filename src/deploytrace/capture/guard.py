"""Every hook is run through here: whatever goes wrong in it stays here, and its time is counted.

What a stray exception would do to Ansible: from 2.19 on an AssertionError ends the run as if Ansible had a bug; in the
results thread that, or a SystemExit, hangs the run for ever.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

__all__ = ["Guarded", "hook"]


class Guarded(Protocol):
    """What has hooks: it knows whether it is switched off, what its hooks cost, and how to give up."""

    off: bool
    spent_ns: int

    def give_up(self, error: BaseException) -> None:
        """Switch off for good and say why, once. Never raises."""
        ...


_P = ParamSpec("_P")
_Owner = TypeVar("_Owner", bound=Guarded)


def hook(method: Callable[Concatenate[_Owner, int, _P], Any]) -> Callable[Concatenate[_Owner, _P], None]:
    """Make a hook of a method, which gets the monotonic time (ns) of its call as its first argument.

    A KeyboardInterrupt in the main thread is the user's and passes; elsewhere nothing passes.
    """

    def guarded(self: _Owner, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        if self.off:
            return
        began = time.monotonic_ns()
        try:
            method(self, began, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the law of this file
            self.give_up(error)
        except BaseException as error:
            if threading.current_thread() is threading.main_thread():
                raise
            self.give_up(error)
        finally:
            self.spent_ns += time.monotonic_ns() - began

    functools.update_wrapper(guarded, method)
    return guarded
