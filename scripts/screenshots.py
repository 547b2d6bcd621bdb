"""Make the pictures of the README from the running dashboard: ``python scripts/screenshots.py``."""

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from find_browser import installed, on_this_machine
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
PICTURES = {
    "layer_map": ("layer_map?run=1&n=500&la=conv4&lb=conv4", 1600),
    "models": ("models", 1500),
    "start": ("", 1100),
}


def main() -> None:
    """Every page in light and dark, 1400 pixels wide."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", port]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        FOLDER.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            path = on_this_machine() or installed()
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                for name, (query, height) in PICTURES.items():
                    page = browser.new_page(viewport={"width": 1400, "height": height}, color_scheme=scheme)
                    page.goto(f"http://127.0.0.1:{port}/{query}")
                    page.wait_for_selector("h1")
                    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
                    page.wait_for_timeout(5000)
                    page.screenshot(path=FOLDER / f"{name}-{scheme}.png")
                    page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str) -> None:
    """Return when the address answers, or give up after a minute."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("The server did not answer within a minute.")


if __name__ == "__main__":
    main()
