"""A real browser that is asked and driven while it shows a page, over Chromium's own pipe (no driver in between).

Source: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ground.browser import FLAGS, chromium
from ground.waiting import PATIENCE_S, wait_for

__all__ = ["Page", "opened"]


# Notes of each key how many ms pass from its own time stamp to the end of the frame that shows what it did; where the
# browser's own measure (Event Timing, up to the presentation) is longer, that one.
_WATCH = """if (!window.took) {
  window.took = new Map();
  const note = (event, ms) => took.set(event, Math.max(ms, took.get(event) ?? 0));
  addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => note(timeStamp, performance.now() - timeStamp);
    channel.port2.postMessage(0);
  }), { capture: true });
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => note(entry.startTime, entry.duration)))
    .observe({ type: "event", durationThreshold: 16 });
}"""
_TOOK = """new Promise((done) => setTimeout(() => {
  done(Math.max(0, ...took.values()));
  took.clear();
}, 80))"""


class Page:
    """One page in one browser; what it complains of, and what it asks the network for, is collected."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._loaded = False

    def attach(self, width: int, height: int) -> None:
        """Find the browser's first page and listen to it."""
        target = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.window(width, height)

    def window(self, width: int, height: int) -> None:
        """Give the window a size, in CSS pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, kind: str = "", **features: str) -> None:
        """Show the page as a medium (print) or with features (``prefers_color_scheme="dark"``)."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.ask("Emulation.setEmulatedMedia", media=kind, features=named)

    def show(self, address: str) -> None:
        """Load a page and wait until it has."""
        self._loaded = False
        self.ask("Page.navigate", url=address)
        while not self._loaded:
            self._take(self._next())

    def value(self, script: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until a JavaScript condition holds in the page; AssertionError where it does not come to that."""
        wait_for(lambda: self.value(f"Boolean({condition})"), condition)

    def press(self, key: str, text: str = "", modifiers: int = 0) -> None:
        """Press and release a key, as the keyboard does."""
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                text=text if kind == "keyDown" else "",
                modifiers=modifiers,
            )

    def pressed(self, keys: str) -> list[float]:
        """Press keys one after the other; for each the ms from then until what it did was painted."""
        self.value(_WATCH)
        self.value(_TOOK)  # what was pressed before
        times = []
        for key in keys:
            self.press(key, key)
            times.append(float(self.value(_TOOK)))
        return times

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what is seen as a PNG; ``whole``: down to the page's end."""
        answer = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def printed(self, path: Path) -> None:
        """Write the page as it is printed, as a PDF."""
        answer = self.ask("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self._take(answer)

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser is silent"
            chunk = os.read(self._from, 1 << 20)
            assert chunk, "the browser is gone"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _take(self, event: dict[str, Any]) -> None:
        """Take note of an event."""
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(json.dumps(parameters["args"]))
        elif method == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {parameters['message']}")
            self._number += 1
            message = {
                "id": self._number,
                "method": "Page.handleJavaScriptDialog",
                "params": {"accept": True},
                "sessionId": self._session,
            }
            os.write(self._to, json.dumps(message).encode() + b"\0")
        elif method == "Page.loadEventFired":
            self._loaded = True


@contextlib.contextmanager
def opened(page: Path, *, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """Open a page in a browser of its own, which ends with the block."""
    program, needed = chromium()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        commands_in, commands_out = os.pipe()
        answers_in, answers_out = os.pipe()
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        shell = f'exec 3<&{commands_in} 4>&{answers_out}; exec "$0" "$@"'
        command = [
            "bash",
            "-c",
            shell,
            program,
            *FLAGS,
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        browser = subprocess.Popen(
            command,
            env={**os.environ, **needed, "HOME": profile},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(commands_in, answers_out),
        )
        os.close(commands_in)
        os.close(answers_out)
        try:
            shown = Page(commands_out, answers_in)
            shown.attach(width, height)
            shown.show(page.as_uri())
            yield shown
        finally:
            browser.kill()
            browser.wait()
            os.close(commands_out)
            os.close(answers_in)
