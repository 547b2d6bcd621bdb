"""Pictures, sets of pictures, arrays and tables: what is wrong with them, in files of a few kilobytes."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from tests.corpus import Bad, Good

_PNG = b"\x89PNG\r\n\x1a\n"


def picture(seed=0, mode="RGB", size=(12, 10), fmt="PNG", **options):
    """A small picture of noise, as the bytes of a file."""
    width, height = size
    depth = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,), "CMYK": (4,)}[mode]
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, *depth), dtype=np.uint8)
    return saved(Image.fromarray(pixels, mode), fmt, **options)


def saved(image, fmt="PNG", **options):
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def archive(members, method=zipfile.ZIP_STORED):
    """Maker of a zip."""

    def make(path: Path):
        with zipfile.ZipFile(path, "w", method) as out:
            for name, raw in members.items():
                out.writestr(name, raw)

    return make


def classes(count=8, **options):
    """Pictures of two classes."""
    return {f"{'cat' if k % 2 else 'dog'}/{k:02d}.png": picture(k, **options) for k in range(count)}


def among_good(raw, name="cat/odd.png"):
    return archive({**classes(), name: raw})


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width, height, *more):
    """A PNG that claims a size and holds nothing."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return _PNG + head + b"".join(more) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def animated(frames=10_000):
    """An APNG of one pixel that counts many frames."""
    body = zlib.compress(b"\x00\x7f\x7f\x7f")
    parts = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        chunk(b"acTL", struct.pack(">II", frames, 0)),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 10, 0, 0)),
        chunk(b"IDAT", body),
    ]
    for frame in range(1, frames):
        parts += [
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * frame - 1, 1, 1, 0, 0, 1, 10, 0, 0)),
            chunk(b"fdAT", struct.pack(">I", 2 * frame) + body),
        ]
    return _PNG + b"".join(parts) + chunk(b"IEND", b"")


def gif(frames=200):
    still = [Image.new("L", (2, 2), k % 255) for k in range(frames)]
    return saved(still[0], "GIF", save_all=True, append_images=still[1:])


def table(text, encoding="utf-8"):
    return lambda path: Path(path).write_bytes(text.encode(encoding))


def labelled(rows, count=6):
    """Pictures beside a labels.csv."""
    return archive({**{f"{k}.png": picture(k) for k in range(count)}, "labels.csv": rows})


def arrays(**named):
    """Maker of a ``.npz``."""

    def make(path: Path):
        with path.open("wb") as out:
            np.savez(out, **named)

    return make


_BOMB = zlib.compress(bytes(50_000_000), 9)
_ROWS = "\n".join(f"{k}.5,{k * k},{'u' if k % 2 else 'v'}" for k in range(8))
_X = np.random.default_rng(0).random((6, 4), dtype=np.float32)
_CUT = picture(fmt="JPEG", size=(64, 64))[:-900]
_EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
_SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
_FITS = b"SIMPLE  =                    T / FITS".ljust(2880)

BAD = [
    Bad("45-png-12000", "pictures.zip", among_good(png_header(12_000, 12_000)), r"odd\.png has 12000 × 12000 pixels"),
    Bad("46-png-20000", "pictures.zip", among_good(png_header(20_000, 20_000)), r"limit 4096 a side and 40 000 000"),
    Bad("46-png-4096x4097", "pictures.zip", among_good(png_header(4096, 4097)), r"has 4096 × 4097 pixels"),
    Bad("46-png-2-to-31", "pictures.zip", among_good(png_header(2**31 - 1, 2**31 - 1)), r"has 2147483647 × 2147483647"),
    Bad("46-png-0x0", "pictures.zip", among_good(png_header(0, 0)), r"odd\.png is damaged"),
    Bad(
        "46-jpeg-65500",
        "pictures.zip",
        among_good(
            picture(fmt="JPEG").replace(struct.pack(">HH", 10, 12), struct.pack(">HH", 65_500, 65_500)), "cat/odd.jpg"
        ),
        r"odd\.jpg has more pixels \(limit|odd\.jpg has 65500 × 65500 pixels",
    ),
    Bad("47-eps", "pictures.zip", among_good(_EPS), r"odd\.png is a PostScript document, not a PNG or a JPEG"),
    Bad("47-pdf", "pictures.zip", among_good(b"%PDF-1.7\n%%EOF"), r"odd\.png is a PDF document"),
    Bad("47-svg", "pictures.zip", among_good(_SVG), r"odd\.png is an SVG drawing"),
    Bad("47-fits", "pictures.zip", among_good(_FITS), r"odd\.png is a FITS"),
    Bad("48-gif", "pictures.zip", among_good(gif()), r"odd\.png is a GIF"),
    Bad("48-webp", "pictures.zip", among_good(b"RIFF\x24\0\0\0WEBPVP8 "), r"odd\.png is a WebP"),
    Bad(
        "49-ztxt",
        "pictures.zip",
        among_good(png_header(9, 9, chunk(b"zTXt", b"Comment\0\0" + _BOMB))),
        r"odd\.png is damaged \(Decompressed data too large",
    ),
    Bad(
        "49-iccp",
        "pictures.zip",
        among_good(png_header(9, 9, chunk(b"iCCP", b"profile\0\0" + _BOMB))),
        r"odd\.png is damaged \(Decompressed data too large",
    ),
    Bad(
        "50-jpeg-cut", "pictures.zip", among_good(picture(fmt="JPEG", size=(64, 64))[:-900], "cat/a.jpg"), r"is damaged"
    ),
    Bad("50-png-cut", "pictures.zip", among_good(picture(size=(64, 64))[:4000]), r"odd\.png is damaged"),
    Bad("50-empty-picture", "pictures.zip", among_good(b""), r"odd\.png is something else"),
    Bad("53-no-pictures", "pictures.zip", archive({"readme.txt": "no", "notes.md": "no"}), r"holds no PNG or JPEG"),
    Bad(
        "53-system-files-only",
        "pictures.zip",
        archive({"__MACOSX/._a.png": b"x", ".DS_Store": b"x"}),
        r"holds no PNG or JPEG",
    ),
    Bad("54-one-picture", "pictures.zip", archive({"cat/0.png": picture()}), r"holds 1 pictures; bring 4 or more"),
    Bad(
        "54-all-equal",
        "pictures.zip",
        archive({f"cat/{k}.png": picture(7) for k in range(9)}),
        r"all 9 pictures are equal",
    ),
    Bad(
        "54-more-pixels-than-a-set-may-have",
        "pictures.zip",
        archive({f"cat/{k}.png": png_header(4000, 4000) for k in range(140)}),
        r"more than 2000 million pixels",
    ),
    Bad("55-million-columns", "pictures.zip", labelled("," * 10**6), r"labels\.csv has 1000001 columns \(limit 16\)"),
    Bad(
        "55-formula",
        "pictures.zip",
        labelled("\n".join(f"{k}.png,=cmd|'/c calc'!A1" for k in range(6))),
        r"begins with '=', which spreadsheets take for a formula",
    ),
    Bad(
        "55-too-few-labels",
        "pictures.zip",
        labelled("0.png,a\n1.png,b\n"),
        r"names 2 pictures and the archive holds 6; 4 have no label, first 2\.png",
    ),
    Bad("55-too-many-labels", "pictures.zip", labelled("\n".join(f"{k}.png,a" for k in range(9))), r"names 9 pictures"),
    Bad("55-twice", "pictures.zip", labelled("0.png,a\n0.png,b\n"), r"names a picture twice"),
    Bad("55-one-column", "pictures.zip", labelled("0.png\n1.png\n"), r"labels\.csv has one column"),
    Bad("55-not-text", "pictures.zip", labelled(b"\xff\xfe\x00a"), r"labels\.csv is no UTF-8 text \(byte 0\)"),
    Bad("55-table-words", "table.csv", table(_ROWS.replace("3.5", "many")), r"line 4, column 1: 'many' is no finite"),
    Bad("55-table-formula", "table.csv", table(_ROWS.replace("2.5", "=1+1")), r"'=1\+1' is no finite number"),
    Bad("55-table-nan", "table.csv", table(_ROWS.replace("2.5", "nan")), r"'nan' is no finite number"),
    Bad("55-table-ragged", "table.csv", table(_ROWS + "\n1,2\n"), r"row 9 has 2 columns and the first 3"),
    Bad("55-table-wide", "table.csv", table(",".join("1" * 10_001) + "\n"), r"has 10001 columns \(limit 10000\)"),
    Bad("55-table-short", "table.csv", table("a,b,y\n1,2,0\n"), r"holds 1 rows; bring 4 or more"),
    Bad("55-table-header-only", "table.csv", table("a,b,y\n"), r"holds a header and no rows"),
    Bad("55-table-open-quote", "table.csv", table('a,b,y\n"1,2,0\n1,2,1\n'), r"is no table with commas"),
    Bad("55-table-huge-cell", "table.csv", table("a,y\n" + "1" * 200_000 + ",0\n"), r"field larger than field limit"),
    Bad("65-npz-nan", "data.npz", arrays(inputs=np.where(_X > 0.9, np.nan, _X)), r"infinite or undefined, the first"),
    Bad("65-npz-no-inputs", "data.npz", arrays(weights=_X), r"holds weights and no array named inputs"),
    Bad("65-npz-all-equal", "data.npz", arrays(inputs=np.ones((6, 4))), r"all 6 rows are equal"),
    Bad("65-npz-labels-length", "data.npz", arrays(inputs=_X, labels=np.arange(5)), r"labels have shape \(5,\) for 6"),
    Bad("65-npz-labels-negative", "data.npz", arrays(inputs=_X, labels=np.arange(6) - 2), r"class numbers go from -2"),
    Bad("65-npz-five-axes", "data.npz", arrays(inputs=np.zeros((4, 3, 2, 2, 2))), r"inputs have shape \(4, 3, 2, 2"),
    Bad("65-npz-normalised", "data.npz", arrays(inputs=(_X - 0.5).reshape(6, 2, 2)), r"pixels go from -0\.\d+ to 0\."),
    Bad("65-npz-ids-repeat", "data.npz", arrays(inputs=_X, ids=np.array(list("aabcde"))), r"stimulus ids repeat"),
]


def _is(shape, task="classification", **facts):
    """A check of what was read."""

    def check(data):
        assert data.inputs.shape == shape
        assert data.card.task == task
        assert data.inputs.dtype == np.float32
        for name, value in facts.items():
            assert getattr(data.card, name) == value

    return check


def _first_frame(data):
    assert data.inputs.shape == (9, 3, 1, 1) or data.inputs.shape[0] == 9
    row = data.stimuli.index("cat/odd.png")
    np.testing.assert_allclose(data.inputs[row], 127 / 255, atol=1e-6)


def _sixteen_bits(data):
    row = data.stimuli.index("cat/odd.png")
    np.testing.assert_allclose(data.inputs[row], 128 / 255, atol=1e-6)  # 0x8080 of 0xffff, not clipped to white
    assert any("16 bits" in one for one in data.card.notes)


def _on_white(data):
    row = data.stimuli.index("cat/odd.png")
    np.testing.assert_array_equal(data.inputs[row], np.ones_like(data.inputs[row]))
    assert any("laid on white" in one for one in data.card.notes)


_SHAPE = (8, 3, 10, 12)
_CMYK = picture(mode="CMYK", fmt="JPEG")
_CLEAR = Image.new("P", (12, 10), 0)
_CLEAR.putpalette([0, 0, 0] * 256)

GOOD = [
    Good("48-apng", "pictures.zip", among_good(animated()), _first_frame),
    Good("50-cmyk-jpeg", "pictures.zip", among_good(_CMYK, "cat/a.jpg"), _is((9, 3, 10, 12))),
    Good(
        "50-16-bit-png",
        "pictures.zip",
        among_good(saved(Image.fromarray(np.full((10, 12), 0x8080, np.uint16)))),
        _sixteen_bits,
    ),
    Good("50-palette-transparent", "pictures.zip", among_good(saved(_CLEAR, transparency=0)), _on_white),
    Good("grey-pictures", "pictures.zip", archive(classes(mode="L")), _is((8, 1, 10, 12))),
    Good(
        "deflated",
        "pictures.zip",
        archive(classes(), zipfile.ZIP_DEFLATED),
        _is((8, 3, 10, 12), classes=("cat", "dog")),
    ),
    Good("mixed-sizes", "pictures.zip", among_good(picture(size=(300, 40))), _is((9, 3, 10, 10))),
    Good("flat", "pictures.zip", archive({f"{k}.png": picture(k) for k in range(5)}), _is((5, 3, 10, 12), "none")),
    Good(
        "55-labels-with-mark",
        "pictures.zip",
        labelled(b"\xef\xbb\xbffile,label\n" + b"".join(b"%d.png,k%d\n" % (k, k % 3) for k in range(6))),
        _is((6, 3, 10, 12), classes=("k0", "k1", "k2")),
    ),
    Good(
        "system-files-beside",
        "pictures.zip",
        archive({**classes(), "__MACOSX/cat/._00.png": b"x", "cat/.DS_Store": b"x", "readme.txt": "hello"}),
        _is((8, 3, 10, 12)),
    ),
    Good("table", "table.csv", table(_ROWS), _is((8, 2), classes=("u", "v"))),
    Good("55-table-with-mark", "table.csv", table("\ufeffa;b;y\n" + _ROWS.replace(",", ";")), _is((8, 2))),
    Good("npz-big-endian", "data.npz", arrays(inputs=np.asfortranarray(_X).astype(">f8")), _is((6, 4), "none")),
    Good("npz-float16-pictures", "data.npz", arrays(x=_X.reshape(6, 2, 2).astype("f2")), _is((6, 1, 2, 2), "none")),
]
