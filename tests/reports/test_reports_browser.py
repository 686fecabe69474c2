"""The page as a browser shows it."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright
from report_sample import report

from onceproof.reports.write import write

pytestmark = pytest.mark.browser
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser():
    """Return a Chromium; without one the tests are skipped, and fail where CI is set."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "expected chromium on the PATH, found none"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(params=["light", "dark"])
def page(browser, request, tmp_path):
    """Return the sample report, opened from its file on a phone's width."""
    opened = browser.new_page(color_scheme=request.param, viewport={"width": 390, "height": 844})
    opened.problems = []
    opened.on("console", lambda message: opened.problems.append(message.text))
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("requestfailed", lambda failed: opened.problems.append(failed.url))
    opened.goto(write(report(), tmp_path).as_uri())
    yield opened
    opened.close()


def test_table_is_visible_and_nothing_goes_wrong(page):
    """The first table shows, the console stays silent, and no request leaves the page."""
    assert page.locator("table").first.is_visible()
    assert [] == page.problems


def test_cell_leads_to_its_story(page):
    """Following the link of a refuted cell brings its story to the top of the window."""
    assert page.evaluate("scrollY") == 0

    page.locator("a.cell").nth(1).click()

    assert page.url.endswith("#story-2")
    top = page.locator("#story-2").bounding_box()["y"]
    assert -1 <= top <= 40


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_page_never_scrolls_sideways(page, width):
    """From a phone to a desk the page is as wide as its window; figures and code scroll inside."""
    page.set_viewport_size({"width": width, "height": 844})

    assert width == page.evaluate("document.documentElement.scrollWidth")


def test_colours_follow_the_system(page):
    """The background is light or dark as the system asks, with text that contrasts."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    shades = [int(shade) for shade in background.strip("rgb()").split(",")]

    assert dark == (max(shades) < 64)


def test_scenario_opens(page):
    """The scenario of a story is folded away and opens by a click."""
    scenario = page.locator("#story-1 details pre")
    assert not scenario.is_visible()

    page.locator("#story-1 summary").click()

    assert scenario.is_visible()
