#!/usr/bin/env python3
"""Makes rowcall-sans.otf.zz: the glyphs of Noto Sans CJK that charts need, under a name of their own.

    pip install fonttools==4.68.0
    apt-get download fonts-noto-cjk && dpkg-deb -x fonts-noto-cjk_*.deb noto
    ./subset.py noto/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

Latin, Greek, Cyrillic, punctuation, arrows and signs; every Hangul syllable and jamo; kana; and the common Han: level 1 of
JIS X 0208, level 1 of GB 2312, and the frequent half of Big5. Shared Han have their Japanese shape, which is the face of
the collection that names no other. The result is a Modified Version in the words of the licence beside it, hence the name.
Layout features go: a text is as wide as its glyphs, on every machine. ../advance.rs is written by the same run.
"""

import hashlib
import pathlib
import sys
import zlib

from fontTools import subset
from fontTools.ttLib import TTCollection

FAMILY = "Rowcall Sans"
HERE = pathlib.Path(__file__).resolve().parent
# What was read and what was written, so that the font can be made again and compared.
SOURCE_SHA256 = "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a"

ADVANCES = """\
//! How wide the characters of the embedded font are; written by `font/subset.py`, not by hand.

/// Thousandths of the font size, from a code point up to that of the next entry.
#[rustfmt::skip]
pub(super) const ADVANCES: &[(u32, u16)] = &[
{table}];
"""

RANGES = [
    (0x0020, 0x007E), (0x00A0, 0x024F), (0x02B0, 0x036F), (0x0370, 0x04FF), (0x1E00, 0x1EFF),  # alphabets
    (0x2000, 0x2BFF),  # punctuation, currencies, numbers, arrows, mathematics, shapes
    (0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3),  # jamo and syllables
    (0x3000, 0x30FF), (0x31F0, 0x33FF), (0xFF00, 0xFFEF),  # CJK punctuation, kana, enclosed, half and full width
]  # fmt: skip


def rows(codec, first, last):
    """The characters of some rows of a national standard of 94 by 94."""
    cells = (bytes([row + 0xA0, cell + 0xA0]) for row in range(first, last + 1) for cell in range(1, 95))
    return {c for cell in cells for c in cell.decode(codec, "ignore")}


def big5():
    codes = (bytes([high, low]) for high in range(0xA4, 0xC7) for low in range(0x40, 0xFF))
    return {c for code in codes if code <= b"\xc6\x7e" for c in code.decode("big5", "ignore") if len(c) == 1 and c > "\u3000"}


def characters():
    wanted = {chr(point) for first, last in RANGES for point in range(first, last + 1)}
    return wanted | rows("euc_jp", 16, 47) | rows("gb2312", 16, 55) | big5()


def cut(path):
    font = TTCollection(path).fonts[0]
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.desubroutinize = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.drop_tables += ["VORG", "vhea", "vmtx", "GSUB", "GPOS", "GDEF", "BASE", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(c) for c in characters()])
    cutter.subset(font)
    return font


def rename(font):
    words = {1: FAMILY, 3: "rowcall: " + FAMILY, 4: FAMILY, 6: FAMILY.replace(" ", "")}
    for record in list(font["name"].names):
        if record.nameID in words:
            record.string = words[record.nameID]
    top = font["CFF "].cff
    top.fontNames[0] = FAMILY.replace(" ", "")
    for key in ("FullName", "FamilyName"):
        if hasattr(top[0], key):
            setattr(top[0], key, FAMILY)
    # The time of the run is no part of the font.
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False


def advances(font):
    """How wide characters are, in thousandths, from a code point up to the next entry. What has no glyph counts as its
    neighbour."""
    widths = sorted((point, font["hmtx"][glyph][0]) for point, glyph in font.getBestCmap().items())
    runs = []
    for point, width in widths:
        if not runs or runs[-1][1] != width:
            runs.append((point, width))
    return runs


def main():
    (path,) = sys.argv[1:]
    source = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    if source != SOURCE_SHA256:
        print(f"this is another source than the one before: {source}", file=sys.stderr)
    font = cut(path)
    rename(font)
    raw = HERE / "rowcall-sans.otf"
    font.save(raw)
    data = raw.read_bytes()
    raw.unlink()
    packed = zlib.compress(data, 9)
    (HERE / "rowcall-sans.otf.zz").write_bytes(packed)
    sums = f"{hashlib.sha256(packed).hexdigest()}  rowcall-sans.otf.zz\n{hashlib.sha256(data).hexdigest()}  rowcall-sans.otf, unpacked\n"
    (HERE / "SHA256SUMS").write_text(sums)
    runs = advances(font)
    table = "".join(f"    ({point:#x}, {width}),\n" for point, width in runs)
    (HERE.parent / "advance.rs").write_text(ADVANCES.format(table=table))
    print(f"{len(font.getBestCmap())} characters, {len(data)} bytes, {len(packed)} packed, {len(runs)} runs of widths")
    assert font["head"].unitsPerEm == 1000


main()
