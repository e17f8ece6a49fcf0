"""``python -m tools.screenshots``: take the README's pictures anew, in Chromium against the mock."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from mock_server.server import MockServer
from tools.browser import find, install
from tools.steps import ROOT

IMAGES: Final = ROOT / "docs" / "images"
BOOT: Final = 60_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file's name, the page, and how the person who looks has set things up."""

    name: str
    path: str
    row: str  # what must be there before it is taken
    width: int = 1100
    height: int = 720
    language: str = "en"
    theme: str = "light"


def pictures(chat: str) -> list[Picture]:
    return [
        Picture("conversations", "/conversations", "[data-conversation-id]"),
        Picture("chat", f"/chat/{chat}", "[data-message-id]"),
        Picture("phone-persian-dark", "/conversations", "[data-conversation-id]", 390, 780, "fa", "dark"),
    ]


def take(browser: Browser, server: MockServer, picture: Picture) -> Path:
    """Take one picture and return where it is."""
    access, refresh = server.issue_tokens("sara@example.com")
    stored = {
        "access_token": access,
        "refresh_token": refresh,
        "pilito.language": picture.language,
        "pilito.theme": picture.theme,
    }
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height}, locale="en-GB", timezone_id="Asia/Tehran"
    )
    context.add_init_script("".join(f"localStorage.setItem({key!r}, {value!r});" for key, value in stored.items()))
    page = context.new_page()
    page.goto(f"{server.url}{picture.path}")
    page.locator("[data-connection][data-state=ready]").wait_for(timeout=BOOT)
    page.locator(picture.row).first.wait_for()
    path = IMAGES / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def main() -> None:
    path = find() or install()
    with MockServer() as server, sync_playwright() as playwright:
        chat = list(server.backend.store.conversations)[1]
        browser = playwright.chromium.launch(executable_path=path)
        for picture in pictures(chat):
            print(take(browser, server, picture).relative_to(ROOT))
        browser.close()


if __name__ == "__main__":
    main()
