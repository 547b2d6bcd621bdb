"""Print the path of a Chromium or Chrome for the tests; install one if none is there, or say how.

In this order: ``REPSIM_BROWSER``, a browser on the PATH, Playwright's own, Debian's package where it may be installed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ADVICE = (
    "No Chromium or Chrome was found, and none could be installed. Install one with\n"
    "    sudo apt-get install chromium        (or: python -m playwright install chromium)\n"
    "or name one:  REPSIM_BROWSER=/path/to/chrome make test"
)


def on_this_machine() -> str | None:
    """A browser that is installed already."""
    named = os.environ.get("REPSIM_BROWSER")
    candidates = [named] if named else [*map(shutil.which, NAMES), MAC, playwrights_own()]
    return next((one for one in candidates if one and Path(one).exists()), None)


def playwrights_own() -> str | None:
    """Where Playwright keeps its Chromium, whether it is there or not."""
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            return playwright.chromium.executable_path
    except Exception:  # any failure of a foreign driver means: not this way
        return None


def installed() -> str | None:
    """Try Playwright's download, then Debian's package; quiet unless both fail."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        attempts.append(["sh", "-c", "apt-get update -qq && apt-get install -y -qq chromium"])
    for command in attempts:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        found = on_this_machine()
        if found:
            return found
        print(f"{' '.join(command[:3])} did not help: {done.stderr.strip()[-300:]}", file=sys.stderr)
    return None


def main() -> int:
    """Path on standard output, or advice on standard error and exit code 1."""
    found = on_this_machine() or installed()
    if not found:
        print(ADVICE, file=sys.stderr)
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
