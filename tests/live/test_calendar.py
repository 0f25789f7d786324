"""`tend calendar` beside `systemd-analyze calendar`: thousands of expressions, made with a fixed seed, are refused by both or read by
both, have the same normal form, and elapse at the same times."""
import datetime
import os
import random
import re
import shutil
import subprocess

import pytest

ITERATIONS = 5
BATCH = 250

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "monday", "TUESDAY", "Wednesday", "thursday", "Friday", "sAT", "Sunday"]
WORDS = ["minutely", "hourly", "daily", "monthly", "weekly", "yearly", "annually", "anually", "quarterly", "semiannually",
         "Semi-Annually", "biannually", "bi-annually", "HOURLY"]
ZONES = ["UTC", "utc", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia",
         "Africa/Casablanca", "America/Sao_Paulo", "Nowhere/City"]


class Maker:
    """Expressions by chance: most of them good, some out of range, some spoilt by a character."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def often(self, chance):
        return self.r.random() < chance

    def number(self, least, most):
        return self.r.randint(0, 4 * most) if self.often(0.02) else self.r.randint(least, most)

    def second(self):
        text = f"{self.number(0, 59):02}"
        return text + "." + "".join(self.r.choices("0123456789", k=self.r.randint(1, 8))) if self.often(0.15) else text

    def element(self, least, most, seconds):
        def one():
            return self.second() if seconds else f"{self.number(least, most):02}"
        text = one()
        if self.often(0.3):
            ends = [text, one()]
            text = "..".join(ends if self.often(0.05) else sorted(ends))
        if self.often(0.25):
            text += f"/{self.r.randint(1, max(1, (most - least) // 3)) if self.often(0.97) else 0}"
            text += ".5" if seconds and self.often(0.2) else ""
        return text

    def field(self, least, most, seconds=False):
        if self.often(0.35):
            return "*"
        return ",".join(self.element(least, most, seconds) for _ in range(self.r.choice([1, 1, 1, 2, 3])))

    def date(self):
        sign = "~" if self.often(0.15) else "-"
        text = self.field(1, 12) + sign + self.field(1, 12 if sign == "~" and self.often(0.7) else 31)
        if self.often(0.3):
            return text
        return self.field(*((0, 99) if self.often(0.05) else (2020, 2035) if self.often(0.8) else (2020, 2199))) + "-" + text

    def weekdays(self):
        parts = ["..".join(self.r.choices(DAYS, k=2)) if self.often(0.3) else self.r.choice(DAYS)
                 for _ in range(self.r.choice([1, 1, 2, 3]))]
        text = ",".join(parts)
        return text.replace("..", "-") if self.often(0.05) else text + "," if self.often(0.03) else text

    def time(self):
        text = self.field(0, 23) + ":" + self.field(0, 59)
        return text + ":" + self.field(0, 59, True) if self.often(0.6) else text

    def spoil(self, text):
        at = self.r.randrange(len(text))
        return text[:at] + self.r.choice(["", " ", "-", "~", "..", "/", ",", ":", "*", "0", "x", "."]) + text[at + self.r.randint(0, 1):]

    def expression(self):
        if self.often(0.03):
            return self.r.choice(WORDS)
        if self.often(0.01):
            return f"@{self.r.randint(0, 2 ** 32)}"
        parts = [self.weekdays()] if self.often(0.35) else []
        if self.often(0.6):
            parts.append(self.date())
        if not parts or self.often(0.7):
            parts.append(self.time())
        if self.often(0.25):
            parts.append(self.r.choice(ZONES))
        text = (" " if self.often(0.95) else "  ").join(parts)
        return self.spoil(text) if self.often(0.08) else text

    def batch(self):
        """Different ones, none that would be an option, or nothing."""
        found = dict.fromkeys(self.expression() for _ in range(BATCH))
        return [text for text in found if text.strip() and not text.startswith("-")]


def seconds(text):
    """Of "Wed 2024-11-20 00:00:00.5 UTC"; a fraction is left out, since systemd-analyze does not print it."""
    found = re.search(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)? UTC$", text)
    return int(datetime.datetime.fromisoformat(found[1] + "+00:00").timestamp())


def answers(command, expressions, base, zone):
    """What it says to each: its normal form and its times in UTC. Those that it refuses are not there."""
    done = subprocess.run([*command, f"--iterations={ITERATIONS}", f"--base-time=@{base}", *expressions],
                          env=dict(os.environ, TZ=zone, LC_ALL="C"), capture_output=True, text=True, timeout=50)
    found, original = {}, None
    for line in done.stdout.splitlines():
        title, _, value = line.partition(": ")
        title = title.strip()
        if title == "Original form":
            original = value
        elif title == "Normalized form":  # systemd-analyze leaves the first one out where it is the same
            form, times = value, []
            found[original or value] = form, times
            original = None
        elif title == "Next elapse" or title.startswith("Iter"):
            if value != "never":
                times.append(seconds(value) if value.endswith("UTC") else None)
        elif title == "(in UTC)":
            times[-1] = seconds(value)
    return found


@pytest.fixture
def both(tend):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here to compare with (package systemd)")

    def ask(expressions, base, zone):
        theirs = answers(["systemd-analyze", "calendar"], expressions, base, zone)
        ours = answers([tend.path, "calendar"], expressions, base, zone)
        return ours, theirs
    return ask


@pytest.mark.parametrize("zone, batches", [("UTC", 10), ("Europe/Berlin", 4), ("Australia/Lord_Howe", 2)])
def test_agrees_with_systemd(both, zone, batches):
    make = Maker(f"tend {zone}")
    read = 0
    for _ in range(batches):
        base = make.r.randint(1600000000, 1800000000)
        expressions = make.batch()
        ours, theirs = both(expressions, base, zone)
        for text in expressions:
            assert ours.get(text) == theirs.get(text), f"{text!r} from @{base} in {zone}"
        read += len(theirs)
    assert read > batches * BATCH // 2  # most of them are good ones


# Each hour of the days when the clock is set, but for the one that it shows twice: there systemd 252 may name a time before the base.
TURNS = {
    "Europe/Berlin": [1711846800, 1729990800],
    "America/New_York": [1710054000, 1730613600],
    "Australia/Lord_Howe": [1712415600, 1728142200],
}


@pytest.mark.parametrize("zone", TURNS)
def test_agrees_where_the_clock_is_set(both, zone):
    expressions = ["hourly", "daily", "02:30", "*:0/20", "01..03:15", "02:00", "03:00", "01:59:59", "Sun 02:15", "*-03~07/2 02:30", "23:59"]
    for turn in TURNS[zone]:
        for base in (turn - 86400, turn - 7200, turn + 7200, turn + 86400):
            ours, theirs = both(expressions, base, zone)
            assert len(theirs) == len(expressions)
            for text in expressions:
                assert ours[text] == theirs[text], f"{text!r} from @{base} in {zone}"


def test_says_what_is_wrong(tend):
    done = tend.run("calendar", "daily", "dayly", "25:00", "--base-time=@1700000000", "--iterations=2", env={"TZ": "CET-1"})
    assert done.returncode == 2
    assert done.stdout == "  Original form: daily\nNormalized form: *-*-* 00:00:00\n" \
                          "    Next elapse: Wed 2023-11-15 00:00:00 +01:00\n       (in UTC): Tue 2023-11-14 23:00:00 UTC\n" \
                          "   Iteration #2: Thu 2023-11-16 00:00:00 +01:00\n       (in UTC): Wed 2023-11-15 23:00:00 UTC\n"
    assert "dayly: not a calendar expression" in done.stderr and "25:00: a number is out of its range" in done.stderr
    assert tend.run("calendar").returncode == 2
    assert tend.run("calendar", "daily", "--base-time=yesterday").returncode == 2
