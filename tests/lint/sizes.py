#!/usr/bin/python3
"""A file has 600 lines at most, in C a function 60 and a line 110 columns (in tables drawn by hand too)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent.parent)
FOLDERS = ["base", "config", "init", "prepare", "supervisor", "control", "client", "image", "metrics", "top", "plot", "tests/image", "make",
           "tests/unit", "tests/fuzz", "tests/bench"]
PYTHON = ["tests/live", "tests/vm", "tests/engines", "tests/accept", "tests/lint"]
MOST_LINES, MOST_OF_FUNCTION, MOST_COLUMNS = 600, 60, 110


def length_of(path):
    n = len(path.read_text(encoding="utf-8").splitlines())
    if n > MOST_LINES:
        yield n, f"the file has {n} lines, {MOST_LINES} at most"


def faults_of(path):
    yield from length_of(path)
    lines = path.read_text(encoding="utf-8").splitlines()
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
for folders, names, look in ((FOLDERS, "*.[ch]", faults_of), (PYTHON, "*.py", length_of)):
    for path in (path for folder in folders for path in sorted((ROOT / folder).glob(names))):
        for line, words in look(path):
            print(f"{path.relative_to(ROOT)}:{line}: {words}")
            bad = True
sys.exit(bad)
