"""Second opinion on when Run lines come due: brute force over every minute, from the manual page docs/manual/schedules.md.

Reads JSON from standard input: {"zone": "Europe/Berlin", "from": "2026-12-01", "days": 400, "lines": ["1st sun at 23:05", ...]}
and prints a list for each line: unix minutes at which it is due. Shares no code with the Director.
"""

import calendar
import json
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = "mon tue wed thu fri sat sun".split()
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
NTH = ["1st", "2nd", "3rd", "4th", "5th", "6th"]
NTH_WORDS = "first second third fourth fifth sixth".split()


def kind_and_value(word):
    if word.isdigit():
        return "mday", int(word)
    if word[0] == "w" and word[1:].isdigit():
        return "week", int(word[1:])
    if word in NTH:
        return "nth", NTH.index(word) + 1
    if word in NTH_WORDS:
        return "nth", NTH_WORDS.index(word) + 1
    if word[:3] in WEEKDAYS and word in (word[:3], calendar.day_name[WEEKDAYS.index(word[:3])].lower()):
        return "wday", (WEEKDAYS.index(word[:3]) + 1) % 7  # sunday is 0
    if word[:3] in MONTHS:
        return "month", MONTHS.index(word[:3]) + 1
    raise ValueError(word)


CYCLES = {"mday": range(1, 32), "week": range(0, 54), "nth": range(1, 7), "wday": range(0, 7), "month": range(1, 13)}


class Line:
    def __init__(self, text):
        self.chosen = {}
        self.times = set()
        self.hourly = self.lastday = self.last = False
        words = text.lower().replace(",", " ").split()
        for before, word in zip([""] + words, words):
            if word in ("on", "at", "daily", "weekly", "monthly"):
                continue
            if word == "hourly":
                self.hourly = True
            elif word == "lastday":
                self.lastday = True
            elif word == "last":
                self.last = True
            elif ":" in word:
                self.times.add(self.clock(word))
            else:
                self.dates(word)
        if not self.times:
            self.times = {(0, 0)}
        self.known = {}

    def clock(self, word):
        half = word[-2:] if word[-2:] in ("am", "pm") else ""
        hour, minute = map(int, word[: len(word) - len(half)].split(":"))
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        return hour, minute

    def dates(self, word):
        ends = [kind_and_value(part) for part in word.split("-")]
        kind = ends[0][0]
        cycle = list(CYCLES[kind])
        at = cycle.index(ends[0][1])
        chosen = self.chosen.setdefault(kind, set())
        chosen.add(cycle[at])
        while cycle[at] != ends[-1][1]:
            at = (at + 1) % len(cycle)
            chosen.add(cycle[at])

    def on_day(self, day):
        if day not in self.known:
            self.known[day] = self.look_at(day)
        return self.known[day]

    def look_at(self, day):
        month_days = calendar.monthrange(day.year, day.month)[1]
        if "month" in self.chosen and day.month not in self.chosen["month"]:
            return False
        if "week" in self.chosen:
            # Week 1 has the year's first Thursday. Weeks do not reach into another year: days before week 1 are in 0, after 52 full ones in 53.
            monday = day - timedelta(days=day.weekday())
            thursday = monday + timedelta(days=3)
            week = 0 if thursday.year < day.year else 53 if thursday.year > day.year else (thursday.timetuple().tm_yday + 6) // 7
            if week not in self.chosen["week"]:
                return False
        if self.lastday and day.day == month_days:
            return True
        if self.lastday and "mday" not in self.chosen:
            return False
        if "mday" in self.chosen and day.day not in self.chosen["mday"]:
            return False
        if "wday" in self.chosen and day.isoweekday() % 7 not in self.chosen["wday"]:
            return False
        if "nth" in self.chosen or self.last:
            # Count this weekday from the start and towards the end of its month.
            is_nth = sum(1 for d in range(1, day.day + 1) if (day.day - d) % 7 == 0) in self.chosen.get("nth", ())
            is_last = self.last and day.day + 7 > month_days
            return is_nth or is_last
        return True

    def due(self, hour, minute, is_second):
        """Whether the wall clock's time is one of the line's; is_second: it shows it the second time on that day."""
        if self.hourly:
            return any(minute == m for _, m in self.times)
        return not is_second and (hour, minute) in self.times


def main():
    wish = json.load(sys.stdin)
    zone = ZoneInfo(wish["zone"])
    lines = [Line(text) for text in wish["lines"]]
    found = [set() for _ in lines]
    # Which lines care for a time of day: 576,000 minutes are looked at, most lines care for one or two of 1,440.
    clocks = [(hour, minute, is_second) for hour in range(24) for minute in range(60) for is_second in (False, True)]
    interested = {clock: [n for n, line in enumerate(lines) if line.due(*clock)] for clock in clocks}
    start = datetime.fromisoformat(wish["from"]).replace(tzinfo=zone)
    first = int(start.timestamp()) // 60
    before = None
    for unix_minute in range(first, first + wish["days"] * 1440):
        here = datetime.fromtimestamp(unix_minute * 60, zone)
        wall = here.replace(tzinfo=None, fold=0)
        happening = [(wall, here.fold == 1, unix_minute)]
        if before is not None and wall - before > timedelta(minutes=1):
            # The clock was put forward: what it left out happens as much later.
            left_out = int((wall - before).total_seconds()) // 60 - 1
            happening += [(before + timedelta(minutes=1 + k), False, unix_minute + k) for k in range(left_out)]
        for moment, is_second, at in happening:
            for index in interested[moment.hour, moment.minute, is_second]:
                if lines[index].on_day(moment.date()):
                    found[index].add(at)
        before = wall
    json.dump([sorted(each) for each in found], sys.stdout)


main()
