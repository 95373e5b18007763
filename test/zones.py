# SPDX-License-Identifier: Apache-2.0
"""What Weir's --tz and time_slot() are to say, by Python's zoneinfo. Times are seconds since 1970, unless named ms."""

import datetime
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)
WEEK = 7 * 86400
HOURS = {"1h": 1, "2h": 2, "6h": 6}


def seconds_of(text):
    return int(datetime.datetime.fromisoformat(text + "+00:00").timestamp())


def naive(seconds):
    return EPOCH + datetime.timedelta(seconds=seconds)


def first_with(holds, low, high):
    """The first whole number for which this holds; it does not for `low`, and does for `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


class Zone:
    def __init__(self, name):
        self.zone = zoneinfo.ZoneInfo(name)

    def offset(self, seconds):
        return int(self.zone.fromutc(naive(seconds).replace(tzinfo=self.zone)).utcoffset().total_seconds())

    def shown(self, seconds):
        return naive(seconds + self.offset(seconds))

    def text(self, ms):
        """As in CSV. RFC 3339 has no seconds in an offset: it writes the closest one."""
        minutes = (self.offset(ms // 1000) + 30) // 60
        zone = datetime.timezone(datetime.timedelta(minutes=minutes))
        time = datetime.datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
        return time.astimezone(zone).isoformat(timespec="milliseconds")

    def changes(self, first, last):
        """The times between these at which clocks are changed."""
        offsets = {at: self.offset(at) for at in range(first, last, WEEK)}
        return [first_with(lambda t, old=old: self.offset(t) != old, at, at + WEEK)
                for at, old in offsets.items() if offsets.get(at + WEEK, old) != old]

    def at(self, clock):
        """When clocks show this: the first time if there are two, when they are changed if they skip it."""
        early, late = sorted(int(clock.replace(tzinfo=self.zone, fold=fold).timestamp()) for fold in (0, 1))
        if self.shown(early) == clock:
            return early
        return first_with(lambda t: self.offset(t) != self.offset(early), early, late)

    def slot(self, seconds, length):
        """When the slot begins that contains this time."""
        shown = self.shown(seconds)
        day = shown.replace(hour=0, minute=0, second=0)
        if length == "1h":
            start = seconds - (shown - shown.replace(minute=0, second=0)).seconds
            if self.offset(start) == self.offset(seconds):
                return start
            return first_with(lambda t: self.offset(t) == self.offset(seconds), start, seconds)
        if length in HOURS:
            return self.at(shown.replace(hour=shown.hour // HOURS[length] * HOURS[length], minute=0, second=0))
        return self.at({"1d": day, "week": day - datetime.timedelta(days=day.weekday()), "month": day.replace(day=1),
                        "year": day.replace(month=1, day=1)}[length])
