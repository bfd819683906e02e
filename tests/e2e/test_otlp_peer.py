#!/usr/bin/env python3
"""Random OTLP requests under every translation of names and attributes, to two servers that answer alike and have the same
afterwards: meerkat and a real Prometheus, where there is one built with the receiver (Debian's is not), and two of meerkat, of which
one gets everything as JSON and the other as protobuf. --rounds and --seed for more than the usual few."""
import gzip
import json
import random
import subprocess

from harness import peer, script
from peer_pair import Pair, difference, window
from protobuf import encode

SCHEMA = {
    "Request": {"resourceMetrics": (1, "[ResourceMetrics]")},
    "ResourceMetrics": {"resource": (1, "Resource"), "scopeMetrics": (2, "[ScopeMetrics]")},
    "Resource": {"attributes": (1, "[KeyValue]")},
    "ScopeMetrics": {"scope": (1, "Scope"), "metrics": (2, "[Metric]"), "schemaUrl": (3, "string")},
    "Scope": {"name": (1, "string"), "version": (2, "string"), "attributes": (3, "[KeyValue]")},
    "Metric": {"name": (1, "string"), "description": (2, "string"), "unit": (3, "string"), "gauge": (5, "Numbers"), "sum": (7, "Numbers"),
               "histogram": (9, "Histograms"), "exponentialHistogram": (10, "Exponentials"), "summary": (11, "Summaries")},
    "Numbers": {"dataPoints": (1, "[Number]"), "aggregationTemporality": (2, "int64"), "isMonotonic": (3, "bool")},
    "Histograms": {"dataPoints": (1, "[Histogram]"), "aggregationTemporality": (2, "int64")},
    "Exponentials": {"dataPoints": (1, "[Exponential]"), "aggregationTemporality": (2, "int64")},
    "Summaries": {"dataPoints": (1, "[Summary]")},
    "Number": {"attributes": (7, "[KeyValue]"), "startTimeUnixNano": (2, "fixed64"), "timeUnixNano": (3, "fixed64"), "asDouble": (4, "double"),
               "asInt": (6, "sfixed64"), "exemplars": (5, "[Exemplar]"), "flags": (8, "int64")},
    "Histogram": {"attributes": (9, "[KeyValue]"), "startTimeUnixNano": (2, "fixed64"), "timeUnixNano": (3, "fixed64"), "count": (4, "fixed64"),
                  "sum": (5, "double"), "bucketCounts": (6, "[fixed64]"), "explicitBounds": (7, "[double]"), "exemplars": (8, "[Exemplar]"),
                  "flags": (10, "int64"), "min": (11, "double"), "max": (12, "double")},
    "Exponential": {"attributes": (1, "[KeyValue]"), "startTimeUnixNano": (2, "fixed64"), "timeUnixNano": (3, "fixed64"), "count": (4, "fixed64"),
                    "sum": (5, "double"), "scale": (6, "sint32"), "zeroCount": (7, "fixed64"), "positive": (8, "Buckets"), "negative": (9, "Buckets"),
                    "flags": (10, "int64"), "exemplars": (11, "[Exemplar]"), "min": (12, "double"), "max": (13, "double"), "zeroThreshold": (14, "double")},
    "Buckets": {"offset": (1, "sint32"), "bucketCounts": (2, "[int64]")},
    "Summary": {"attributes": (7, "[KeyValue]"), "startTimeUnixNano": (2, "fixed64"), "timeUnixNano": (3, "fixed64"), "count": (4, "fixed64"),
                "sum": (5, "double"), "quantileValues": (6, "[Quantile]"), "flags": (8, "int64")},
    "Quantile": {"quantile": (1, "double"), "value": (2, "double")},
    "Exemplar": {"filteredAttributes": (7, "[KeyValue]"), "timeUnixNano": (2, "fixed64"), "asDouble": (3, "double"), "asInt": (6, "sfixed64"),
                 "spanId": (4, "bytes"), "traceId": (5, "bytes")},
    "KeyValue": {"key": (1, "string"), "value": (2, "Any")},
    "Any": {"stringValue": (1, "string"), "boolValue": (2, "bool"), "intValue": (3, "int64"), "doubleValue": (4, "double"),
            "arrayValue": (5, "Array"), "kvlistValue": (6, "Map")},
    "Array": {"values": (1, "[Any]")},
    "Map": {"values": (1, "[KeyValue]")},
}
STRATEGIES = ["UnderscoreEscapingWithSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation"]
UNITS = ["", "", "1", "s", "ms", "By", "By/s", "{request}", "{packet}/s", "%", "Cel", "m/s", "weird unit", "1/s", "/h", "KiBy", "foo__bar", "s/{x}", "_a", "m/_b"]
NAMES = ["http.server.duration", "requests", "requests_total", "a__b", "1st", "queue.size", "cpu.utilization.ratio", "größe", "lat_seconds",
         "_hidden", "io_bytes_per_second", "total", "x:y", "temp-now", "io.By", "s"]
KEYS = ["a", "b.c", "b_c", "host.name", "1x", "_u", "__v", "größe", "le", "quantile", "service.name", "job", "instance", "a b", "d..e", "Z", "__name__"]
CONTENT = "application/json", "application/x-protobuf"


def config_of(options):
    return "otlp: %s\nstorage:\n  tsdb: {out_of_order_time_window: 0s}\n" % json.dumps(options)


class Requests:
    def __init__(self, rnd, start):
        self.r, self.start = rnd, start

    def one(self, *choices):
        return self.r.choice(choices)

    def value(self, depth=0):
        kind = self.r.randrange(12 if depth < 2 else 8)
        if kind < 4:
            return {"stringValue": self.one("x", "", "hällo \"w\" <&>", "a\nb", "v%d" % self.r.randrange(5))}
        if kind == 4:
            return {"boolValue": self.r.random() < 0.5}
        if kind == 5:
            return {"intValue": str(self.one(0, 7, -12, 2**63 - 1))}
        if kind == 6:
            return {"doubleValue": self.one(0.5, 1e-9, 1e22, 3.0, -0.0, 1234567.25)}
        if kind == 7:
            return {}
        if kind < 10:
            return {"arrayValue": {"values": [self.value(depth + 1) for _ in range(self.r.randrange(3))]}}
        return {"kvlistValue": {"values": [{"key": k, "value": self.value(depth + 1)} for k in self.r.sample(["k", "a", "<z>"], self.r.randrange(3))]}}

    def attributes(self, keys, most):
        return [{"key": key, "value": self.value()} for key in self.r.sample(keys, self.r.randrange(most + 1))]

    def time(self, step=0):
        return str((self.start + step * 15_000) * 1_000_000 + self.r.randrange(1_000_000))

    def exemplars(self):
        made = []
        for i in range(self.one(0, 0, 0, 1, 2)):
            exemplar = {"timeUnixNano": str((self.start + i * 1000) * 1_000_000), self.one("asDouble", "asDouble", "asInt"): self.r.randrange(30)}
            if self.r.random() < 0.7:
                exemplar["traceId"] = self.one("0102030405060708090a0b0c0d0e0f10", "0" * 32)
            if self.r.random() < 0.5:
                exemplar["spanId"] = "0102030405060708"
            if self.r.random() < 0.5:
                exemplar["filteredAttributes"] = [{"key": self.one("k", "x.y"), "value": {"stringValue": "v" * self.one(3, 90, 130)}}]
            made.append(exemplar)
        return made

    def point(self, step, attributes):
        point = {"timeUnixNano": self.time(step), "attributes": attributes}
        if self.r.random() < 0.3:
            point["startTimeUnixNano"] = self.one("0", str((self.start - 60_000) * 1_000_000), point["timeUnixNano"])
        if self.r.random() < 0.1:
            point["flags"] = self.one(1, 2, 0, 3)
        return point

    def number(self, point, exemplars):
        point[self.one("asDouble", "asInt")] = self.r.randrange(100)
        if "asDouble" in point:
            point["asDouble"] = self.one(point["asDouble"] / 4, -1.5, 1e300)
        if exemplars:
            point["exemplars"] = exemplars
        return point

    def histogram(self, point, exemplars):
        bounds = self.one([], [1], [0.5, 1, 5], [0, 10, 25, 1e9], [-5, 0.1], [0.005, 100])
        counts = [self.r.randrange(5) for _ in range(len(bounds) + 1)]
        point.update(count=str(sum(counts)), bucketCounts=[str(c) for c in counts], explicitBounds=bounds)
        if self.r.random() < 0.05:
            point.update(bucketCounts=[], explicitBounds=[])
        self.sums(point)
        if exemplars:
            point["exemplars"] = exemplars
        return point

    def sums(self, point):
        if self.r.random() < 0.8:
            point["sum"] = self.one(12.5, 0, -3.25)
        if self.r.random() < 0.3:
            point.update(min=0.5, max=9)

    def exponential(self, point, exemplars):
        total = self.r.randrange(4)
        point.update(scale=self.one(0, 0, 1, 3, 8, 9, 12, 20, -1, -4, -4, -5), zeroCount=str(total))
        for side in ("positive", "negative"):
            if self.r.random() < 0.7:
                counts = [self.one(0, 0, 0, 1, 2, 5) for _ in range(self.r.randrange(12))]
                total += sum(counts)
                point[side] = {"offset": self.one(0, 1, -1, -7, 12, 100, -1000), "bucketCounts": [str(c) for c in counts]}
        point["count"] = str(total)
        if self.r.random() < 0.3:
            point["zeroThreshold"] = self.one(0, 0.001, 1e-9)
        self.sums(point)
        if exemplars:
            point["exemplars"] = exemplars
        return point

    def summary(self, point, _):
        point.update(count=str(self.r.randrange(9)), sum=self.r.randrange(40) / 8)
        point["quantileValues"] = [{"quantile": q, "value": self.r.randrange(100) / 8} for q in self.one([], [0.5], [0, 0.99, 1], [0.5, 0.9])]
        return point

    def metric(self, number):
        kind = self.one("gauge", "gauge", "sum", "sum", "sum", "histogram", "histogram", "exponentialHistogram", "exponentialHistogram", "summary")
        make = {"gauge": self.number, "sum": self.number, "histogram": self.histogram, "exponentialHistogram": self.exponential, "summary": self.summary}[kind]
        metric = {"name": "m%d.%s" % (number, self.one(*NAMES)) if self.r.random() < 0.9 else "%s.m%d" % (self.one(*NAMES), number),
                  "unit": self.one(*UNITS), "description": self.one("", "What it is.")}
        attributes = self.attributes(KEYS, 4)
        data = {"dataPoints": [make(self.point(step, attributes), self.exemplars() if step == 0 else []) for step in range(self.one(1, 1, 2, 3))]}
        if kind in ("sum", "histogram", "exponentialHistogram"):
            data["aggregationTemporality"] = self.one(2, 2, 2, 2, 2, 2, 1, 0)
        if kind == "sum":
            data["isMonotonic"] = self.r.random() < 0.6
        if self.r.random() < 0.03:
            data["dataPoints"] = []
        metric[kind] = data
        return metric

    def request(self):
        resources = []
        for i in range(self.one(1, 1, 1, 2)):
            identity = []
            for key, odds in (("service.name", 0.7), ("service.namespace", 0.4), ("service.instance.id", 0.5)):
                if self.r.random() < odds:
                    identity.append({"key": key, "value": {"stringValue": self.one("shop", "cart", "") + str(i)}})
            attributes = identity + self.attributes(["host.name", "os", "a", "b.c", "größe", "n.m", "n_m"], 4)
            self.r.shuffle(attributes)
            scopes = []
            for j in range(self.one(1, 1, 2)):
                scope = {"scope": {"name": self.one("", "lib"), "version": self.one("", "1.2"), "attributes": self.attributes(["s.t", "name", "u"], 2)},
                         "metrics": [self.metric(i * 100 + j * 10 + k) for k in range(self.r.randrange(1, 4))]}
                if self.r.random() < 0.5:
                    scope["schemaUrl"] = "https://schema/1"
                scopes.append(scope)
            resources.append({"resource": {"attributes": attributes}, "scopeMetrics": scopes})
        return {"resourceMetrics": resources}


class Walk:
    def __init__(self, pair, seed, rounds, twin):
        """`twin`: each side gets an encoding of its own."""
        self.pair, self.rnd, self.rounds, self.twin = pair, random.Random(seed), rounds, twin
        self.index = self.stored = 0

    def options(self):
        r = self.rnd
        options = {"translation_strategy": r.choice(STRATEGIES), "keep_identifying_resource_attributes": r.random() < 0.5,
                   "convert_histograms_to_nhcb": r.random() < 0.5}
        how = r.randrange(4)
        if how == 0:
            options["promote_resource_attributes"] = ["host.name", "b.c", "service.name"]
        elif how == 1:
            options["promote_all_resource_attributes"] = True
        elif how == 2:
            options.update(promote_all_resource_attributes=True, ignore_resource_attributes=["os", "service.name"])
        return options

    def body(self, request, content):
        body = json.dumps(request).encode() if content == CONTENT[0] else encode(SCHEMA, "Request", request)
        headers = {"Content-Type": content}
        if self.rnd.random() < 0.3:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return body, headers

    def send(self, request, what):
        one = self.body(request, CONTENT[0] if self.twin else self.rnd.choice(CONTENT))
        other = self.body(request, CONTENT[1]) if self.twin else one
        (status, text, _), (their_status, their_text, _) = self.pair.post("/api/v1/otlp/v1/metrics", *one, other=other)
        if (status, text) != (their_status, their_text):
            return "%s: ours %d %r, theirs %d %r" % (what, status, text, their_status, their_text)
        self.stored += status == 200
        return None

    def round(self, options):
        start, end = window(self.rounds, self.index)
        self.index += 1
        requests = Requests(self.rnd, start + 60_000)
        request = requests.request()
        found = self.send(request, "first")
        if not found and self.rnd.random() < 0.2:
            found = self.send(request, "again")
        if not found:
            found = difference(*self.pair.stored(start, end))
        return found and "%s\n%s\n%s" % (found, json.dumps(options), json.dumps(request))

    def run(self, most):
        faults = []
        while self.index < self.rounds and len(faults) < most:
            options = self.options()
            self.pair.reload(config_of(options))
            for _ in range(min(5, self.rounds - self.index)):
                found = self.round(options)
                if found:
                    faults.append("round %d: %s" % (self.index - 1, found))
        assert self.stored > self.rounds / 3 or faults, "only %d requests were taken" % self.stored
        assert not faults, "%d of %d rounds differ\n%s" % (len(faults), self.index, "\n".join(faults[:most]))


def has_receiver(prometheus):
    told = subprocess.run([prometheus, "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30).stdout
    return "web.enable-otlp-receiver" in told


def main(checks, options):

    def walk(twin):
        flags = ["--web.enable-otlp-receiver"] + ([] if twin else ["--enable-feature=exemplar-storage,native-histograms"])
        pair = Pair(options.server, checks, config_of({}), flags, twin)
        Walk(pair, options.seed, options.rounds, twin).run(options.most)

    checks.run("%d requests as JSON and as protobuf" % options.rounds, lambda: walk(True))
    prometheus = peer("prometheus", 3)
    if prometheus and has_receiver(prometheus):
        checks.run("%d requests beside Prometheus" % options.rounds, lambda: walk(False))
    else:
        checks.skip("OTLP beside Prometheus", "no prometheus 3 with an OTLP receiver in ../peers or PATH")


if __name__ == "__main__":
    script(main, __doc__,
           ("--seed", dict(type=int, default=1)),
           ("--rounds", dict(type=int, default=60)),
           ("--most", dict(type=int, default=3, help="faults after which to stop")))
