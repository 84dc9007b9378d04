# SPDX-License-Identifier: Apache-2.0
"""The bench's table, page and comparison, of the figures kept in the tree: no machine is needed."""
import fnmatch
import html.parser
import os
import shutil
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools/bench"))
import kept     # noqa: E402
import page     # noqa: E402
import table    # noqa: E402

pytestmark = pytest.mark.zeroth_only
BROWSER = shutil.which("chromium-headless-shell") or shutil.which("chromium")


class Dom(html.parser.HTMLParser):
    """What a browser made of the page: bars, articles, and what it would load from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.bars, self.shown, self.hidden, self.outside, self.widths = [], 0, 0, [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Override: count."""
        attrs = dict(attrs)
        kind = (attrs.get("class") or "").split()
        if kind[:1] == ["bar"]:
            self.bars.append((attrs["data-row"], attrs["data-column"]))
        if tag == "article":
            self.hidden += "hidden" in attrs
            self.shown += "hidden" not in attrs
        if tag == "i":
            self.widths.append(float(attrs["style"].removeprefix("width:").removesuffix("%")))
        self.outside += [attrs[name] for name in ("src", "href")
                         if name in attrs and not attrs[name].startswith("data:")]


def browse(path, fragment=""):
    """The document after a headless browser without a network has run it; fails on its complaints."""
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--dump-dom",
         f"file://{path}{fragment}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=120, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    return Dom(done.stdout)


@pytest.fixture(name="rows", scope="module")
def fixture_rows():
    """The rows of the figures kept."""
    return table.assemble(kept.load()["figures"])


def test_page_in_a_browser(rows, tmp_path):
    """It loads without a complaint or a network, and has a bar for each row and figure."""
    path = tmp_path / "bench.html"
    path.write_text(page.html(rows), encoding="utf-8")
    dom = browse(path)
    figures = [(row.row, name) for row in rows for name in table.COLUMNS
               if getattr(row, name) is not None]
    assert sorted(dom.bars) == sorted(figures) and len(figures) > 200
    assert (dom.shown, dom.hidden, dom.outside) == (len(rows), 0, [])
    assert all(0 <= width <= 100 for width in dom.widths) and len(dom.widths) == len(figures)
    grants = [row for row in rows if "grant" in row.row + row.limit]
    narrowed = browse(path, "#grant")
    assert (narrowed.shown, narrowed.hidden) == (len(grants), len(rows) - len(grants))


def test_every_row_is_explained(rows):
    """A target missed, or more than half of Xen's figure without a target, has words; they are of rows."""
    assert not [row.row for row in rows if row.owes_words() and not row.limit]
    names, known = [row.row for row in rows], table.settings()
    assert not [name for name in known["target"] if name not in names]
    assert not [name for one in known["limit"] for name in one["rows"] if not fnmatch.filter(names, name)]


def test_table_has_what_was_asked(rows):
    """The rows with targets have Zeroth's figure and Xen's; those of exits KVM's; operations three ways."""
    of = {row.row: row for row in rows}
    for name in table.settings()["target"]:
        assert of[name].zeroth is not None
        assert of[name].xen is not None or "memory" in name
    assert of["exit and back: CPUID"].kvm
    for row in rows:
        if row.row.endswith(": patched"):
            assert row.met() is True, row
    for record in table.records(rows):
        assert list(record) == ["row", "unit", "native", "zeroth", "xen", "kvm", "target"]


def test_comparison():
    """Three per cent are let pass; more, a row that is gone and one that is new are told."""
    old = {"place": {"a": 100, "b": 100, "gone": 5, "c": 1}}
    bad, good = kept.compare(old, {"place": {"a": 103, "b": 104, "new": 1, "c": 1}})
    assert good == 2 and len(bad) == 3
    assert [any(word in line for line in bad) for word in (": b: 104, was 100", "gone", "new")] == [True] * 3
    assert kept.better(old, {"place": {"a": 90, "b": 99, "c": 1}}) == ["place: a: 90, was 100"]
    assert kept.compare(old, {}) == ([], 0)         # places that were not measured say nothing
