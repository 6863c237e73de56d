"""Braces and ranges stand for what they stand for in curl, and are made one by one."""

from __future__ import annotations

import itertools

import pytest

from fetchmux.errors import UsageError
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
        ("http://[2001:db8::1-2]/", ["http://[2001:db8::1-2]/"]),
        ("http://[fe80::1%25eth0]/", ["http://[fe80::1%25eth0]/"]),
        ("h/?a[]=1&b[name]=2&c[0]=3&d[from-date]=4", ["h/?a[]=1&b[name]=2&c[0]=3&d[from-date]=4"]),
        ("{http,https}://h/", ["http://h/", "https://h/"]),
        (r"h/\[5-1\]\{", ["h/[5-1]{"]),
        ("", [""]),
        (r"h/\{a,b\}", ["h/{a,b}"]),
        (r"h/\[1-3\]/[1-2]", ["h/[1-3]/1", "h/[1-3]/2"]),
        (r"h/{a\,b,\{c\}}", ["h/a,b", "h/{c}"]),
        ("h\\a", ["h\\a"]),
    ],
)
def test_a_pattern_stands_for_these(text: str, meant: list[str]):
    pattern = parts(text)
    assert list(expand(pattern)) == meant
    assert count(pattern) == len(meant)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://h/[1-", "the [ at position 10 is never closed"),
        ("h/[5-1]", "the [ at position 3 begins no range that counts upwards"),
        ("h/[1-3:0]", "the [ at position 3 begins no range"),
        ("h/[z-a]", "the [ at position 3 begins no range"),
        ("h/[a-Z]", "the [ at position 3 begins no range"),
        ("h/[1-x]", "the [ at position 3 begins no range"),
        ("h/[1-9999999999999999999]", "the [ at position 3 begins no range"),
        ("h/[1-2][", "the [ at position 8 is never closed"),
        ("h/{a,b", "the { at position 3 is never closed"),
        ("h/{}", "the { at position 3 holds nothing"),
        ("h/{a{b}}", "the { at position 3 holds nothing, or braces"),
        ("h/a,b}", "the } at position 6 closes nothing"),
        ("h/1-3]", "the ] at position 6 closes nothing"),
        ("http://[::1/", "the [ at position 8 is never closed"),
    ],
)
def test_what_begins_like_a_pattern_and_is_none_is_refused_with_its_place(text: str, told: str):
    with pytest.raises(UsageError) as caught:
        parts(text)
    assert str(caught.value).startswith(told)


def test_a_huge_range_is_counted_and_begun_without_being_made():
    pattern = parts("h/[1-999999999999999999]/[0-999999999999999999]")
    assert count(pattern) == 999_999_999_999_999_999 * 10**18
    assert list(itertools.islice(expand(pattern), 2)) == ["h/1/0", "h/1/1"]
