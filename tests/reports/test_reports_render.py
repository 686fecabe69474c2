"""The renderings of a report.

The snapshots are what the renderers print for the sample report. After an intended change, write them by

    ONCEPROOF_SNAPSHOTS=write python -m pytest tests/reports/test_reports_render.py -k snapshot

and read the difference before you commit it.
"""

import io
import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import report_sample
from markdown_it import MarkdownIt
from report_sample import lost_story, report, schedule_story, wide_story, with_key
from rich.console import Console

from onceproof.reports import write as writing
from onceproof.reports.html import html
from onceproof.reports.junit import junit
from onceproof.reports.machine import machine
from onceproof.reports.markdown import CHARACTERS_MAX, code, markdown
from onceproof.reports.terminal import print_report
from onceproof.reports.timeline import timeline
from onceproof.reports.write import write

SNAPSHOTS = Path(__file__).parent / "snapshots"
FILES = ("index.html", "junit.xml", "report.md", "report.json")
VOID = {"meta", "link", "br", "wbr", "img", "hr", "input"}
EVIL = '<script>alert("1")</script>&|`*\x1b[31m'


def terminal(sample, *, encoding="utf-8", width=120):
    """Return what a terminal of fixed width shows."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    print_report(sample, Console(file=file, width=width, force_terminal=False, color_system=None))
    file.flush()
    return raw.getvalue().decode(encoding)


RENDERERS = {
    "index.html": html,
    "junit.xml": junit,
    "report.md": markdown,
    "report.json": machine,
    "terminal.txt": terminal,
}


class Outline(HTMLParser):
    """Collects the elements of a page and checks that they are nested."""

    def __init__(self):
        super().__init__()
        self.open, self.elements, self.problems = [], [], []

    def handle_starttag(self, tag, attrs):
        """Note an element that opens."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note an element that opens and closes at once."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Note an element that closes, which must be the last one opened."""
        if not self.open or self.open.pop() != tag:
            self.problems.append((tag, self.getpos()))


def outline(page):
    """Return the parsed outline of `page`."""
    parsed = Outline()
    parsed.feed(page)
    parsed.close()
    return parsed


@pytest.mark.parametrize("file", sorted(set(RENDERERS) - {"report.json"}))
def test_rendering_equals_its_snapshot(file):
    """A report looks as it was last agreed on, to the byte."""
    actual = RENDERERS[file](report())
    path = SNAPSHOTS / file
    if os.environ.get("ONCEPROOF_SNAPSHOTS") == "write":
        path.write_text(actual, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == actual


RENDER = """
import sys
from report_sample import report
from test_reports_render import RENDERERS
for name in ("index.html", "junit.xml", "report.md", "terminal.txt"):
    sys.stdout.write(RENDERERS[name](report(sys.argv[1], {"seconds": len(sys.argv[1]), "at": sys.argv[1]})))
"""


def test_same_seed_gives_the_same_bytes():
    """Neither hash seeds nor durations nor ids of a store change a report for people."""
    rendered = []
    for hash_seed, salt in (("1", "a"), ("77", "another-store-")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
        environment["PYTHONPATH"] = os.pathsep.join((str(Path(__file__).parent), *sys.path))
        command = [sys.executable, "-c", RENDER, salt]
        rendered.append(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)

    assert rendered[0] == rendered[1]
    assert rendered[0]


def test_only_the_measured_part_of_the_json_differs():
    """All that differs between two runs of one seed stands under `measured`."""
    one, other = (json.loads(machine(report(salt, {"seconds": len(salt)}))) for salt in ("a", "bcd"))

    assert one.pop("measured") != other.pop("measured")
    assert one == other


def test_json_is_whole():
    """The JSON says its version, keeps what was measured, and points from cells to stories."""
    document = json.loads(machine(report(measured={"port": 41233, "nodes": {"b", "a"}})))

    assert 1 == document["version"]
    assert {"nodes": ["a", "b"], "port": 41233} == {key: document["measured"][key] for key in ("nodes", "port")}
    cell = document["comparisons"][0]["rows"][2]["cells"][1]
    story = document["stories"][cell["story"] - 1]
    assert ("refuted", "Schedule", "kill -9") == (cell["mark"], story["row"], story["fault"])
    assert "started" == story["history"]["events"][0]["event"]
    assert [1, 2] == story["verdict"]["findings"][0]["offsets"]


def test_page_is_well_formed_and_its_links_lead_somewhere():
    """Every element closes, every id is used once, and every link ends at an id of the page."""
    parsed = outline(html(report()))
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    links = [attributes["href"] for tag, attributes in parsed.elements if tag == "a"]

    assert ([], []) == (parsed.problems, parsed.open)
    assert len(set(ids)) == len(ids)
    assert ["#story-1", "#story-2", "#story-3"] == links
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_page_needs_nothing_from_elsewhere():
    """The page has no script, and no attribute or style refers to another file or host."""
    page = html(report())
    parsed = outline(page)

    assert [] == [tag for tag, _ in parsed.elements if tag in {"script", "iframe", "object", "embed"}]
    for tag, attributes in parsed.elements:
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
    assert "@import" not in page
    assert page.count("url(") == page.count("url(#")


@pytest.mark.parametrize("story", [schedule_story(), lost_story(), wide_story()], ids=lambda story: story.name)
def test_timeline_is_accessible_and_inside_its_frame(story):
    """A timeline is well-formed, has a role, title and description, and stays in its frame."""
    root = ElementTree.fromstring(timeline(story, "x"))
    space = "{http://www.w3.org/2000/svg}"
    width, height = (float(root.attrib[name]) for name in ("width", "height"))

    assert "img" == root.attrib["role"]
    assert f"Timeline of {story.name}" == root.findtext(f"{space}title")
    assert root.findtext(f"{space}desc")
    for box in root.iter(f"{space}rect"):
        x, y, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x < x + wide <= width
        assert 0 <= y < y + high <= height
    assert max(float(text.attrib["y"]) for text in root.iter(f"{space}text")) <= height


def test_timeline_tells_without_colour():
    """The crash, doubled and lost offsets are named in text and drawn with a pattern of their own."""
    drawn = timeline(schedule_story(), "x")

    assert "killed before the 1st commit</text>" in drawn
    assert ">1, 2 twice</text>" in drawn
    assert "url(#x-hatch)" in drawn
    assert ">0 to 3 lost</text>" in timeline(lost_story(), "x")


def test_timeline_of_many_records_draws_objects_instead():
    """Beyond 60 records the objects without findings are one span, and no record is drawn alone."""
    drawn = timeline(wide_story(), "x")

    assert "<circle" not in drawn
    assert ">269 objects</text>" in drawn
    assert ">26950 to 26999 twice</text>" in drawn


def test_markup_in_names_stays_text():
    """A key with markup in it is text in the page, the Markdown and the JUnit file, and moves no terminal."""
    sample = with_key(f"topics/{EVIL}.json")
    page, suites = html(sample), junit(sample)

    assert "<script" not in page
    assert "\x1b" not in page
    assert ([], []) == (outline(page).problems, outline(page).open)
    shown = MarkdownIt("commonmark").enable("table").render(markdown(sample))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert EVIL.replace("\x1b", "\\x1b") in "".join(ElementTree.fromstring(suites).itertext())
    assert "\x1b" not in terminal(sample)
    assert "alert" in json.loads(machine(sample))["comparisons"][0]["title"]


def test_code_spans_hold_any_text():
    """A code span in Markdown keeps backticks, and bars do not end the cell of a table."""
    assert "`a=b`" == code("a=b")
    assert "``a`b``" == code("a`b")
    assert "`` `a ``" == code("`a")
    assert r"`a\|b`" == code("a|b")


def test_markdown_stays_within_the_limit(monkeypatch):
    """Stories that would break GitHub's limit are counted instead of written."""
    monkeypatch.setattr("onceproof.reports.markdown.CHARACTERS_MAX", 4_500)
    text = markdown(report())

    assert 4_500 >= len(text)
    assert "more in `index.html`, left out here for length." in text
    assert 65_536 > CHARACTERS_MAX


def test_junit_fails_what_is_not_as_expected():
    """A suite for each comparison, a case for each cell; a failure ends with its replay command."""
    root = ElementTree.fromstring(junit(report()))
    failures = list(root.iter("failure"))

    assert ["Rotation and crashes", "Departures of January 2013"] == [suite.attrib["name"] for suite in root]
    assert ("14", "1") == (root.attrib["tests"], root.attrib["failures"])
    assert 14 == len(list(root.iter("testcase")))
    assert ["at-most-once, expected at-least-once"] == [failure.attrib["message"] for failure in failures]
    assert "onceproof replay scenarios/commit-first.yaml" == failures[0].text.splitlines()[-1]


def test_terminal_marks_without_colour_and_ends_stories_with_the_command():
    """Without colour refuted, unobserved and unexpected cells differ, and the command stands alone."""
    text = terminal(report())

    for expected in ("✗ at-least-once", "◌ once at rest", "✓ identical objects", "! Not as expected"):
        assert expected in text
    assert "\nonceproof replay scenarios/schedule-kill.yaml\n\n" in text


def test_terminal_of_ascii_alone_gets_ascii():
    """A terminal that knows ASCII alone gets the same report in signs that it knows."""
    text = terminal(report(), encoding="ascii")

    assert text.isascii()
    assert "x at-least-once" in text
    assert "o once at rest" in text


def test_write_leaves_all_files(tmp_path):
    """Writing leaves the page, its siblings and the scenarios, and nothing temporary."""
    index = write(report(), tmp_path / "out")

    expected = {
        *FILES,
        *(f"scenarios/{name}.yaml" for name in ("schedule-kill", "commit-first", "departures")),
    }
    found = {path.relative_to(tmp_path / "out").as_posix() for path in index.parent.rglob("*") if path.is_file()}
    assert tmp_path / "out" / "index.html" == index
    assert expected == found
    assert schedule_story().scenario_yaml == (index.parent / "scenarios/schedule-kill.yaml").read_text()


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_full_disk_leaves_the_report_of_before(tmp_path, monkeypatch, broken):
    """When a write fails, each file is the one of before and no temporary file stays."""
    write(report(), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, broken, full)
    with pytest.raises(OSError, match="No space left"):
        write(report("x", {"seconds": 9}), tmp_path)

    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_scenario_outside_the_folder_is_refused(tmp_path):
    """A scenario path that leads out of the folder of the report writes nothing at all."""
    sample = with_key("x")
    story = sample.comparisons[0].rows[0].cells[0].story
    object.__setattr__(story, "scenario_path", "../evil.yaml")

    with pytest.raises(ValueError, match=r"\.\./evil\.yaml"):
        write(sample, tmp_path / "out")

    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]
    assert report_sample.report().as_expected is False
