"""Content codings: every one whole, cut, damaged, cut off, and larger than memory."""

from __future__ import annotations

import random
import sys
import tracemalloc
import zlib
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchmux.errors import Code, FetchError
from fetchmux.http.codings import STEP, Decoder, accept_encoding, open_decoder
from tests.http.coding import ALL, CODERS, HERE, UNDECODABLE, coder, decode, encode, zstd, zstd_module
from tests.http.test_wire_properties import cuts
from tests.http.wire import by_byte

TEXT = b"what the server meant to say, " * 40 + bytes(range(256))
MEBI = 1024 * 1024


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", [b"", b"a", TEXT, bytes(MEBI), random.Random(3).randbytes(MEBI)])
def test_what_was_coded_comes_out(name: str, body: bytes):
    assert decode([name], [encode([name], body)]) == body


@pytest.mark.parametrize("name", ALL)
def test_it_comes_out_byte_by_byte(name: str):
    assert decode([name], by_byte(encode([name], TEXT))) == TEXT


@pytest.mark.parametrize("size", [STEP + more for more in (-1, 0, 1, 2, 100, 257, 258, 300, STEP, STEP + 5)])
@pytest.mark.parametrize("name", ALL)
def test_it_comes_out_wherever_a_step_ends(name: str, size: int):
    assert decode([name], [encode([name], bytes(size))]) == bytes(size)


def test_deflate_is_raw_unless_both_of_its_first_bytes_are_those_of_zlib():
    """A stored block whose padding looks like the first byte of zlib: none writes it, and it can be read."""
    wire = b"\x78\x05\0\xfa\xffhello\x03\0"
    assert decode(["deflate"], [wire]) == decode(["deflate"], by_byte(wire)) == b"hello"


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from(HERE), min_size=1, max_size=3), st.binary(max_size=300))
def test_codings_in_a_row_are_undone_in_reverse_however_they_are_cut(
    data: st.DataObject, names: list[str], body: bytes
):
    coded = encode(names, body)
    assert decode(names, data.draw(cuts(coded))) == body


@settings(deadline=None)
@given(st.data(), st.sampled_from(HERE), st.binary(max_size=60), st.booleans())
def test_any_bytes_mean_the_same_whole_and_in_parts(data: st.DataObject, name: str, junk: bytes, begun: bool):
    wire = encode([name], TEXT)[: data.draw(st.integers(0, 60))] + junk if begun else junk
    assert decode([name], data.draw(cuts(wire))) == decode([name], [wire])


@pytest.mark.parametrize("name", [coder("gzip"), coder("zstd")])
def test_members_one_after_another_are_one_body(name: str):
    wire = encode([name], b"one ") + encode([name], b"") + encode([name], TEXT)
    assert decode([name], [wire]) == decode([name], by_byte(wire)) == b"one " + TEXT


def test_thousands_of_members_are_one_body():
    assert decode(["gzip"], [encode(["gzip"], b"ab") * 5_000]) == b"ab" * 5_000


@pytest.mark.parametrize("name", [coder("deflate"), coder("deflate raw"), coder("br")])
def test_a_stream_that_knows_no_members_is_followed_by_nothing(name: str):
    wire = encode([name], TEXT)
    for after in (b"\0", b"x", wire):
        assert decode([name], [wire + after]) == decode([name], by_byte(wire + after)) == UNDECODABLE


def test_zeros_after_gzip_are_padding_as_for_gzip_itself():
    wire = encode(["gzip"], TEXT) + bytes(40_000)
    assert decode(["gzip"], [wire]) == decode(["gzip"], by_byte(wire)) == TEXT


@pytest.mark.parametrize("after", [b"x", b"\0x", bytes(40_000) + b"x", b"\0" + CODERS["gzip"](b"more"), b"\x1f"])
def test_anything_else_after_gzip_is_no_body(after: bytes):
    wire = encode(["gzip"], TEXT) + after
    assert decode(["gzip"], [wire]) == decode(["gzip"], by_byte(wire)) == UNDECODABLE


def test_padding_alone_is_no_gzip():
    assert decode(["gzip"], [bytes(40)]) == UNDECODABLE


@pytest.mark.parametrize("name", [coder("zstd")])
def test_a_frame_that_zstd_skips_adds_nothing(name: str):
    skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
    wire = skipped + zstd(TEXT) + skipped
    assert decode([name], [wire]) == decode([name], by_byte(wire)) == TEXT


@pytest.mark.parametrize("name", [coder("zstd")])
def test_a_zstd_window_is_8_mebibytes_at_most(name: str):
    """RFC 9659: a frame could ask for gigabytes."""
    parameters = zstd_module().CompressionParameter
    for log, outcome in ((23, TEXT), (24, UNDECODABLE)):
        compressor = zstd_module().ZstdCompressor(options={parameters.window_log: log})
        assert decode([name], [compressor.compress(TEXT) + compressor.flush()]) == outcome


@pytest.mark.parametrize("name", ALL)
def test_a_body_cut_off_anywhere_is_no_success(name: str):
    """But before its first byte: nothing at all is an empty body under any coding."""
    wire = encode([name], TEXT)
    outcomes = {decode([name], [wire[:length]]) for length in range(1, len(wire))}
    assert outcomes == {UNDECODABLE}
    assert decode([name], []) == b""


def damaged(wire: bytes, start: int) -> list[bytes]:
    """Every byte from `start` on with one bit, or all, or some turned over."""
    masks = (1, 2, 4, 8, 16, 32, 64, 128, 255, 90)
    return [
        wire[:place] + bytes([wire[place] ^ mask]) + wire[place + 1 :]
        for place in range(start, len(wire))
        for mask in masks
    ]


@pytest.mark.parametrize(("name", "start"), [(coder("gzip").values[0], 0), ("deflate", 2)])
def test_zlib_and_gzip_hold_a_checksum_so_damage_is_never_taken_for_the_body(name: str, start: int):
    """The first two bytes of zlib are what tells it from raw deflate, which holds none. gzip's date may change."""
    outcomes = {decode([name], [wire]) for wire in damaged(encode([name], TEXT), start)}
    assert UNDECODABLE in outcomes
    assert outcomes <= {UNDECODABLE, TEXT}


@pytest.mark.parametrize("name", [coder("zstd")])
def test_zstd_may_hold_a_checksum_and_then_damage_is_never_taken_for_the_body(name: str):
    outcomes = {decode([name], [wire]) for wire in damaged(zstd(TEXT, checksum_flag=1), 0)}
    assert UNDECODABLE in outcomes
    assert outcomes <= {UNDECODABLE, TEXT}


@pytest.mark.parametrize("name", [coder("deflate raw"), coder("br")])
def test_brotli_and_raw_deflate_hold_none_so_damage_is_a_failure_or_another_body(name: str):
    """What they cannot tell, nobody can; `decode` lets no other exception pass."""
    outcomes = {decode([name], [wire]) for wire in damaged(encode([name], TEXT), 0)}
    assert UNDECODABLE in outcomes
    assert outcomes - {UNDECODABLE, TEXT}


# What is larger than memory


def bomb(name: str) -> bytes:
    """A gibibyte or more of zeros in few bytes."""
    if name in ("gzip", "x-gzip", "zstd"):
        return encode([name], bytes(32 * MEBI)) * 320
    return encode([name], bytes(256 * MEBI))


def pull(decoder: Decoder, wire: bytes, most: int) -> tuple[int, int, int]:
    """Decode until `most` bytes have come; return how many, the largest piece, and the peak of memory beyond `wire`."""
    count = largest = 0
    tracemalloc.start()
    try:
        for piece in decoder.decode(wire):
            count += len(piece)
            largest = max(largest, len(piece))
            if count > most:
                break
        return count, largest, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ALL)
def test_a_bomb_is_opened_in_bounded_steps(name: str):
    """The whole wire in one call, as no strategy would feed it."""
    count, largest, peak = pull(Decoder([name.split()[0]]), bomb(name), 100 * MEBI)
    assert 100 * MEBI < count <= 100 * MEBI + largest
    assert largest < 2 * STEP
    assert peak < 2 * MEBI


@pytest.mark.parametrize("name", ALL)
def test_a_bomb_within_a_bomb_is_opened_in_bounded_steps(name: str):
    wire = encode(["gzip"], encode([name], bytes(128 * MEBI)))
    count, largest, peak = pull(Decoder([name.split()[0], "gzip"], 256 * MEBI), wire, 100 * MEBI)
    assert 100 * MEBI < count <= 100 * MEBI + largest
    assert largest < 2 * STEP
    assert peak < 2 * MEBI


def test_what_lies_between_two_codings_is_limited_too():
    """Gibibytes of blocks that hold nothing would keep the whole run busy and never reach the limit of the body."""
    empty_blocks = b"\0\0\0\xff\xff" * (4 * MEBI) + b"\x03\0"
    wire = zlib.compress(empty_blocks)
    assert decode(["deflate", "deflate"], [wire]) == b""
    decoder = Decoder(["deflate", "deflate"], max_body=MEBI)
    with pytest.raises(FetchError) as caught:
        next(decoder.decode(wire))
    assert caught.value.code is Code.BODY_TOO_LARGE


@pytest.mark.parametrize("name", [name for name in ALL if name in ("gzip", "br", "zstd")])
def test_without_a_limit_a_body_may_not_grow_as_only_nested_codings_can(name: str):
    """A few bytes that stand for gigabytes would keep a whole loop busy, whatever its timeouts."""
    wire = encode(["gzip"], bomb(name))
    decoder = Decoder([name.split()[0], "gzip"])
    with pytest.raises(FetchError) as caught:
        for _ in decoder.decode(wire):
            pass
    assert caught.value.code is Code.BODY_TOO_LARGE


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_without_a_limit_what_one_coding_of_zlib_can_do_is_taken_however_it_is_cut(name: str):
    wire = encode([name], bytes(96 * MEBI))
    decoder = Decoder([name])
    parts = (wire[start : start + 7_000] for start in range(0, len(wire), 7_000))
    assert sum(len(piece) for part in parts for piece in decoder.decode(part)) == 96 * MEBI
    decoder.end()


@pytest.mark.parametrize("name", ALL)
def test_a_body_of_just_the_limit_may_be_coded_to_more_than_that(name: str):
    body = random.Random(7).randbytes(MEBI)
    coded = encode([name, "gzip"], body)
    assert len(coded) > MEBI
    decoder = Decoder([name.split()[0], "gzip"], max_body=MEBI)
    assert b"".join(decoder.decode(coded)) == body
    decoder.end()


# Names


def names(*values: str) -> bytes | str | None:
    """What TEXT, coded with gzip, becomes under these fields; None when nothing would be decoded."""
    decoder = open_decoder([("Server", "x"), *(("content-ENCODING", value) for value in values)], None)
    if decoder is None:
        return None
    try:
        return b"".join(decoder.decode(encode(["gzip"], TEXT)))
    except FetchError as error:
        return error.message


def test_names_are_read_without_regard_to_case_blanks_and_identity():
    for value in ("gzip", "GZip", "\tx-gzip ", "identity, gzip", ",gzip,,", "gzip,identity"):
        assert names(value) == TEXT
    assert names("identity", "gzip") == TEXT


def test_nothing_is_decoded_where_nothing_is_coded():
    assert names() is names("") is names("identity") is names("Identity, identity") is None


@pytest.mark.parametrize("name", ["compress", "aws-chunked", "gzip;q=1", "\x1b[2j" * 100])
def test_an_unknown_coding_is_undecodable_and_named(name: str):
    assert decode([name], [b"x"]) == UNDECODABLE
    message = names(name)
    assert isinstance(message, str)
    assert repr(name[:40]) in message
    assert len(message) < 250


def test_an_unknown_coding_beside_a_known_one_is_undecodable():
    for order in (["compress", "gzip"], ["gzip", "compress"]):
        assert decode(order, [encode(["gzip"], TEXT)]) == UNDECODABLE


def test_nothing_may_be_coded_in_any_way():
    assert decode(["compress"], []) == decode(["gzip"] * 6, []) == b""


def test_five_codings_are_undone_and_a_sixth_is_refused():
    assert decode(["gzip"] * 5, [encode(["gzip"] * 5, TEXT)]) == TEXT
    assert decode(["gzip"] * 6, [encode(["gzip"] * 6, TEXT)]) == UNDECODABLE
    assert names(",".join(["gzip"] * 100_000)) == "more than 5 content codings were applied"


def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("brotli", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)


def test_what_can_be_decoded_is_offered(monkeypatch: pytest.MonkeyPatch):
    here = [name for name in ("br", "zstd") if name in HERE]
    assert accept_encoding() == ", ".join(["gzip", "deflate", *here])
    without_packages(monkeypatch)
    assert accept_encoding() == "gzip, deflate"


@pytest.mark.parametrize(("name", "extra"), [("br", "fetchmux[brotli]"), ("zstd", "fetchmux[zstd]")])
def test_a_coding_without_its_package_says_which_it_is(name: str, extra: str, monkeypatch: pytest.MonkeyPatch):
    without_packages(monkeypatch)
    message = names(name)
    assert isinstance(message, str)
    assert extra in message


@pytest.mark.parametrize("name", [coder("zstd")])
@pytest.mark.parametrize("module", ["compression.zstd", "backports.zstd"])
def test_the_zstd_of_the_standard_library_or_its_backport_will_do(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
):
    wire, here = zstd(TEXT), zstd_module()
    without_packages(monkeypatch)
    monkeypatch.setitem(sys.modules, module, here)
    assert accept_encoding() == "gzip, deflate, zstd"
    assert decode([name], [wire]) == TEXT


def test_a_brotli_that_cannot_be_bounded_is_not_used(monkeypatch: pytest.MonkeyPatch):
    """Before 1.2 a few bytes could become all memory in one call."""
    without_packages(monkeypatch)
    monkeypatch.setitem(sys.modules, "brotli", SimpleNamespace(Decompressor=object, error=ValueError))
    assert accept_encoding() == "gzip, deflate"
