"""A browser without a window, driven through two pipes: JSON, a NUL after each message; no port, no driver, no package."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
# The browser reads from the third and writes to the fourth file; what is there before is moved out of the way.
LAUNCH = """
import fcntl, os, sys
r, w = (fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3])
os.dup2(r, 3)
os.dup2(w, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
PATIENCE = 120  # seconds for one answer; a browser that says nothing for so long has died


def find_browser():
    """Path of a browser, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Chromium:
    """A running browser; `open` gives a page of it."""

    def __init__(self, path):
        self._home = tempfile.mkdtemp(prefix="hexad-browser-")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        options = [*OPTIONS, f"--user-data-dir={self._home}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(theirs_in), str(theirs_out), path, *options],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._read, self._asked, self.events = b"", 0, []

    def ask(self, method, session=None, **given):
        """Send a command and wait for its answer; what happens meanwhile is kept in `events`."""
        self._asked += 1
        message = {"id": self._asked, "method": method, "params": given, **({"sessionId": session} if session else {})}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._asked:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method, session):
        """Wait until something has happened on a page."""
        while not any(one.get("method") == method and one.get("sessionId") == session for one in self.events):
            self.events.append(self._next())

    def _next(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._in, 1 << 20) if ready else b""
            if not data:
                raise RuntimeError("the browser has ended, or says nothing any more")
            self._read += data
        message, self._read = self._read.split(b"\0", 1)
        return json.loads(message)

    def open(self, address, **options):
        """Load an address; see `Page`."""
        return Page(self, address, **options)

    def close(self):
        with suppress(RuntimeError, OSError):
            self.ask("Browser.close")
        os.close(self._out)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        shutil.rmtree(self._home, ignore_errors=True)


class Page:
    """A page as somebody sees it: width of the window, light or dark, with scripts or without."""

    def __init__(self, browser, address, *, width=1200, height=900, dark=False, scripts=True):
        self._browser = browser
        self._target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.ask("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{part}.enable")
        phone = width < 500
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        if not scripts:
            self.ask("Emulation.setScriptExecutionDisabled", value=True)
        browser.events.clear()
        self.ask("Page.navigate", url=address)
        browser.wait("Page.loadEventFired", self.session)

    def ask(self, method, **given):
        return self._browser.ask(method, self.session, **given)

    def run(self, script):
        """Value of an expression, worked out in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", str(answer)))
        return answer["result"].get("value")

    def press(self, key, code):
        """Press a key and let it go."""
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def point(self, x, y):
        """Move the pointer, to a place in the window."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def print(self):
        """The page as it comes out of a printer: a PDF on the paper that it asks for."""
        made = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(made["data"])

    def picture(self, *, whole=False):
        """What is seen, as a PNG; the whole page or the window."""
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def heard(self):
        """Errors and warnings in the console, and addresses that were asked for, beside the page itself."""
        self.run("1")  # what was said before has arrived
        told, asked = [], []
        for event in self._browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, given = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                told.append(given["exceptionDetails"].get("exception", {}).get("description", "exception"))
            elif method in {"Runtime.consoleAPICalled", "Log.entryAdded"}:
                told.append(str(given.get("args") or given["entry"]["text"]))
            elif method == "Network.requestWillBeSent" and not given["request"]["url"].startswith("data:"):
                asked.append(given["request"]["url"])
        return told, asked

    def close(self):
        self._browser.ask("Target.closeTarget", targetId=self._target)


def save_picture(browser, address, path, **options):
    """Write what somebody sees of a page into a file, for people to look at."""
    whole = options.pop("whole", False)
    page = browser.open(address, **options)
    Path(path).write_bytes(page.picture(whole=whole))
    page.close()
