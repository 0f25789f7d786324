#!/usr/bin/python3
"""A file has 600 lines at most, a function 60, a line 110 columns (in tables drawn by hand too)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent.parent)
FOLDERS = ["base", "config", "init", "supervisor", "control", "make", "tests/unit", "tests/fuzz", "tests/bench"]
MOST_LINES, MOST_OF_FUNCTION, MOST_COLUMNS = 600, 60, 110


def faults_of(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > MOST_LINES:
        yield len(lines), f"the file has {len(lines)} lines, {MOST_LINES} at most"
    began = name = None
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_COLUMNS:
            yield number, f"the line has {len(line)} columns, {MOST_COLUMNS} at most"
        heading = re.match(r"(?!#|typedef)[A-Za-z].*?(\w+)\(", line)
        if heading and not line.endswith(";"):
            began, name = number, heading[1]
        if line.startswith("}") and began:
            if number - began + 1 > MOST_OF_FUNCTION:
                yield began, f"{name}() has {number - began + 1} lines, {MOST_OF_FUNCTION} at most"
            began = None


bad = False
for folder in FOLDERS:
    for path in sorted((ROOT / folder).glob("*.[ch]")):
        for line, words in faults_of(path):
            print(f"{path.relative_to(ROOT)}:{line}: {words}")
            bad = True
sys.exit(bad)
