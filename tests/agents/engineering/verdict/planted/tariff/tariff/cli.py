import argparse
import csv
import sys
from decimal import Decimal

from tariff.rates import Band, NoBand, bill


def _bands(path):
    with open(path, newline="") as file:
        return [Band(r["name"], int(r["upto"]), Decimal(r["cents"])) for r in csv.DictReader(file)]


def main(argv=None):
    parser = argparse.ArgumentParser(prog="tariff")
    parser.add_argument("bands")
    parser.add_argument("--kwh", type=int, required=True)
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args(argv)
    try:
        result = bill(_bands(options.bands), options.kwh)
    except NoBand as problem:
        print(problem, file=sys.stderr)
        return 3
    if not options.quiet:
        print(f"{result['band']}: {result['total']}")
    return 0
