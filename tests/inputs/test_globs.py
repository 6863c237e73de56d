"""Braces and ranges stand for what they stand for in curl, and are made one by one."""

from __future__ import annotations

import itertools

import pytest

from fetchmux.inputs.globs import count, expand, parts


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("http://h/", ["http://h/"]),
        ("http://{a,b}.test/", ["http://a.test/", "http://b.test/"]),
        ("h/[1-3]", ["h/1", "h/2", "h/3"]),
        ("h/[08-11]", ["h/08", "h/09", "h/10", "h/11"]),
        ("h/[1-10:4]", ["h/1", "h/5", "h/9"]),
        ("h/[a-e:2]", ["h/a", "h/c", "h/e"]),
        ("h/[X-Z]", ["h/X", "h/Y", "h/Z"]),
        ("h/{x,y}[1-2]", ["h/x1", "h/x2", "h/y1", "h/y2"]),
        ("h/{one}{,2}", ["h/one", "h/one2"]),
        ("http://[::1]:80/[1-2]", ["http://[::1]:80/1", "http://[::1]:80/2"]),
        ("h/[3-1]", ["h/[3-1]"]),
        ("h/[1-3:0]", ["h/[1-3:0]"]),
        ("h/[a-Z]?x=[]{", ["h/[a-Z]?x=[]{"]),
        ("", [""]),
        (r"h/\{a,b\}", ["h/{a,b}"]),
        (r"h/\[1-3\]/[1-2]", ["h/[1-3]/1", "h/[1-3]/2"]),
        (r"h/{a\,b,\{c\}}", ["h/a,b", "h/{c}"]),
        ("h/{}", ["h/{}"]),
        ("h\\a", ["h\\a"]),
    ],
)
def test_a_pattern_stands_for_these(text: str, meant: list[str]):
    pattern = parts(text)
    assert list(expand(pattern)) == meant
    assert count(pattern) == len(meant)


def test_a_huge_range_is_counted_and_begun_without_being_made():
    pattern = parts("h/[1-999999999999999999]/[0-999999999999999999]")
    assert count(pattern) == 999_999_999_999_999_999 * 10**18
    assert list(itertools.islice(expand(pattern), 2)) == ["h/1/0", "h/1/1"]
