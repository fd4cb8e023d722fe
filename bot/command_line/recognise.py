"""`python -m bot recognise`: what utterances mean, one a line."""

from __future__ import annotations

import argparse
import json
import sys

from bot.settings import Settings
from handlers.language.recogniser import Recogniser

HELP = "read utterances on standard input, one a line; print the catalogue name and confidence of each"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with the nearest three")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print `name<TAB>confidence` for each line; `none` where nothing in the catalogue is meant."""
    folder = settings.var_folder / "recogniser"
    folder.mkdir(parents=True, exist_ok=True)
    utterances = [line.rstrip("\n") for line in sys.stdin]
    for text, found in zip(utterances, Recogniser.load(folder).recognise_all(utterances), strict=True):
        name = found.name or "none"
        if args.json:
            nearest = [{"name": near, "confidence": round(sure, 4)} for near, sure in found.nearest]
            line = {"text": text, "name": name, "confidence": round(found.confidence, 4), "nearest": nearest}
            print(json.dumps(line, ensure_ascii=False))
        else:
            print(f"{name}\t{found.confidence:.3f}")
    return 0
