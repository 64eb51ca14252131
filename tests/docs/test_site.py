"""The pages of the documentation's site: each thing has one, each link leads somewhere, nothing is fetched.

`make docs` renders them, and checks the links and anchors of the result again.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import normpath

import pytest

from dspyc.cli.main import SECTIONS
from dspyc.compiler import catalog
from dspyc.compiler.query.keywords import LINES
from dspyc.compiler.rules.register import KINDS
from sitemaker.collect import all_pages, readable, write_source
from sitemaker.constructs import FOLDER as CONSTRUCTS
from sitemaker.finish import SHIM, fetched, finish
from sitemaker.links import broken_links
from sitemaker.names import place_of
from sitemaker.navigation import as_toml, navigation
from sitemaker.page import Page, prose, table
from sitemaker.playground import MARK, put_playground
from sitemaker.written import outside_of_code, relinked
from support.walkthrough import ROOT

LINK = re.compile(r"(!?)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {page.path: page for page in all_pages(ROOT)}


def anchors(text: str) -> set[str]:
    headings = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each) for each in HEADING.findall(text))
    plain = (heading.lower().replace("`", "") for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


def test_everything_has_a_page(pages: dict[str, Page]) -> None:
    expected = [f"reference/rules/{code.lower()}.md" for code in KINDS]
    expected += [place_of(name) for name in catalog.names()]
    expected += [f"reference/commands/{name}.md" for names in SECTIONS.values() for name in names]
    expected += [f"{CONSTRUCTS}/{each.word}.md" for each in LINES]
    assert len(expected) > 400
    assert [path for path in expected if path not in pages] == []
    # Some systems do not tell capitals from small letters.
    assert len({path.lower() for path in expected}) == len(expected)


def test_every_page_says_something(pages: dict[str, Page]) -> None:
    short = [path for path, page in pages.items() if len(page.text) < 100]
    assert short == []


def test_links_anchors_and_pictures_hold(pages: dict[str, Page]) -> None:
    files = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs" / "images").iterdir()}
    known = {path: anchors(page.text) for path, page in pages.items()}
    broken = []

    def look(path: str, words: str) -> str:
        for picture, target in LINK.findall(words):
            where, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                assert not picture, f"{path} fetches {target}"
                continue
            reached = normpath(f"{path.rpartition('/')[0]}/{where}".lstrip("/")) if where else path
            if (reached not in known and reached not in files) or (anchor and anchor not in known[reached]):
                broken.append(f"{path}: {target}")
        return words

    for path, page in pages.items():
        outside_of_code(page.text, lambda words, path=path: look(path, words))  # type: ignore[misc]
    assert broken == []


def test_every_page_has_a_place_in_the_navigation(pages: dict[str, Page], tmp_path: Path) -> None:
    settings = write_source(ROOT, tmp_path / "source", list(pages.values()))
    assert 'nav = [{ "Home" = "index.md" }' in settings.read_text(encoding="utf-8")
    new = navigation([*pages.values(), Page("new.md", "New", "")])
    assert new[-3]["Tools"][-1] == {"New": "new.md"}  # type: ignore[index,call-overload]
    with pytest.raises(ValueError, match=r"nowhere/x\.md"):
        navigation([*pages.values(), Page("nowhere/x.md", "Nowhere", "")])


def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Page], tmp_path: Path) -> None:
    """What is written; `make docs` looks at what is rendered, by the functions that are tested here."""
    for path, page in pages.items():
        outside = outside_of_code(page.text, lambda words: words)
        assert not re.search(r"<(?:script|img|iframe|link)\b", outside), path
    style = (ROOT / "website" / "assets" / "site.css").read_text(encoding="utf-8")
    assert "url(" not in style
    assert "@import" not in style
    (tmp_path / "a").mkdir()
    page = tmp_path / "a" / "page.html"
    page.write_text(f'<p>hi</p><script src="{SHIM}"></script>', encoding="utf-8")
    assert len(list(fetched(tmp_path))) == 1
    finish(tmp_path)
    assert list(fetched(tmp_path)) == []
    assert 'src="../assets/iframe-worker-shim.js"' in page.read_text(encoding="utf-8")


def test_broken_links_of_a_rendered_site_are_found(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="b/c.html#there">1</a><a href="b/c.html#gone">2</a><a href="no.html">3</a>'
        '<img src="b/c.html">',
        encoding="utf-8",
    )
    (tmp_path / "b" / "c.html").write_text(
        '<h1 id="there"><a href="../index.html">4</a></h1>', encoding="utf-8"
    )
    assert list(broken_links(tmp_path)) == [
        "index.html: a picture without a text: b/c.html",
        "index.html: b/c.html#gone",
        "index.html: no.html",
    ]


def test_each_test_behind_a_guarantee_exists() -> None:
    """`docs/security.md` names a test for each guarantee."""
    named = TEST.findall((ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    assert len(named) > 30
    absent = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(
            rf"^(?:async )?def {name}\(",
            (ROOT / file).read_text(encoding="utf-8") if (ROOT / file).is_file() else "",
            re.MULTILINE,
        )
    ]
    assert absent == []


def test_links_are_turned_to_where_the_site_has_what_they_lead_to() -> None:
    places = {"docs/a.md": "a.md", "docs/b/c.md": "b/c.md", "SECURITY.md": "project/reporting.md"}
    text = "[x](b/c.md#y) [s](../SECURITY.md) [none](../Makefile) [out](https://example.com)\n\n```md\n[x](b/c.md)\n```"
    assert relinked(text, "docs/a.md", "a.md", places) == (
        "[x](b/c.md#y) [s](project/reporting.md) none [out](https://example.com)\n\n```md\n[x](b/c.md)\n```"
    )
    assert relinked("[x](../a.md)", "docs/b/c.md", "b/c.md", places) == "[x](../a.md)"


def test_pieces_of_pages() -> None:
    assert prose("Does it.\n\nArgs:\n    name: what\n        it is called.\n\nMore.") == (
        "Does it.\n\n**Args**\n\n- `name`: what\n  it is called.\n\nMore."
    )
    assert prose("Does it.\n\n    a = 1\n\n    b = 2\n\nMore.") == (
        "Does it.\n\n```python\na = 1\n\nb = 2\n```\n\nMore."
    )
    assert table(("a", "b"), [("`x | y`", "z")]) == "| a | b |\n| --- | --- |\n| `x \\| y` | z |"
    assert table(("a",), []) == ""
    assert as_toml(["i.md", {"A": ["x.md"]}]) == '["i.md", { "A" = ["x.md"] }]'
    # Python-Markdown reads what GitHub wants escaped as it is written.
    assert readable("| `a \\| b` | c \\| d |\n\n`e \\| f`\n") == "| `a | b` | c \\| d |\n\n`e \\| f`\n"


def test_the_playground_is_shown_where_it_was_built(tmp_path: Path, pages: dict[str, Page]) -> None:
    built, site = tmp_path / "dist", tmp_path / "site"
    for folder in (built / "pyodide", site):
        folder.mkdir(parents=True)
    assert MARK in pages["playground.md"].text
    page = site / "playground.html"
    page.write_text(f"<p>before</p>\n{MARK}\n", encoding="utf-8")
    assert not put_playground(built, site)
    assert MARK in page.read_text(encoding="utf-8")
    (built / "index.html").write_text("<title>Playground</title>")
    (built / "pyodide" / "pyodide.mjs").write_text("// Python")
    assert put_playground(built, site)
    assert 'src="playground/index.html?embed"' in page.read_text(encoding="utf-8")
    assert (site / "playground" / "pyodide" / "pyodide.mjs").is_file()
    assert [*fetched(site), *broken_links(site)] == []
