"""The page of a failing run in a real browser: seen, filtered, and read by keyboard.

Its pictures are left in build/report/.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from openvideos_contract.judging.requirements import Level
from openvideos_contract.judging.verdict import Status, Verdict
from openvideos_contract.reports import html_report

from .made_reports import exchange, hostile_report, report, requirement, result

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PICTURES = Path(__file__).parents[2] / "build" / "report"

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="playwright is not installed"
    ),
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason=f"{CHROMIUM} is not there: apt-get install chromium"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        yield running
        running.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a run in which much is broken, and of one against a hostile server."""
    folder = tmp_path_factory.mktemp("pages")
    made = {"failing": failing(), "hostile": hostile_report()}
    for name, one in made.items():
        text = html_report.text(one).encode("utf-8", "backslashreplace")
        (folder / f"{name}.html").write_bytes(text)
    return {name: folder / f"{name}.html" for name in made}


def failing() -> Any:
    known = [
        requirement(number, level=Level.SHOULD if number % 6 == 4 else Level.MUST)
        for number in range(1, 13)
    ]
    ends = [Status.PASS, Status.FAIL, Status.PASS, Status.WARN, Status.SKIP, Status.BLOCKED]
    statuses = dict(zip(known, ends * 2, strict=True))
    words = ("one", "two", "three", "four", "five", "six")
    results = [
        result(one, status, exchange=number, seen=f"the answer {words[number % 6]}, {number > 6}")
        for number, (one, status) in enumerate(statuses.items())
    ]
    return report(
        statuses,
        results=results,
        verdicts={"core": Verdict.DOES_NOT},
        exchanges=tuple(exchange(number) for number in range(1, 13)),
        videos=hostile_report("video_1").videos,
        exit_code=1,
    )


class Opened:
    """A page, and what it said and asked for while it was open."""

    def __init__(self, browser: Browser, file: Path, **settings: Any) -> None:
        self.context = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    @property
    def beyond_itself(self) -> list[str]:
        return [url for url in self.asked[1:] if not url.startswith("data:")]

    def __enter__(self) -> Page:
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()


DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
LOOKS: dict[str, dict[str, Any]] = {
    "desktop": DESKTOP,
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "dark": {**DESKTOP, "color_scheme": "dark"},
}


@pytest.mark.parametrize(
    ("name", "look"), [*(("failing", look) for look in LOOKS), ("hostile", "desktop")]
)
def test_the_page_is_readable_and_needs_nothing_but_itself(
    browser: Browser, pages: dict[str, Path], name: str, look: str
) -> None:
    opened = Opened(browser, pages[name], **LOOKS[look])
    with opened as page:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}-{look}.png")
        page.evaluate(_OPEN_ALL)
        assert page.title() != "owned"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(_DIM_TEXTS) == []
        assert page.locator("script").count() == 1
        assert page.locator("img:not([src^='data:'])").count() == 0
    assert opened.said == []
    assert opened.beyond_itself == []


def test_the_policy_stops_what_a_server_would_run(browser: Browser, pages: dict[str, Path]) -> None:
    opened = Opened(browser, pages["hostile"])
    with opened as page:
        page.evaluate(
            """() => {
                const injected = document.createElement("div");
                injected.innerHTML = "<img src=x onerror=\\"document.title='owned'\\">"
                    + "<a href=\\"javascript:document.title='owned'\\">x</a>";
                document.body.append(injected);
                const script = document.createElement("script");
                script.textContent = "document.title = 'owned'";
                document.body.append(script);
                injected.querySelector("a").click();
            }"""
        )
        page.wait_for_timeout(50)
        assert page.title() != "owned"
    assert any("Content Security Policy" in line for line in opened.said)


def test_the_filter_is_worked_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["failing"], **DESKTOP) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        shown = page.locator("#shown")
        assert shown.text_content() == "4 of 4 failures and 12 of 12 requirements shown"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "filter-text"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.type("create-002 promise")
        assert shown.text_content() == "1 of 4 failures and 1 of 12 requirements shown"
        assert page.locator(".requirement:visible").get_attribute("id") == "CREATE-002"
        for _ in range(len("create-002 promise")):
            page.keyboard.press("Backspace")
        page.keyboard.press("Tab")  # to the first level, MUST
        page.keyboard.press("Space")
        assert shown.text_content() == "2 of 4 failures and 2 of 12 requirements shown"
        levels = page.locator(".requirement:visible .level").all_text_contents()
        assert set(levels) == {"SHOULD"}
        page.get_by_role("checkbox", name="broken").focus()
        page.keyboard.press("Space")
        assert shown.text_content() == "0 of 4 failures and 0 of 12 requirements shown"
        assert not page.locator("#failures").is_visible()
        page.get_by_role("button", name="Show all").focus()
        page.keyboard.press("Enter")
        page.locator("#CREATE-002").wait_for()
        assert shown.text_content() == "4 of 4 failures and 12 of 12 requirements shown"
        page.locator("#CREATE-002 summary").focus()
        page.keyboard.press("Enter")
        page.get_by_role("link", name="What went wrong with CREATE-002").focus()
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash").startswith("#cause-")


def test_a_link_leads_to_what_the_filter_had_hidden(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with Opened(browser, pages["failing"], **DESKTOP) as page:
        page.get_by_label("Search").fill("create-001")
        assert not page.locator("#CREATE-002").is_visible()
        page.evaluate("location.hash = '#CREATE-002'")
        page.locator("#CREATE-002[open]").wait_for()


def test_without_javascript_everything_is_there_but_the_filter(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with Opened(browser, pages["failing"], java_script_enabled=False, **DESKTOP) as page:
        assert page.locator(".requirement:visible").count() == 12
        assert page.locator(".cause:visible").count() == 4
        assert not page.get_by_role("search").is_visible()
        page.locator("#CREATE-002 summary").click()
        assert page.get_by_role("link", name="What went wrong with CREATE-002").is_visible()


def test_nothing_in_the_page_is_known_to_shut_people_out(
    browser: Browser, pages: dict[str, Path]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # axe puts its script into the page, which the policy of the page would refuse.
    with Opened(browser, pages["failing"], bypass_csp=True, **DESKTOP) as page:
        page.evaluate(_OPEN_ALL)
        found = axe.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


_OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true })"
# The texts whose contrast with what is behind them is less than 4.5, as WCAG 2.2 AA asks for.
_DIM_TEXTS = """() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.a === 1) return colour.rgb;
    }
    return [255, 255, 255];
  };
  const dim = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [light, dark] = [parse(getComputedStyle(element).color).rgb, behind(element)]
      .map(luminance).sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) dim.push(`${contrast.toFixed(2)}: ${texts.currentNode.data.trim()}`);
  }
  return dim;
}"""
