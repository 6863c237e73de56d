"""A second run with --etag: under each strategy whatever has not changed stays, and no server's slip costs a body."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.backends.available import strategies
from tests.needs import tool
from tests.real.servers import HOST, Answering, Visit, free_port, get, nginx, record, records

TAG = 'ETag: "1"'


class Site:
    """Pages that are one way at first and, since `later`, another.

    Attributes:
        folder: where the bodies of the present run are saved.
        asked: places and the conditions that they were asked with, in order, since `later`.
    """

    def __init__(self) -> None:
        self.later = False
        self.folder = Path()
        self.asked: list[tuple[str, bool]] = []

    def answer(self, visit: Visit) -> None:
        while head := visit.read().decode():
            path, asked = head.split()[1], "\r\nif-" in head.lower()
            if self.later:
                self.asked.append((path, asked))
            PAGES[path](self, visit, asked)

    def page(self, visit: Visit, asked: bool) -> None:
        if asked:
            visit.say("304 Not Modified", "", TAG, keep=True)
        else:
            visit.say("200 OK", "same", TAG, keep=True)

    def changed(self, visit: Visit, asked: bool) -> None:
        visit.say("200 OK", "new" if self.later else "old", f'ETag: "{int(self.later)}"', keep=True)

    def moved(self, visit: Visit, asked: bool) -> None:
        visit.say("302 Found", "", f"Location: {'/two' if self.later else '/one'}", keep=True)

    def stays(self, visit: Visit, asked: bool) -> None:
        visit.say("302 Found", "", "Location: /one", keep=True)

    def two(self, visit: Visit, asked: bool) -> None:
        visit.say(*(("304 Not Modified", "") if asked else ("200 OK", "two")), TAG, keep=True)

    def vanishing(self, visit: Visit, asked: bool) -> None:
        """What was saved is taken away while the question is on its way."""
        if asked:
            (self.folder / HOST / "vanishing").unlink()
        self.page(visit, asked)

    def dated(self, visit: Visit, asked: bool) -> None:
        """Looks at the date alone, which has stayed though the page has not."""
        said = f'ETag: "{int(self.later)}"'
        visit.say(*(("304 Not Modified", "") if asked else ("200 OK", "new" if self.later else "old")), said, keep=True)

    def strict(self, visit: Visit, asked: bool) -> None:
        visit.say(*(("412 Precondition Failed", "") if asked else ("200 OK", "strict")), TAG, keep=True)

    def unasked(self, visit: Visit, asked: bool) -> None:
        visit.say(*(("304 Not Modified", "") if self.later else ("200 OK", "was there")), keep=True)

    def stubborn(self, visit: Visit, asked: bool) -> None:
        """Answers nothing but 304, which is not about what was saved."""
        if self.later:
            visit.say("304 Not Modified", "", 'ETag: "2"', keep=True)
        else:
            visit.say("200 OK", "old", TAG, keep=True)


PAGES: dict[str, Callable[[Site, Visit, bool], None]] = {
    "/page": Site.page,
    "/changed": Site.changed,
    "/moved": Site.moved,
    "/stays": Site.stays,
    "/one": Site.page,
    "/two": Site.two,
    "/vanishing": Site.vanishing,
    "/dated": Site.dated,
    "/strict": Site.strict,
    "/unasked": Site.unasked,
    "/stubborn": Site.stubborn,
}
# Status, the name of the file, what is in it, and what was asked for that and whether with a condition.
SECOND = {
    "/page": (304, "page", "same", [("/page", True)]),
    "/changed": (200, "changed-1", "new", [("/changed", True)]),
    "/moved": (200, "moved-1", "two", [("/moved", False), ("/two", False)]),
    "/stays": (304, "stays", "same", [("/stays", False), ("/one", True)]),
    "/vanishing": (200, "vanishing", "same", [("/vanishing", True), ("/vanishing", False)]),
    "/dated": (200, "dated-1", "new", [("/dated", True), ("/dated", False)]),
    "/strict": (200, "strict-1", "strict", [("/strict", True), ("/strict", False)]),
    "/unasked": (304, None, None, [("/unasked", False)]),
    "/stubborn": (304, None, None, [("/stubborn", True), ("/stubborn", False)]),
}


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[Site, str]]:
    site = Site()
    with Answering(site.answer) as server:
        yield site, f"http://{HOST}:{server.port}"


@pytest.fixture(scope="module")
def first(site: tuple[Site, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first run has saved."""
    folder = tmp_path_factory.mktemp("first")
    told = records("--save-dir", str(folder), "--etag", stdin="".join(f"{site[1]}{path}\n" for path in SECOND))
    assert {told["status"] for told in told} == {200}
    return folder


@pytest.mark.parametrize(
    "options",
    [*strategies(), pytest.param("epoll --processes 2"), pytest.param("epoll --ordered -c 2 --http 1.1")],
)
def test_what_has_not_changed_stays_and_everything_else_is_there(
    options: str, site: tuple[Site, str], first: Path, tmp_path: Path
):
    pages, root = site
    folder = pages.folder = tmp_path / "pages"
    shutil.copytree(first, folder)
    pages.later, pages.asked = True, []
    asked = "".join(f"{root}{path}\n" for path in SECOND)
    told = records("-b", *options.split(), "--save-dir", str(folder), "--etag", stdin=asked)
    for path, came in zip(SECOND, told, strict=True):
        status, name, text, _ = SECOND[path]
        saved = came["saved_to"]
        assert (came["status"], came["ok"], came["attempts"]) == (status, True, 1), path
        assert saved == (None if name is None else str(folder / HOST / name)), path
        assert text is None or Path(saved).read_text() == text
    assert sorted(pages.asked) == sorted(question for *_, asked in SECOND.values() for question in asked)


def test_a_hash_that_is_expected_or_shown_is_that_of_the_saved_body(site: tuple[Site, str], tmp_path: Path):
    url, options = f"{site[1]}/page", ["--save-dir", str(tmp_path), "--etag", "--body", "hash"]
    whole = record(url, *options)
    for more in ([], ["--expect-sha256", whole["sha256"]]):
        again = record(url, *options, *more)
        assert [again[name] for name in ("status", "ok", "sha256", "saved_to")] == [
            304, True, whole["sha256"], whole["saved_to"],
        ]  # fmt: skip


def test_a_dry_run_shows_the_question_and_touches_nothing(site: tuple[Site, str], first: Path, tmp_path: Path):
    shown = get(f"{site[1]}/page", "--dry-run", "--save-dir", str(first), "--etag").stdout
    assert b'\nIf-None-Match: "1"\n' in shown
    shown = get(f"{site[1]}/page", "--dry-run", "--save-dir", str(tmp_path / "new"), "--etag").stdout
    assert b"If-" not in shown
    assert not (tmp_path / "new").exists()


CONFIGURATION = """
gzip on; gzip_min_length 1; gzip_types text/plain; default_type text/plain;
server {{ listen {host}:{port}; root {folder}/pages; }}
"""


@tool("nginx")
def test_nginx_keeps_what_was_saved_decoded_and_coded_apart(tmp_path: Path):
    """Its tags are weak where it compresses, and the same for both."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/a").write_text("a" * 1000)
    port = free_port()
    url, options = f"http://{HOST}:{port}/a", ["--save-dir", str(tmp_path / "saved"), "--etag"]
    with nginx(tmp_path, port, CONFIGURATION.format(host=HOST, port=port, folder=tmp_path)):
        coded = ["-H", "Accept-Encoding: gzip", "--http", "1.1"]
        for more in (coded, [], ["--compressed", "--http", "1.1"]):
            whole, again = record(url, *options, *more), record(url, *options, *more)
            assert (whole["status"], again["status"]) == (200, 304)
            saved = Path(again["saved_to"]).read_bytes()
            assert saved.startswith(b"\x1f\x8b") if more == coded else saved == b"a" * 1000
            assert whole["saved_to"] == again["saved_to"]
