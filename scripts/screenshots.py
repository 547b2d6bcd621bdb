"""Make the pictures of the README from the running dashboard: ``python -m scripts.screenshots``."""

from playwright.sync_api import sync_playwright

from scripts.find_browser import installed, on_this_machine
from scripts.server import ROOT, running_server

FOLDER = ROOT / "docs" / "screenshots"
PICTURES = {
    "layer_map": ("layer_map?run=1&n=500&la=conv4&lb=conv4", 1600),
    "divergence": ("divergence?run=1&n=500&la=conv2&lb=conv3", 1900),
    "topology": ("topology?run=1&n=300&points=150&subs=3&la=conv2&lb=conv3", 1900),
    "alignment": ("alignment?a=zoo/low-mlp-s10&ds=digits_low&n=500&layer=act3&dir=2", 1900),
    "ablation": ("ablation?a=zoo/digits-cnn-s10&n=300&layer=conv3&cls=4&run=1", 1900),
    "labs": ("labs", 1700),
    "models": ("models", 2700),
    "start": ("", 1100),
}
SETTLING = {
    name: 5_000 if name in ("start", "models", "labs") else 20_000 for name in PICTURES
}  # milliseconds; maps fill


def main() -> None:
    """Every page in light and dark, 1400 pixels wide."""
    with running_server() as server:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            path = on_this_machine() or installed()
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                for name, (query, height) in PICTURES.items():
                    page = browser.new_page(viewport={"width": 1400, "height": height}, color_scheme=scheme)
                    page.goto(f"{server}/{query}")
                    page.wait_for_selector("h1")
                    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
                    page.wait_for_timeout(SETTLING[name])
                    page.screenshot(path=FOLDER / f"{name}-{scheme}.png")
                    page.close()
            browser.close()


if __name__ == "__main__":
    main()
