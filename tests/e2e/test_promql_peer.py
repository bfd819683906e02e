"""Random queries over the API, answered by meerkat and by a real Prometheus with the same samples.

Both get the same remote write requests: gaps, stale markers, counter resets, NaN and infinities, native histograms.
Labels, values, warnings, infos and the number of samples at each step must be equal, floats to 1e-12. Skipped where no
prometheus is installed.

    test_promql_peer.py --server BINARY [--queries N] [--seed S]
"""

import json
import math
import random
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from harness import Meerkat, Program, free_port, get, get_json, peer, script, wait_for
from protobuf import STALE, double, field, snappy, text, varint, zigzag

START = 1_700_000_000_000  # of the samples, milliseconds
EVERY, SAMPLES = 30_000, 60
FEATURES = "promql-experimental-functions,native-histograms,promql-duration-expr,promql-per-step-stats"


# -------------------------------------------------------------------------------------------------- remote write
def histogram(at, h):
    """An integer histogram; `h` has schema, zero, sum, spans and absolute bucket counts."""
    out = field(1, 0, varint(h["zero"] + sum(h["buckets"])))
    out += double(3, h["sum"]) + field(4, 0, zigzag(h["schema"])) + double(5, 0.001) + field(6, 0, varint(h["zero"]))
    spans = b"".join(field(11, 2, field(1, 0, zigzag(o)) + field(2, 0, varint(n))) for o, n in h["spans"])
    deltas, before = b"", 0
    for count in h["buckets"]:
        deltas += zigzag(count - before)
        before = count
    return out + spans + field(12, 2, deltas) + field(14, 0, varint(h["hint"])) + field(15, 0, varint(at))


def write_request(series):
    out = b""
    for labels, samples in series:
        one = b"".join(field(1, 2, text(1, n) + text(2, v)) for n, v in sorted(labels.items()))
        for at, value in samples:
            if isinstance(value, dict):
                one += field(4, 2, histogram(at, value))
            else:
                one += field(2, 2, double(1, STALE if value is None else value) + field(2, 0, varint(at)))
        out += field(1, 2, one)
    return snappy(out)


def make_series(rnd):
    series = []
    for name in ("m_total", "g", "h", "lat_bucket", "mixed"):
        for a in ("1", "2", "3"):
            for c in ("x", "y"):
                if rnd.random() < 0.15:
                    continue
                bounds = ("0.1", "0.5", "1", "+Inf") if name == "lat_bucket" else (None,)
                cumulative = [0.0] * SAMPLES
                for le in bounds:
                    labels = {"__name__": name, "a": a, "c": c, "job": "j" + a}
                    if le:
                        labels["le"] = le
                    samples = make_samples(rnd, name, cumulative)
                    series.append((labels, samples))
    for a in ("1", "2"):
        samples = [(START + i * EVERY, 1.0) for i in range(SAMPLES)]
        series.append(({"__name__": "target_info", "job": "j" + a, "version": "v" + a, "zone": "z"}, samples))
    return series


def make_samples(rnd, name, cumulative):
    kind = rnd.randrange(4)
    value, count, samples = float(rnd.randrange(20)), rnd.randrange(5), []
    buckets = [rnd.randrange(3) for _ in range(4)]
    schema = rnd.choice((0, 0, 1))
    for i in range(SAMPLES):
        at = START + i * EVERY
        if rnd.random() < 0.08:
            continue
        if rnd.random() < 0.03:
            samples.append((at, None))
            continue
        as_histogram = name == "h" or (name == "mixed" and rnd.random() < 0.5)
        if as_histogram:
            if rnd.random() < 0.05:
                buckets = [0, 0, 0, 0]
            buckets = [b + rnd.randrange(3) for b in buckets]
            count += 1
            samples.append(
                (at, {"schema": schema, "zero": count % 3, "sum": float(sum(buckets)) * 1.5, "spans": [(-1, 2), (1, 2)],
                      "buckets": list(buckets), "hint": 3 if kind == 3 else 0})
            )
        elif name == "lat_bucket":
            cumulative[i] = max(cumulative[i], (cumulative[i - 1] if i else 0)) + rnd.randrange(4)
            samples.append((at, cumulative[i]))
        elif kind == 3 and name == "g":
            samples.append((at, rnd.choice((math.nan, math.inf, -math.inf, 0.0, 1.0, -2.5))))
        elif name == "g" or name == "mixed":
            samples.append((at, rnd.randrange(100) / 4 - 10))
        else:
            value = float(rnd.randrange(3)) if rnd.random() < 0.06 else value + rnd.randrange(8) / 2
            samples.append((at, value))
    return samples


# -------------------------------------------------------------------------------------------------- queries
class Queries:
    def __init__(self, seed, newest):
        """`newest`: the peer is Prometheus 3.14 or later. Older ones joined info series wrongly, took NaN into the median of
        deviations and interpolated towards an infinite bound."""
        self.r = random.Random(seed)
        self.newest = newest

    def one(self, *choices):
        return self.r.choice(choices)

    def matchers(self):
        return self.one("", "", '{a="1"}', '{a=~"1|2"}', '{c!="x"}', '{a!~"2",c="y"}')

    def modifier(self):
        at = START / 1000
        return self.one("", "", "", " offset 1m", " offset -45s", f" @ {at + 600:.0f}", " @ start()", " @ end()",
                        " @ end() offset 90s", f" offset 2m @ {at + 900:.3f}", " offset 1m30s")

    def name(self):
        return self.one("m_total", "m_total", "g", "g", "h", "h", "mixed", "lat_bucket", "none", "target_info")

    def selector(self):
        return self.one(self.name() + self.matchers(), '{__name__=~"m_total|g"}', '{__name__=~"g|h",a="1"}')

    def range(self, depth):
        if depth > 0 and self.r.random() < 0.25:
            return f"({self.vector(depth - 1)})[{self.one('3m', '5m', '1m + 90s')}:{self.one('30s', '1m', '47s', '')}]{self.modifier()}"
        return f"{self.selector()}[{self.one('1m', '90s', '5m', '10m', '31s', '1m * 2')}]{self.modifier()}"

    def scalar(self, depth):
        if depth > 0 and self.r.random() < 0.3:
            return f"scalar({self.vector(depth - 1)})"
        return self.one("1", "0", "2.5", "-3", "time()", "NaN", "Inf", "0x1F", "1e3", "pi()", "5m")

    def grouping(self):
        return self.one("", "", " by (a)", " by (a, c)", " without (a)", " without (c, le)", " by (__name__)", " by (le)", " by ()")

    def aggregation(self, depth):
        inner = self.vector(depth - 1)
        op = self.one("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk", "quantile",
                      "count_values")
        if op in ("topk", "bottomk"):
            return f"{op}{self.grouping()} ({self.one('1', '2', '3', '0', '-1')}, {inner})"
        if op == "quantile":
            return f"{op}{self.grouping()} ({self.one('0.5', '0.9', '1', '-1', '2', 'NaN')}, {inner})"
        if op == "count_values":  # makes labels of values: of those that are equal to the last digit everywhere
            return f'{op}{self.grouping()} ("v", {self.selector()}{self.modifier()})'
        return f"{op}{self.grouping()} ({inner})"

    def operation(self, depth):
        op = self.one("+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", ">=", "<=", "and", "or", "unless", "atan2")
        flag = " bool" if op in ("==", "!=", "<", ">", ">=", "<=") and self.r.random() < 0.3 else ""
        if op not in ("and", "or", "unless") and self.r.random() < 0.35:
            pair = [f"({self.vector(depth - 1)})", self.scalar(depth - 1)]
            self.r.shuffle(pair)
            return f"{pair[0]} {op}{flag} {pair[1]}"
        matching = self.one("", "", " on (a, c)", " on (a)", " ignoring (c)", " on ()")
        if op not in ("and", "or", "unless") and matching:
            matching += self.one("", "", " group_left ()", " group_right ()", " group_left (version)", " group_right (le)")
        return f"({self.vector(depth - 1)}) {op}{flag}{matching} ({self.vector(depth - 1)})"

    def call(self, depth):
        inner = self.vector(depth - 1)
        kind = self.r.randrange(12 if self.newest else 11)
        if kind < 4:
            name = self.one("abs", "ceil", "floor", "sgn", "exp", "ln", "log2", "log10", "sqrt", "sin", "cos", "asin", "acos",
                            "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad", "timestamp", "minute", "hour",
                            "day_of_week", "day_of_year", "days_in_month", "month", "year", "absent", "histogram_count",
                            "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar", "sort", "sort_desc")
            return f"{name}({inner})"
        if kind == 4:
            return f"histogram_quantile({self.one('0.5', '0.9', '0', '1', '-1', '1.5', 'NaN')}, {inner})"
        if kind == 5 and not self.newest:
            return f"-({inner})"
        if kind == 5:
            return f"histogram_fraction({self.one('0', '-Inf', '0.2')}, {self.one('1', '+Inf', '0.5')}, {inner})"
        if kind == 6:
            return f"{self.one('clamp_min', 'clamp_max', 'round')}({inner}, {self.scalar(0)})"
        if kind == 7:
            return f"clamp({inner}, {self.one('-1', '0')}, {self.one('1', '5', '-2')})"
        if kind == 8:
            return f'label_replace({inner}, "{self.one("n", "a", "c")}", "{self.one("$1x", "", "k")}", "{self.one("a", "c", "zz")}", "{self.one("(.*)", "1", "(x|y)")}")'
        if kind == 9:
            return f'label_join({inner}, "{self.one("n", "a")}", "{self.one("-", "")}", "a", "c")'
        if kind == 10:
            return f"{self.one('sort_by_label', 'sort_by_label_desc')}({inner}, \"a\")"
        which = self.one("", ', {version=~".+"}', ', {zone="z"}')
        return f"info({inner}{which})"

    def over_range(self, depth):
        window = self.range(depth)
        kind = self.r.randrange(10)
        if kind == 0:
            return f"quantile_over_time({self.one('0.7', '0', '1', '-2', 'NaN')}, {window})"
        if kind == 1:
            return f"predict_linear({window}, {self.one('60', '-60', '0')})"
        if kind == 2:
            return f"double_exponential_smoothing({window}, 0.5, {self.one('0.1', '0.9')})"
        name = self.one("rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv", "sum_over_time", "avg_over_time",
                        "min_over_time", "max_over_time", "count_over_time", "last_over_time", "present_over_time",
                        "stddev_over_time", "stdvar_over_time", "mad_over_time", "absent_over_time", "ts_of_max_over_time",
                        "ts_of_min_over_time", "ts_of_last_over_time")
        return f"{name}({window})"

    def vector(self, depth):
        if depth <= 0:
            return f"vector({self.scalar(0)})" if self.r.random() < 0.1 else self.selector() + self.modifier()
        make = self.one(self.over_range, self.over_range, self.aggregation, self.operation, self.call, lambda _: self.selector() + self.modifier())
        query = make(depth)
        if "mad_over_time" in query and not self.newest:
            return self.vector(depth)
        return self.one("", "", "", "", "-") + query


# -------------------------------------------------------------------------------------------------- comparing
def ask(base, path, **parameters):
    data = urllib.parse.urlencode(parameters).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(base + path, data), timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def close(a, b, tolerance):
    if a == b:
        return True
    x, y = float(a), float(b)
    return abs(x - y) <= tolerance * max(abs(x), abs(y))


def same_point(a, b, tolerance):
    if a[0] != b[0]:
        return False
    if isinstance(a[1], str) or isinstance(b[1], str):
        return isinstance(a[1], str) and isinstance(b[1], str) and close(a[1], b[1], tolerance)
    left, right = a[1], b[1]
    if set(left) != set(right) or not all(close(left[k], right[k], tolerance) for k in ("count", "sum")):
        return False
    left, right = left.get("buckets", []), right.get("buckets", [])
    return len(left) == len(right) and all(
        x[0] == y[0] and all(close(p, q, tolerance) for p, q in zip(x[1:], y[1:])) for x, y in zip(left, right))


def points(series):
    for key in ("value", "values", "histogram", "histograms"):
        value = series.get(key, [])
        yield [value] if key in ("value", "histogram") and value else value


def notes_of(answer, kind):
    """Prometheus before 3.14 named an empty metric name, and told neither that sorting by label has no effect in range queries
    nor of colliding counter resets, and less of what monotonicity took. Beyond ten notes it depends on their order which are told."""
    told = [note.replace(' for metric name ""', "") for note in answer.get(kind, [])]
    told = [note.split(" for metric name")[0].split(", from buckets")[0].split(" (1:")[0] if "monotonicity" in note else note
            for note in told]
    if any("annotations omitted" in note for note in told):
        return "many"
    return sorted({note for note in told if "sort is ineffective" not in note and "counter resets" not in note})


def comparable_samples(query):
    """Prometheus 3.5 counts the buckets that histogram_count and the like need not read when they stand outermost. Histograms
    that a subquery computes are counted by their size, and meerkat's have no empty buckets at their ends."""
    if any(name in query for name in ("histogram_count", "histogram_sum", "histogram_avg")):
        return False
    return not (re.search(r"\[[^\]]*:[^\]]*\]", query) and re.search(r"\bh\b|\bmixed\b", query))


def differs(mine, theirs, query, ordered, tolerance):
    """What is different, or None."""
    if mine["status"] != theirs["status"]:
        # Prometheus 3.14 refuses ambiguous matches also where a comparison would filter them away; older ones do not.
        return None if mine.get("error", "").startswith("multiple matches for labels") else "status"
    if mine["status"] == "error":
        return None if mine["errorType"] == theirs["errorType"] else "error type"
    for notes in ("warnings", "infos"):
        if notes_of(mine, notes) != notes_of(theirs, notes):
            return notes
    left, right = mine["data"], theirs["data"]
    if left["resultType"] != right["resultType"]:
        return "type"
    if comparable_samples(query):
        for key in ("totalQueryableSamples", "totalQueryableSamplesPerStep"):
            if left["stats"]["samples"][key] != right["stats"]["samples"][key]:
                return key
    if left["resultType"] in ("scalar", "string"):
        return None if close(left["result"][1], right["result"][1], tolerance) else "value"
    left, right = left["result"], right["result"]
    if not ordered:
        by_labels = lambda series: sorted(series["metric"].items())
        left, right = sorted(left, key=by_labels), sorted(right, key=by_labels)
    if "topk" in query or "bottomk" in query:
        return None  # which of equal values come first depends on the order in storage
    if [s["metric"] for s in left] != [s["metric"] for s in right]:
        return "series"
    for a, b in zip(left, right):
        for x, y in zip(points(a), points(b)):
            if len(x) != len(y) or not all(same_point(p, q, tolerance) for p, q in zip(x, y)):
                return "values"
    return None


def start_prometheus(binary, folder):
    port = free_port()
    folder.mkdir()
    config = folder / "prometheus.yml"
    config.write_text("scrape_configs: []\n")
    program = Program("prometheus", [
        str(binary), f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver", f"--enable-feature={FEATURES}", "--storage.tsdb.retention.time=100y",
        "--log.level=error"], str(folder))
    base = f"http://127.0.0.1:{port}"

    wait_for("prometheus", lambda: get(base + "/-/ready"))
    return program, base


def write(base, body):
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
               "X-Prometheus-Remote-Write-Version": "0.1.0"}
    with urllib.request.urlopen(urllib.request.Request(base + "/api/v1/write", body, headers), timeout=60) as answer:
        assert answer.status in (200, 204)


def main(checks, options):
    other = peer("prometheus", 3)
    name = f"{options.queries} random queries, as Prometheus answers them"
    if other is None:
        checks.skip(name, "no prometheus 3 in ../peers or PATH")
        return
    folder = Path(checks.folder)
    config = folder / "meerkat.yml"
    config.write_text("scrape_configs: []\n")
    flags = [f"--config.file={config}", "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y",
             f"--enable-feature={FEATURES}"]
    meerkat = Meerkat(options.server, str(folder), flags)
    checks.own(meerkat.program)
    program, base = start_prometheus(other, folder / "prometheus")
    checks.own(program)

    def compare():
        series = make_series(random.Random(options.seed))
        for i in range(SAMPLES):  # in order: within a request floats come before histograms
            at = START + i * EVERY
            now = [(labels, [s for s in samples if s[0] == at]) for labels, samples in series]
            body = write_request([one for one in now if one[1]])
            for each in (meerkat.url, base):
                write(each, body)
        version = get_json(base + "/api/v1/status/buildinfo")["data"]["version"].split(".")
        queries = Queries(options.seed, (int(version[0]), int(version[1])) >= (3, 14))
        wrong = []
        for i in range(options.queries):
            query = queries.vector(1 + queries.r.randrange(3))
            if i % 2 == 0:
                at = (START + queries.r.randrange(SAMPLES * EVERY)) / 1000
                path, asked = "/api/v1/query", {"time": at}
            else:
                path, asked = "/api/v1/query_range", {"start": START / 1000 + 200, "end": START / 1000 + 1500, "step": "97"}
            answers = [ask(each, path, query=query, stats="all", **asked) for each in (meerkat.url, base)]
            ordered = i % 2 == 0 and query.startswith(("sort(", "sort_desc("))
            difference = differs(*answers, query, ordered, 1e-12)
            if difference:
                wrong.append((difference, path, asked, query, *answers))
        if options.report:
            Path(options.report).write_text("".join(json.dumps(w) + "\n" for w in wrong))
        assert not wrong, f"{len(wrong)} differ, first: {json.dumps(wrong[0])[:1500]}"

    checks.run(name, compare)


if __name__ == "__main__":
    script(main, __doc__, ("--queries", dict(type=int, default=300)), ("--seed", dict(type=int, default=1)), ("--report", {}))
