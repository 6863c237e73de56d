"""Somebody else's strategy, installed by an entry point, keeps the same contract: it is the one in the README."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest

from fetchmux.testing import BackendContract

README = Path(__file__).parents[2] / "README.md"
METADATA = "Metadata-Version: 2.1\nName: one-by-one\nVersion: 1.0\n"


def install(folder: Path, module: str, source: str, name: str) -> None:
    """Lay a package into `folder` as pip would: the module, and beside it its entry point."""
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(f"[fetchmux.backends]\n{name} = {module}\n")


def source_in_readme() -> str:
    """The strategy that the README shows."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    found: str
    (found,) = [block for block in blocks if "def run(frontier, options)" in block]
    return found


class TestOneByOne(BackendContract):
    backend = "one-by-one"
    concurrent = False

    _site: ClassVar[tempfile.TemporaryDirectory[str]]
    _patch: ClassVar[pytest.MonkeyPatch]

    @classmethod
    def setup_class(cls) -> None:
        cls._site, cls._patch = tempfile.TemporaryDirectory(), pytest.MonkeyPatch()
        install(Path(cls._site.name), "one_by_one", source_in_readme(), cls.backend)
        places = [cls._site.name, *filter(None, [os.environ.get("PYTHONPATH")])]
        cls._patch.setenv("PYTHONPATH", os.pathsep.join(places))
        super().setup_class()

    @classmethod
    def teardown_class(cls) -> None:
        super().teardown_class()
        cls._patch.undo()
        cls._site.cleanup()


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """An environment in which three strange strategies are installed."""
    install(tmp_path, "broken_one", "import no_such_module_anywhere\n", "broken")
    install(tmp_path, "angry_one", 'raise RuntimeError("not today")\n', "angry")
    picky = '"""Picks its moments."""\ndef run(frontier, options): ...\ndef missing(): return "buy it"\n'
    install(tmp_path, "picky_one", picky, "picky")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


@pytest.fixture
def rude_site(tmp_path: Path) -> dict[str, str]:
    """An environment in which strategies are installed that leave at once, wherever they are called."""
    install(tmp_path, "leaves_one", "raise SystemExit(3)\n", "leaves")
    install(tmp_path, "unready_one", "def run(f, o): ...\ndef prepare(): raise OSError('no luck')\n", "unready")
    install(tmp_path, "idle_one", "def run(f, o): ...\n", "idle")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def run(site: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fetchmux", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=site, check=False)


def test_what_others_installed_is_listed_with_its_remedy(site: dict[str, str]) -> None:
    lines = run(site, "backends", "--format", "jsonl").stdout.splitlines()
    rows = {row["name"]: row for row in map(json.loads, lines)}
    assert rows["picky"]["summary"] == "Picks its moments."
    assert (rows["picky"]["available"], rows["picky"]["remedy"]) == (False, "buy it")
    assert rows["broken"]["available"] is False
    assert "no_such_module_anywhere" in rows["broken"]["remedy"]
    assert rows["angry"]["available"] is False
    assert "RuntimeError: not today" in rows["angry"]["remedy"]


@pytest.mark.parametrize(
    ("name", "words"), [("picky", "buy it"), ("broken", "no_such_module_anywhere"), ("angry", "not today")]
)
def test_what_cannot_run_here_is_refused_with_the_same_words(name: str, words: str, site: dict[str, str]) -> None:
    done = run(site, "get", "-b", name, "http://127.0.0.1:1/")
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_module_that_would_end_the_program_only_counts_as_unavailable(rude_site: dict[str, str]) -> None:
    lines = run(rude_site, "backends", "--format", "jsonl").stdout.splitlines()
    rows = {row["name"]: row for row in map(json.loads, lines)}
    assert "SystemExit" in rows["leaves"]["remedy"]
    assert rows["sequential"]["available"] is True


@pytest.mark.parametrize(("name", "words"), [("leaves", "SystemExit: 3"), ("unready", "OSError: no luck")])
def test_what_cannot_begin_is_refused_in_one_line(name: str, words: str, rude_site: dict[str, str]) -> None:
    done = run(rude_site, "get", "-b", name, "http://127.0.0.1:1/")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert words in done.stderr


def test_a_strategy_that_returns_too_early_does_not_pass_for_a_success(rude_site: dict[str, str]) -> None:
    done = run(rude_site, "get", "-b", "idle", "http://127.0.0.1:1/")
    assert done.returncode == 1
    assert "the backend idle returned before the run was over" in done.stderr
