#!/usr/bin/env python3
"""Random remote write requests of both versions, sound and broken, sent to meerkat and to a real Prometheus: status, text and headers
of the answers are alike, and so is what each has stored. --rounds and --seed for more than the usual few."""
import math
import random
import struct

from harness import peer, script
from peer_pair import FELL, Pair, difference, window
from protobuf import STALE, double, field, snappy, text, varint, zigzag

CONFIG = "storage:\n  tsdb: {out_of_order_time_window: %s}\n"
WRITTEN = ["X-Prometheus-Remote-Write-%s-Written" % kind for kind in ("Samples", "Histograms", "Exemplars")]
V1, V2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"
HEADERS = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Write-Version": "0.1.0"}


# ---------------------------------------------------------------------------------------------- messages
def spans_of(number, spans):
    return b"".join(field(number, 2, field(1, 0, zigzag(offset)) + field(2, 0, varint(length))) for offset, length in spans)


def buckets_of(h, side, deltas, counts):
    if h["float"]:
        return field(counts, 2, b"".join(struct.pack("<d", count) for count in h[side]))
    out, before = b"", 0
    for count in h[side]:
        out += zigzag(count - before)
        before = count
    return field(deltas, 2, out)


def histogram(at, h, start=None):
    out = double(2, h["count"]) if h["float"] else field(1, 0, varint(h["count"]))
    out += double(3, STALE if h["sum"] is None else h["sum"]) + field(4, 0, zigzag(h["schema"])) + double(5, h["threshold"])
    out += double(7, h["zero"]) if h["float"] else field(6, 0, varint(h["zero"]))
    out += spans_of(8, h["negative_spans"]) + buckets_of(h, "negative", 9, 10)
    out += spans_of(11, h["positive_spans"]) + buckets_of(h, "positive", 12, 13)
    out += field(14, 0, varint(h["hint"])) + field(15, 0, varint(at))
    if h["bounds"]:
        out += field(16, 2, b"".join(struct.pack("<d", bound) for bound in h["bounds"]))
    return out + (field(17, 0, varint(start)) if start else b"")


def series_v1(series):
    def pairs(labels):
        return b"".join(field(1, 2, text(1, name) + text(2, value)) for name, value in labels)
    out = pairs(series["labels"])
    for at, value, _ in series["samples"]:
        out += field(2, 2, double(1, STALE if value is None else value) + field(2, 0, varint(at)))
    for at, value, labels in series["exemplars"]:
        out += field(3, 2, pairs(labels) + double(2, value) + field(3, 0, varint(at)))
    for at, h, _ in series["histograms"]:
        out += field(4, 2, histogram(at, h))
    return field(1, 2, out)


def request_v2(all_series, rnd):
    symbols = [b""]

    def refs(labels):
        numbers = b""
        for part in [part for pair in labels for part in pair]:
            part = part if isinstance(part, bytes) else part.encode()
            if part not in symbols:
                symbols.append(part)
            numbers += varint(symbols.index(part))
        return numbers
    body = b""
    for series in all_series:
        numbers = refs(series["labels"])
        if series.get("refs") == "odd":
            numbers += varint(0)
        elif series.get("refs") == "outside":
            numbers += varint(0) + varint(1 << 20)
        out = field(1, 2, numbers)
        for at, value, start in series["samples"]:
            out += field(2, 2, double(1, STALE if value is None else value) + field(2, 0, varint(at)) + (field(3, 0, varint(start)) if start else b""))
        for at, h, start in series["histograms"]:
            out += field(3, 2, histogram(at, h, start))
        for at, value, labels in series["exemplars"]:
            numbers = refs(labels) + (varint(1) if series.get("refs") == "odd exemplar" else b"")
            out += field(4, 2, field(1, 2, numbers) + double(2, value) + field(3, 0, varint(at)))
        if rnd.random() < 0.5:
            out += field(5, 2, field(1, 0, varint(rnd.choice((0, 1, 2, 5)))) + field(3, 0, varint(0)) + field(4, 0, varint(0)))
        body += field(5, 2, out)
    return b"".join(text(4, symbol) for symbol in symbols) + body


# ---------------------------------------------------------------------------------------------- what is sent
class Series:
    """Makes series; the ten minutes from `start` are theirs."""

    def __init__(self, rnd, start):
        self.r, self.start, self.made = rnd, start, 0

    def one(self, *choices):
        return self.r.choice(choices)

    def sound_histogram(self):
        kind = self.one("exponential", "exponential", "custom")
        is_float = self.r.random() < 0.4
        count = self.r.randrange(1, 5)
        positive = [self.r.randrange(4) for _ in range(count)]
        h = {"float": is_float, "schema": self.one(0, 3, 8, -4), "threshold": self.one(0, 0.001), "zero": self.r.randrange(3), "bounds": [],
             "positive_spans": [(self.one(-2, 0, 3), count)], "positive": positive, "negative_spans": [], "negative": [],
             "sum": self.one(1.5, 0, -2), "hint": self.one(0, 0, 0, 1, 2, 3)}
        if count > 2 and self.r.random() < 0.5:
            h["positive_spans"] = [(0, 2), (self.one(0, 1, 4), count - 2)]
        if kind == "custom":
            h.update(schema=-53, threshold=0, zero=0, bounds=[0.5 * (i + 1) for i in range(12)], positive_spans=[(abs(o), n) for o, n in h["positive_spans"]])
        elif self.r.random() < 0.4:
            h.update(negative_spans=[(1, 2)], negative=[1, self.r.randrange(3)])
        if is_float:
            h["positive"] = [value / 2 for value in h["positive"]]
        h["count"] = sum(h["positive"]) + sum(h["negative"]) + h["zero"]
        return h

    def broken_histogram(self):
        """What all versions refuse: schemas without a meaning are taken before 3.14."""
        h = self.sound_histogram()
        custom = h["schema"] == -53
        fault = self.one("spans", "count", "negative", "offset", "few", "no spans") if not custom else self.one(
            "spans", "count", "order", "infinite", "few bounds", "zero", "threshold", "negative side", "offset", "nan bound", "equal bounds")
        if fault == "spans":
            h["positive_spans"] = [(0, len(h["positive"]) + self.one(1, 2, -1))] if len(h["positive"]) > 1 else [(0, 2)]
        elif fault == "count":
            h["count"] += self.one(1, 5)
        elif fault == "negative":
            h["positive"][-1] = -3
        elif fault == "offset":
            h["positive_spans"] = [(0, 1), (-2, len(h["positive"]) - 1)] if len(h["positive"]) > 1 else [(-1, 1)]
        elif fault == "few":
            h["positive"] = h["positive"][:-1]
        elif fault == "no spans":
            h["positive_spans"] = []
        elif fault == "order":
            h["bounds"][0] = 3.25
        elif fault == "equal bounds":
            h["bounds"][0] = h["bounds"][1]
        elif fault == "infinite":
            h["bounds"][-1] = math.inf
        elif fault == "nan bound":
            h["bounds"][-1] = math.nan
        elif fault == "few bounds":
            h["bounds"] = h["bounds"][:1]
            h["positive_spans"], h["positive"] = [(0, 4)], [1, 1, 1, 1]
        elif fault == "zero":
            h["zero"] = 1
        elif fault == "threshold":
            h["threshold"] = 0.5
        else:
            h.update(negative_spans=[(0, 1)], negative=[1])
        if fault not in ("count", "negative"):
            h["count"] = sum(h["positive"]) + sum(h["negative"]) + h["zero"]
        return h

    def labels(self, histograms):
        """Of a series that has nothing but histograms, or nothing but floats: what ends one that had both is not what ended it."""
        self.made += 1
        labels = [("__name__", self.one("h", "größe.h") if histograms else self.one("m_total", "g", "größe", "a.b")), ("a", self.one("1", "2", "ä")), ("n", str(self.made))]
        return labels if self.r.random() < 0.8 else labels + [("z", "")]

    def sound(self, floats=None):
        at = self.start + self.r.randrange(100) * 1000
        floats = self.r.random() < 0.6 if floats is None else floats
        series = {"labels": self.labels(not floats), "samples": [], "histograms": [], "exemplars": []}
        start = self.one(None, None, None, at - 1000)
        if floats:
            series["samples"] = [(at + i * 1000, self.one(1, 2.5, math.nan, math.inf, None, -0.0), start) for i in range(self.one(1, 1, 2, 3))]
        else:
            h = self.sound_histogram()  # of one kind: versions before 3.14 commit those with integers first
            series["histograms"] = [(at + i * 1000, dict(h, sum=i), start) for i in range(self.one(1, 1, 2))]
        if self.r.random() < 0.3:
            series["exemplars"] = [(at + i * 10, i + 0.5, [("trace_id", "t%d" % i)]) for i in range(self.one(1, 2))]
        return series

    FAULTS = ["unsorted", "duplicate label", "empty name", "no metric name", "empty metric name", "bad value", "bad name", "bad metric", "older",
              "same", "other", "too old", "ahead", "exemplar labels", "exemplar order", "exemplar twice", "histogram", "histogram", "histogram",
              "nothing", "both", "float histogram mixed", "histogram other", "exemplar utf8"]
    FAULTS_V2 = ["odd", "outside", "odd exemplar"]

    def broken(self, fault):
        """A list of series: what is wrong may need something sound before."""
        series = self.sound(False if "histogram" in fault else True if fault in ("older", "same", "other", "too old", "ahead") else None)
        labels, at = series["labels"], self.start + 200_000
        if fault == "unsorted":
            series["labels"] = labels[::-1]
        elif fault == "duplicate label":
            labels.insert(2, ("a", self.one("1", "other")))
        elif fault == "empty name":
            labels.insert(0, ("", "x"))
        elif fault == "no metric name":
            del labels[0]
        elif fault == "empty metric name":
            labels[0] = ("__name__", "")
        elif fault == "bad value":
            labels[1] = ("a", b"x\xff")
        elif fault == "bad name":
            labels.insert(2, (b"b\xfe", "x"))
        elif fault == "bad metric":
            labels[0] = ("__name__", b"m\xff")
        elif fault in ("older", "same", "other", "histogram other"):
            series.update(samples=[], histograms=[])
            if fault == "histogram other":
                h = self.sound_histogram()
                series["histograms"] = [(at, h, None), (at, dict(h, sum=h["sum"] + 1), None)]
            else:
                series["samples"] = [(at, 1, None), {"older": (at - 1000, 2, None), "same": (at, 1, None), "other": (at, 2, None)}[fault]]
        elif fault == "too old":
            series.update(samples=[(1000, 1, None)], histograms=[])
        elif fault == "ahead":
            series.update(samples=[(at * 2, 1, None)], histograms=[])
        elif fault == "exemplar labels":
            series["exemplars"] = [(at, 1, [("trace_id", "x" * self.one(119, 120, 121, 500))])]
        elif fault == "exemplar order":
            series["exemplars"] = [(at, 1, [("t", "1")]), (at - 5000, 2, [("t", "2")])]
        elif fault == "exemplar twice":
            series["exemplars"] = [(at, 1, [("t", "1")]), (at, 1, [("t", "1")])]
        elif fault == "exemplar utf8":
            series["exemplars"] = [(at, 1, [("t", b"\xff")])]
        elif fault == "histogram":
            series.update(samples=[], histograms=[(at, self.broken_histogram(), None)])
        elif fault == "nothing":
            series.update(samples=[], histograms=[])
        elif fault == "both":
            labels[0] = ("__name__", "both")
            series.update(samples=[(at, 1, None)], histograms=[(at + 1000, self.sound_histogram(), None)])
        elif fault == "float histogram mixed":
            h = self.sound_histogram()
            series.update(samples=[], histograms=[(at, dict(h, float=False, count=4, positive=[2, 2], positive_spans=[(0, 2)], zero=0, negative=[], negative_spans=[]), None),
                                                  (at + 1000, dict(h, float=True, count=4, positive=[2, 2], positive_spans=[(0, 2)], zero=0, negative=[], negative_spans=[]), None)])
        else:
            series["refs"] = fault
            if fault == "odd exemplar":
                series["exemplars"] = [(at, 1, [("t", "1")])]
        return series


def forget(ours, theirs):
    """Versions before 3.14 have no exemplars of series that do not exist yet when those come, and lose custom bounds when they are read."""
    for name in set(ours["exemplars"]) - set(theirs["exemplars"]):
        del ours["exemplars"][name]
    for name, points in theirs["histograms"].items():
        for (_, mine), (_, other) in zip(ours["histograms"].get(name, []), points):
            if not other["bounds"]:
                mine["bounds"] = []


def older(ours, theirs):
    """Their answer as 3.14 would have given it, where that is known: versions before it answer 500 to broken histograms and store nothing
    of such a request, do not survive everything, take series without samples for written, count what they drop later as written, have
    no exemplars of series without a sample so far and go on after a wrong encoding."""
    status, text, headers = theirs
    if status == FELL and ours[0] in (204, 400):
        return ours
    if status == 500 and ours[0] == 400 and ours[1].startswith(text.rstrip("\n")) and ("histogram" in text or "buckets" in text):
        return ours
    if "TimeSeries must contain at least one sample" in ours[1] and ours[2][:3] == headers[:3]:
        return ours
    if status == ours[0] == 204 and ours[2][2:] == headers[2:] and all(int(a or 0) <= int(b or 0) for a, b in zip(ours[2][:2], headers[:2])):
        return ours
    if (status, text, headers[:2]) == (*ours[:2], ours[2][:2]) and int(headers[2] or 0) < int(ours[2][2] or 0):
        return ours
    if status == 415:
        return status, text.split("\n")[0].replace("; unknown remote", "; unknown type for remote") + "\n", headers
    if status == ours[0] == 400 and text.startswith("proto: ") and ours[1].startswith("proto: "):
        return ours
    if status == 400 and ours[2][:3] == ["0"] * 3 and headers[:3] == [None] * 3:
        return status, text, ours[2][:3] + headers[3:]
    return theirs


class Walk:
    def __init__(self, pair, seed, rounds, before=0):
        """`before`: how many rounds of other walks come behind it."""
        self.pair, self.rnd, self.rounds, self.before = pair, random.Random(seed), rounds, before
        self.index = self.taken = 0
        self.lost = False

    def send(self, body, version, what, **headers):
        headers = dict(HEADERS, **headers)
        if version == 2 and headers["Content-Type"] == HEADERS["Content-Type"]:
            headers["Content-Type"] += ";proto=" + V2
            headers["X-Prometheus-Remote-Write-Version"] = "2.0.0"
        answers = self.pair.post("/api/v1/write", body, headers)
        seen = [(status, text, [told.get(name) for name in WRITTEN + ["Content-Type", "X-Content-Type-Options"]]) for status, text, told in answers]
        self.taken += seen[0][0] == 204
        ours, theirs = seen[0], older(*seen)
        self.lost = FELL in (seen[0][0], seen[1][0]) or (version == 2 and seen[1][0] == 500)
        return None if ours == theirs else "%s\n  ours   %s\n  theirs %s" % (what, *seen)

    def round(self):
        start, end = window(self.rounds + self.before, self.index)
        self.index += 1
        self.lost = False
        make = Series(self.rnd, start + 60_000)
        version = self.rnd.choice((1, 2))
        fault = self.rnd.choice(Series.FAULTS + (Series.FAULTS_V2 if version == 2 else []) + ["none"])
        series = [make.sound() for _ in range(self.rnd.randrange(3))]
        if fault != "none":
            series.insert(self.rnd.randrange(len(series) + 1), make.broken(fault))
        what = "version %d, %s: %r" % (version, fault, series)
        # What was in disorder within one request is in disorder with what is stored the second time, and then it depends which they see;
        # gauge histograms are not the same the second time to versions before 3.14, nor are exemplars of series that have nothing else.
        gauges = any(h["hint"] == 3 for one in series for _, h, _ in one["histograms"])
        again = not gauges and fault not in ("older", "other", "histogram other", "exemplar order", "too old", "ahead", "nothing") and self.rnd.random() < 0.3
        for _ in range(2 if again else 1):
            message = request_v2(series, self.rnd) if version == 2 else b"".join(series_v1(one) for one in series)
            found = self.send(snappy(message), version, what)
            if found or self.lost:
                return found
        ours, theirs = self.pair.stored(start, end)
        forget(ours, theirs)
        found = difference(ours, theirs)
        return found and what + "\n" + found

    def run(self, most):
        faults = []
        while self.index < self.rounds and len(faults) < most:
            found = self.round()
            if found:
                faults.append("round %d: %s" % (self.index - 1, found))
        assert not faults, "%d of %d rounds differ\n%s" % (len(faults), self.index, "\n".join(faults))
        assert self.taken > self.rounds / 4, self.taken


def broken_bodies(pair):
    """What is no request at all."""
    walk = Walk(pair, 0, 1)
    start, _ = window(1, 0)
    make = Series(walk.rnd, start)
    sound = [make.sound(floats=True), make.sound(floats=True)]
    for one in sound:
        one["labels"].append(("this", "alone"))
    good = {1: series_v1(sound[0]), 2: request_v2(sound[1:], walk.rnd)}
    types = ["", "text/plain", "application/x-protobuf;proto=" + V1, "application/x-protobuf;proto=" + V2, "application/x-protobuf;proto=other",
             "application/x-protobuf; proto=" + V1, "application/x-protobuf;a=b;proto=" + V2, "application/x-protobuf;broken", "application/json;proto=" + V1,
             "application/x-protobuf;", " application/x-protobuf", ";", "application/x-protobuf;proto=", "Application/X-Protobuf", "application/x-protobuf;PROTO=" + V2,
             'application/x-protobuf;proto="%s"' % V2, "application/x-protobuf ; proto=" + V2, "application/x-protobuf;proto= " + V2]
    found = []
    for version, message in good.items():
        found += [walk.send(snappy(message), version, "version %d, type %r" % (version, kind), **{"Content-Type": kind}) for kind in types]
        for encoding in ("gzip", "", "identity", "SNAPPY", "snappy,snappy"):
            found.append(walk.send(snappy(message), version, "version %d, encoding %r" % (version, encoding), **{"Content-Encoding": encoding}))
        bodies = {"nothing": b"", "no snappy": message, "cut snappy": snappy(message)[:-3], "no protobuf": snappy(b"\xff\xff\xff"),
                  "cut protobuf": snappy(message[:-1]), "empty message": snappy(b""), "unknown field": snappy(message + field(99, 0, varint(1))),
                  "huge length": b"\xff\xff\xff\xff\x0f" + b"x", "wire type": snappy(field(1 if version == 1 else 5, 0, varint(7))),
                  "other version": snappy(good[3 - version]), "tag zero": snappy(b"\x00\x01")}
        for name, body in bodies.items():
            found.append(walk.send(body, version, "version %d, %s" % (version, name)))
    found = [one for one in found if one]
    assert not found, "%d differ\n%s" % (len(found), "\n".join(found))


def main(checks, options):
    if peer("prometheus", 3) is None:
        checks.skip("remote write beside Prometheus", "no prometheus 3 in ../peers or PATH")
        return
    pair = Pair(options.server, checks, CONFIG % "0s", [
        "--web.enable-remote-write-receiver", "--web.remote-write-receiver.accepted-protobuf-messages=" + V1,
        "--web.remote-write-receiver.accepted-protobuf-messages=" + V2, "--enable-feature=exemplar-storage,native-histograms"])
    checks.run("%d random requests" % options.rounds, lambda: Walk(pair, options.seed, options.rounds, before=options.rounds).run(options.most))
    pair.reload(CONFIG % "30m")
    checks.run("%d random requests, half an hour of disorder allowed" % options.rounds,
               lambda: Walk(pair, options.seed + 1, options.rounds).run(options.most))
    checks.run("what is no request", lambda: broken_bodies(pair))


if __name__ == "__main__":
    script(main, __doc__,
           ("--seed", dict(type=int, default=1)),
           ("--rounds", dict(type=int, default=100)),
           ("--most", dict(type=int, default=3, help="faults after which to stop")))
