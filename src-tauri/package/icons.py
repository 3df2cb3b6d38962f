"""Draws every icon of a package from icons/icon.svg, into icons/: `python3 src-tauri/package/icons.py`.

Needs rsvg-convert (librsvg2-bin), png2icns (icnsutils) and convert (imagemagick). What is drawn is kept in the repository.
"""

import struct
import subprocess
import tempfile
from pathlib import Path

ICONS = Path(__file__).resolve().parents[2] / "icons"

# What desktops look for below icons/hicolor, and what Tauri names in its own way.
SIZES = {"16x16": 16, "24x24": 24, "32x32": 32, "48x48": 48, "64x64": 64, "128x128": 128, "128x128@2x": 256, "icon": 512}
ICO = [16, 24, 32, 48, 64, 256]
# The kinds of icns that hold a PNG, with its side in pixels. 16 and 32 are kept in the older kinds, which png2icns writes.
ICNS = {"ic11": 32, "ic12": 64, "ic07": 128, "ic13": 256, "ic08": 256, "ic14": 512, "ic09": 512, "ic10": 1024}


def drawn(side, into):
    subprocess.run(["rsvg-convert", "-w", str(side), "-h", str(side), "-o", into, ICONS / "icon.svg"], check=True)
    return into


def entries(icns):
    """The (kind, bytes) of an icns file."""
    at = 8
    while at < len(icns):
        kind, length = struct.unpack(">4sI", icns[at : at + 8])
        yield kind, icns[at + 8 : at + length]
        at += length


def main():
    for name, side in SIZES.items():
        drawn(side, ICONS / f"{name}.png")
    with tempfile.TemporaryDirectory() as folder:
        png = {side: drawn(side, Path(folder) / f"{side}.png") for side in {16, *ICO, *ICNS.values()}}
        subprocess.run(["convert", *(png[side] for side in ICO), ICONS / "icon.ico"], check=True)
        old = Path(folder) / "old.icns"
        subprocess.run(["png2icns", old, png[16], png[32]], check=True, stdout=subprocess.DEVNULL)
        kept = [*entries(old.read_bytes()), *((kind.encode(), png[side].read_bytes()) for kind, side in ICNS.items())]
        body = b"".join(struct.pack(">4sI", kind, len(data) + 8) + data for kind, data in kept)
        (ICONS / "icon.icns").write_bytes(struct.pack(">4sI", b"icns", len(body) + 8) + body)


if __name__ == "__main__":
    main()
