"""Pictures of pages of a running platform, light and dark, wide and narrow.

python -m tests.browser.screenshots --at http://127.0.0.1:8000 --as NAME --password WORD --to FOLDER / /models/x/
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium

WIDTHS = {"wide": 1440, "narrow": 390}
THEMES = ("light", "dark")


def shoot(browser: Browser, options: argparse.Namespace) -> list[str]:
    """Write one picture per page, theme and width; returns what the console complained about."""
    complaints: list[str] = []
    for width_name, width in WIDTHS.items():
        for theme in THEMES:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            log_in(page, options.at, options.name, options.password)
            # Unfold remembers the choice of theme under this key.
            page.evaluate("theme => localStorage.setItem('_x_adminTheme', JSON.stringify(theme))", theme)
            for address in options.pages:
                _picture(page, options, address, f"{width_name}-{theme}")
            context.close()
    return complaints


def log_in(page: Page, at: str, name: str, password: str) -> None:
    page.goto(f"{at}/admin/login/?next=/")
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{at}/")


def _picture(page: Page, options: argparse.Namespace, address: str, suffix: str) -> None:
    page.goto(f"{options.at}{address}")
    page.wait_for_load_state("networkidle")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    name = address.split("?", maxsplit=1)[0].strip("/").replace("/", "-") or "home"
    page.screenshot(path=options.to / f"{name}-{suffix}.png", full_page=options.full)
    if overflow > 0:
        sys.stderr.write(f"{address} {suffix}: {overflow} px wider than the window\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", default="http://127.0.0.1:8000")
    parser.add_argument("--as", dest="name", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--full", action="store_true", help="the whole page, not only the first screen")
    parser.add_argument("pages", nargs="+")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for complaint in shoot(browser, options):
            sys.stderr.write(f"console: {complaint}\n")


if __name__ == "__main__":
    main()
