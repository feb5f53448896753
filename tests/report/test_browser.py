"""The page in a real browser: Debian's chromium through Playwright. Where either is missing these tests skip."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jointbench.report.page import render

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PACKAGES = ("playwright", "axe_playwright_python")
MISSING = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no browser: install Debian's package chromium"),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'jointbench[test]')"),
]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
IMAGE = "<img src=x onerror=alert(1)>"
LONG = "n" * 300
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, pre, svg, .skip'))
  .map((e) => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40)).slice(0, 5)"""


@dataclass
class Seen:
    """What a page did while it was open."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@dataclass
class Opened:
    """A page in a tab of its own, and what it did."""

    page: Any
    seen: Seen


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        launched = started.chromium.launch(executable_path=BROWSER, headless=True, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Open]:
    """Opens a file in a fresh profile that may reach nothing: whatever is asked for is written down and refused."""
    contexts = []

    def open_(path: Path, **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": DESK, "accept_downloads": True, **options})
        contexts.append(context)
        page, seen = context.new_page(), Seen()

        def refuse_others(route: Any) -> None:
            url = route.request.url
            if url.partition("#")[0] == path.as_uri():
                route.continue_()
            else:
                seen.requests.append(url)
                route.abort()

        page.route("**/*", refuse_others)
        page.on(
            "console",
            lambda message: seen.errors.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        return Opened(page, seen)

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def plain(report: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two datasets and two backends, one of them not installed."""
    return written(report.html, tmp_path_factory)


@pytest.fixture(scope="module")
def hostile(maker: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page on which everything that a user may name has a name that means harm or is far too long."""
    run = maker(
        datasets=((IMAGE, (LONG, IMAGE)), (LONG, ("a",))),
        backends=(IMAGE, LONG),
        absent=LONG,
        others=(LONG, IMAGE),
        note=IMAGE + LONG,
        folds=2,
    )
    return written(render(run.summary(), {IMAGE: LONG}, "{}\n", run.fits(20)), tmp_path_factory)


def written(html: str, places: pytest.TempPathFactory) -> Path:
    path = places.mktemp("page") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")


@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_it_complains_of_nothing_and_asks_for_nothing(which: str, request: pytest.FixtureRequest, opened: Open) -> None:
    tab = opened(request.getfixturevalue(which))
    unfold(tab.page)
    tab.page.mouse.wheel(0, 5000)
    tab.page.wait_for_load_state("networkidle")
    assert tab.seen == Seen()


def column(page: Any, place: int) -> list[str]:
    cells: list[str] = page.locator(f"#comparisons-table tbody tr:visible > :nth-child({place})").all_inner_texts()
    return [text.strip() for text in cells]


def test_sorting_goes_by_the_exact_number_and_leaves_what_was_not_measured_last(plain: Path, opened: Open) -> None:
    page = opened(plain).page
    head = page.locator("#comparisons-table th", has_text="Parameters")
    values = "rows => rows.map((row) => row.cells[10].dataset.v).map((v) => v === undefined ? null : +v)"
    for order, sign in (("ascending", 1), ("descending", -1)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        shown_values = page.eval_on_selector_all("#comparisons-table tbody tr", values)
        known = [value for value in shown_values if value is not None]
        assert len(known) == 4
        assert known == sorted(known, key=lambda value: sign * value)
        assert shown_values[4:] == [None, None]


def test_sorting_by_keyboard_goes_by_name(plain: Path, opened: Open) -> None:
    page = opened(plain).page
    page.locator("#comparisons-table th button", has_text="Dataset").focus()
    for _ in range(2):
        page.keyboard.press("Enter")
    assert column(page, 1) == ["wine"] * 3 + ["slump"] * 3


def test_filters_hide_rows_and_count_them(plain: Path, opened: Open) -> None:
    page = opened(plain).page
    page.locator("#filters").get_by_label("Against").select_option("separate-matched")
    assert column(page, 4) == ["separate-matched"] * 2
    page.locator("#filters").get_by_label("Search").fill("WINE")
    assert column(page, 1) == ["wine"]
    assert page.locator("#filter-count").inner_text() == "1 of 6 comparisons"
    page.locator("#filters").get_by_label("Search").fill("no such thing")
    assert column(page, 1) == []


def test_the_first_screen_is_sorted_by_its_headings_with_the_keyboard(plain: Path, opened: Open) -> None:
    page = opened(plain).page
    names = page.locator("#board details bdi")
    shown = lambda: [text for text in names.all_inner_texts() if text]  # noqa: E731  # closed rows have more names
    assert shown()[0] == "slump"
    button = page.locator("#board-head").get_by_role("button", name="Dataset")
    button.focus()
    for first in ("slump", "wine", "slump"):
        page.keyboard.press("Enter")
        assert shown()[0] == first


def test_every_figure_has_a_name_that_says_what_it_shows(plain: Path, opened: Open) -> None:
    page = opened(plain).page
    unfold(page)
    drawings, named = page.locator("svg:not([aria-hidden])"), page.get_by_role("img", name=re.compile(".{25,}"))
    assert drawings.count() == named.count() > 20


@pytest.mark.parametrize("which", ["plain", "hostile"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["390", "1280"])
def test_nothing_scrolls_sideways_but_tables_in_their_box(
    which: str, size: dict[str, int], request: pytest.FixtureRequest, opened: Open
) -> None:
    page = opened(request.getfixturevalue(which), viewport=size).page
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate(TOO_WIDE) == []


def test_names_are_text(hostile: Path, opened: Open) -> None:
    tab = opened(hostile)
    unfold(tab.page)
    assert tab.page.locator("img").count() == 0
    assert tab.seen.dialogs == []
    for name in (IMAGE, LONG):
        assert tab.page.locator("th", has_text=name).first.is_visible()


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESK)], ids=["light", "dark"])
def test_axe_finds_nothing(scheme: str, size: dict[str, int], plain: Path, opened: Open) -> None:
    """WCAG 2.2 A and AA, contrast included, with everything unfolded."""
    from axe_playwright_python.sync_playwright import Axe

    page = opened(plain, color_scheme=scheme, viewport=size).page
    unfold(page)
    rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    response = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations", "passes"]}).response
    violations = [
        (v["id"], node["target"], node["failureSummary"]) for v in response["violations"] for node in v["nodes"][:3]
    ]
    assert violations == []
    assert "color-contrast" in {rule["id"] for rule in response["passes"]}


def test_the_dark_page_is_dark(plain: Path, opened: Open) -> None:
    """Paper and ink change places, and a drawing's text takes the page's ink."""
    brightness = """() => ['backgroundColor', 'color'].map((key) => getComputedStyle(document.body)[key])
      .concat(getComputedStyle(document.querySelector('figure text')).fill)
      .map((colour) => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + +part / 765, 0))"""
    light = opened(plain, color_scheme="light").page.evaluate(brightness)
    dark = opened(plain, color_scheme="dark").page.evaluate(brightness)
    assert light[0] > 0.9 > 0.3 > max(light[1:])
    assert dark[0] < 0.2 < 0.7 < min(dark[1:])


def test_without_a_script_everything_can_be_read(plain: Path, opened: Open, report: Any) -> None:
    page = opened(plain, java_script_enabled=False).page
    assert page.get_by_role("heading", level=1).inner_text() == report.summary.headline
    assert len(column(page, 1)) == 6
    assert page.locator("button:visible, form:visible").count() == 0
    assert page.locator("#dataset-1 .cell > .scroll table").first.is_visible()
    assert page.locator("#command").inner_text() == report.summary.command


def test_links_unfold_where_they_lead(opened: Open, plain: Path) -> None:
    page = opened(plain).page
    page.get_by_role("button", name="Fold all", exact=True).click()
    assert not page.locator("#dataset-2 .title").is_visible()
    page.locator("#board summary", has_text="wine").click()
    page.locator("#board a", has_text="wine").click()
    assert page.locator("#dataset-2 .title").is_visible()


def test_files_are_saved_without_a_network(plain: Path, opened: Open, tmp_path: Path) -> None:
    page = opened(plain).page
    for link in page.locator("a[download]").all():
        with page.expect_download() as waiting:
            link.click()
        saved = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(saved)
        assert saved.read_bytes()[:2] == b"\x1f\x8b", "a gzip file"


def test_it_prints_with_everything_unfolded(plain: Path, opened: Open) -> None:
    tab = opened(plain)
    tab.page.get_by_role("button", name="Fold all", exact=True).click()
    pages = re.findall(rb"/Type\s*/Page\b", tab.page.pdf(prefer_css_page_size=True))
    assert len(pages) > 6
    assert tab.seen.errors == []
