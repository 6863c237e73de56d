"""Runs that keep a journal, without a network: each result is made up, and a run may die anywhere."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.frontier import outcome
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.journal.book import Book
from fetchmux.journal.keeping import Keeping
from fetchmux.journal.mending import Format, mend
from fetchmux.journal.past import WANTED, State
from fetchmux.model import Request, Result
from fetchmux.sinks.delimited import Delimited
from fetchmux.sinks.jsonl import JsonLines

TERMS = {"output": "here"}
Outcome = Callable[[Request], Code | None]


class Place:
    """A list, and the files of the runs that fetch it."""

    def __init__(self, directory: Path, form: Format = "jsonl", inputs: int = 40) -> None:
        self.form: Format = form
        # Quotes and line ends in an input are what tears rows apart.
        self.items = [f'http://h/{number}"x\n{number}' for number in range(inputs)]
        self.output, self.journal = directory / "output", directory / "journal"

    def live(self, dice: random.Random, outcome_of: Outcome, *, resume: str = "all", most: int | None = None) -> int:
        """One run, which ends in its course or after `most` results without another word; how many it fetched."""
        book = Book(str(self.journal))
        appends = (
            book.terms is not None
            and mend(str(self.output), self.form, book.past, replace=State.FAILED in WANTED[resume]).kept > 0
        )
        if book.terms is None:
            book.begin(TERMS)
        with open(self.output, "ab" if appends else "wb", buffering=0) as stream:
            separator = "," if self.form == "csv" else "\t"
            sink = JsonLines(stream) if self.form == "jsonl" else Delimited(stream, separator, heading=not appends)
            keeping = Keeping(read_requests(self.items, Recipe()), sink, book, WANTED[resume], lambda: None)
            fetched = _fetch(keeping, dice, outcome_of, most)
        book.close()
        return fetched

    def tear(self, dice: random.Random, output: int, journal: int) -> None:
        """Let the disk have no more of each file than some length from these on."""
        for path, safe in ((self.output, output), (self.journal, journal)):
            size = path.stat().st_size
            with open(path, "r+b") as file:
                file.truncate(dice.randint(min(safe, size), size))

    def sizes(self) -> tuple[int, int]:
        """Of the output and of the journal; nought where there is none."""
        return tuple(path.stat().st_size if path.exists() else 0 for path in (self.output, self.journal))  # type: ignore[return-value]

    def records(self) -> list[tuple[int, bool]]:
        """Index and success of each record in the output, which must be whole."""
        text = self.output.read_text()
        if self.form == "jsonl":
            return [(record["index"], record["ok"]) for record in map(json.loads, text.splitlines())]
        heading, *rows = csv.reader(io.StringIO(text, newline=""), delimiter="," if self.form == "csv" else "\t")
        place = heading.index("ok")
        assert {len(row) for row in rows} <= {len(heading)}
        return [(int(row[0]), row[place] == "true") for row in rows]

    def check(self, *, whole: bool) -> None:
        """No input has two records, and in the end each has one."""
        counts = Counter(index for index, _ in self.records())
        assert set(counts.values()) <= {1}
        if whole:
            assert sorted(counts) == list(range(len(self.items)))


def _fetch(keeping: Keeping, dice: random.Random, outcome_of: Outcome, most: int | None) -> int:
    requests, out, fetched = keeping.requests(), list[Request](), 0
    ended = False
    while out or not ended:
        if fetched == most:
            return fetched
        if not ended and len(out) < 6:
            request = next(requests, None)
            ended = request is None
            if request is not None:
                out.append(request)
        if out and dice.random() < 0.5:
            request = out.pop(dice.randrange(len(out)))
            keeping.write(result(request, outcome_of(request)))
            fetched += 1
        if dice.random() < 0.3:
            keeping.flush()
    keeping.flush()
    return fetched


def result(request: Request, code: Code | None = None) -> Result:
    """The record of a request that ended well, or so."""
    made = outcome.of_request(request, FetchError(code or Code.INTERNAL, 'a "quoted"\nreason', Phase.HEAD), "none")
    if code is None:
        made.ok, made.error, made.status = True, None, 200
    return made


def well(request: Request) -> None:
    """Everything succeeds."""
