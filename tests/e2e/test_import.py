#!/usr/bin/env python3
"""A real Prometheus takes in floats, native histograms, stale markers and late samples by remote write, until it has blocks and a
head. Its directory is imported, and every query answers as it did before."""
import json
import math
import os
import subprocess
import time
import urllib.parse
import urllib.request

from harness import PATIENCE, Meerkat, Program, free_port, get, get_json, peer, script, wait_for
from protobuf import STALE, double, field, snappy, text, varint, zigzag

STEP = 30
HOURS = 6


def labels_of(labels):
    return b"".join(field(1, 2, text(1, name) + text(2, value)) for name, value in sorted(labels.items()))


def sample(value, at):
    return field(2, 2, double(1, value) + field(2, 0, varint(at)))


def histogram(scale, at):
    """An integer histogram of schema 2 with positive and negative buckets; `scale` makes it grow."""
    deltas = [scale, 2, -1, 3]
    negative = [scale // 2]
    count = sum(sum(deltas[:i + 1]) for i in range(4)) + negative[0] + 1
    body = field(1, 0, varint(count)) + double(3, 0.25 * scale) + field(4, 0, zigzag(2))
    body += double(5, 1e-128) + field(6, 0, varint(1))
    body += field(8, 2, field(1, 0, zigzag(0)) + field(2, 0, varint(1))) + field(9, 2, b"".join(zigzag(d) for d in negative))
    body += field(11, 2, field(1, 0, zigzag(-2)) + field(2, 0, varint(2))) + field(11, 2, field(1, 0, zigzag(3)) + field(2, 0, varint(2)))
    body += field(12, 2, b"".join(zigzag(d) for d in deltas)) + field(15, 0, varint(at))
    return field(4, 2, body)


def post(url, series):
    request = urllib.request.Request(url + "/api/v1/write", data=snappy(b"".join(field(1, 2, one) for one in series)), method="POST",
                                     headers={"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                                              "X-Prometheus-Remote-Write-Version": "0.1.0"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status in (200, 204), answer.status


# Sums of histograms with fractions and their quantiles are left out: later versions than 3.5 compensate when they add, as meerkat
# does, which shows in the last digit.
QUERIES = [
    "gauge", "counter_total", "sum by (job) (rate(counter_total[5m]))", "increase(counter_total[1h])", "irate(counter_total[2m])",
    "max_over_time(gauge[10m])", "stddev_over_time(gauge[30m])", "quantile_over_time(0.9, gauge[15m])", "count_over_time(gauge[1h])",
    "resets(counter_total[2h])", "changes(gauge[30m])", "deriv(gauge[10m])", "predict_linear(gauge[10m], 600)", "absent(gone)", "gone",
    "gauge offset 1h", "topk(2, gauge)", "count({__name__=~\".+\"})", "sum(gauge) / count(gauge)", "avg by (instance) (gauge)",
    "gauge{instance!~\"host-[02]\"}", "{job=\"a\",instance=\"host-1\"}", "h", "rate(h[10m])", "histogram_sum(h)",
    "histogram_avg(h)", "histogram_count(rate(h[5m]))", "sum(h)", "histogram_fraction(0, 1, h)", "timestamp(gauge)",
    "last_over_time(gone[1h])", "specials", "sum_over_time(specials[5m])", "count_values(\"v\", specials)", "late",
    "max_over_time(rate(counter_total[5m])[1h:5m])", "counter_total @ end()", "label_replace(gauge, \"x\", \"$1\", \"instance\", \"host-(.*)\")",
]


def only(one, other):
    """The pieces of an answer that another does not have, for a person to read."""
    def pieces(answer):
        return {json.dumps([item.get("metric"), point]) for item in answer if isinstance(item, dict)
                for point in item.get("values", item.get("histograms", [item.get("value")]))} if isinstance(answer, list) else {str(answer)}
    return sorted(pieces(one) - pieces(other))[:4]


class Import:
    def __init__(self, binary, folder, checks):
        self.binary, self.folder, self.checks = binary, folder, checks
        # Further back than the stretch for which a running server lists its own labels, whatever the time of day.
        self.end = (int(time.time()) // 7200 - 2) * 7200 - 1800
        self.begin = self.end - HOURS * 3600
        self.old = os.path.join(folder, "old")
        self.before = None

    def fill(self):
        config = os.path.join(self.folder, "prometheus.yml")
        with open(config, "w") as file:
            file.write("storage:\n  tsdb:\n    out_of_order_time_window: 30m\n")
        port = free_port()
        url = "http://127.0.0.1:%d" % port
        prometheus = self.checks.own(Program("prometheus", [
            peer("prometheus", 3), "--config.file=" + config, "--storage.tsdb.path=" + self.old, "--web.enable-remote-write-receiver",
            "--web.listen-address=127.0.0.1:%d" % port, "--enable-feature=native-histograms"], self.folder))
        wait_for("prometheus to be ready", lambda: get(url + "/-/ready"))
        specials = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e308, 5e-324, 0.1]
        for first in range(self.begin, self.end, 1800):
            series = []
            times = range(first, first + 1800, STEP)
            for job in "ab":
                for host in range(3):
                    labels = {"job": job, "instance": "host-%d" % host}
                    n = [(t - self.begin) // STEP for t in times]
                    series.append(labels_of({"__name__": "gauge", **labels}) +
                                  b"".join(sample(math.sin(i / 7 + host) * 100, t * 1000) for i, t in zip(n, times)))
                    series.append(labels_of({"__name__": "counter_total", **labels}) +
                                  b"".join(sample(float(i * (host + 1) % 500), t * 1000 + host) for i, t in zip(n, times)))
                    series.append(labels_of({"__name__": "h", **labels}) +
                                  b"".join(histogram(1 + i % 200 + host, t * 1000) for i, t in zip(n, times)))
            series.append(labels_of({"__name__": "specials", "job": "a"}) +
                          b"".join(sample(specials[i % 8], t * 1000) for i, t in zip(n, times)))
            if first < self.begin + 7200:
                series.append(labels_of({"__name__": "gone", "job": "a"}) +
                              b"".join(sample(STALE if i % 100 == 99 else 1.0, t * 1000) for i, t in zip(n, times)))
            post(url, series)
            late = labels_of({"__name__": "late", "job": "b"})
            post(url, [late + sample(float(first), first * 1000 + 900_000)])
            post(url, [late + b"".join(sample(float(t), t * 1000 + 7) for t in times if t < first + 600)])
        seen = []

        def settled():
            """Has blocks, and nothing has moved from the head to them for three seconds."""
            page = dict(line.rsplit(" ", 1) for line in get(url + "/metrics").decode().splitlines() if line.startswith("prometheus_tsdb_"))
            seen.append([page[name] for name in ("prometheus_tsdb_blocks_loaded", "prometheus_tsdb_compactions_total",
                                                 "prometheus_tsdb_head_gc_duration_seconds_count", "prometheus_tsdb_head_min_time")])
            return float(seen[-1][0]) >= 1 and len(seen) > 60 and all(one == seen[-1] for one in seen[-60:])

        wait_for("blocks", settled, 3 * PATIENCE)
        self.before = self.answers(url)
        prometheus.stop()
        blocks = [name for name in os.listdir(self.old) if os.path.exists(os.path.join(self.old, name, "meta.json"))]
        assert blocks and os.path.isdir(os.path.join(self.old, "wal")), os.listdir(self.old)

    def answers(self, url):
        found = {}
        for query in QUERIES:
            for name, path in (("range", "query_range?start=%d&end=%d&step=47" % (self.begin, self.end + 300)),
                               ("late", "query?time=%d" % (self.end - 1)), ("early", "query?time=%d" % (self.begin + 4000))):
                data = get_json("%s/api/v1/%s&query=%s" % (url, path, urllib.parse.quote(query)))["data"]
                result = data["result"]
                if isinstance(result, list) and result and isinstance(result[0], dict):
                    result = sorted(result, key=lambda one: json.dumps(one["metric"], sort_keys=True))
                found[query, name] = result
        span = "start=%d&end=%d" % (self.begin, self.end)
        for path in ("labels?", "label/instance/values?", "label/__name__/values?"):
            found[path] = get_json("%s/api/v1/%s%s" % (url, path, span))["data"]
        series = get_json("%s/api/v1/series?match[]=%s&%s" % (url, urllib.parse.quote('{job=~".+"}'), span))["data"]
        found["series"] = sorted(json.dumps(one, sort_keys=True) for one in series)
        return found

    def compare(self, meerkat):
        after = self.answers(meerkat.url)
        filled = [key for key, answer in self.before.items() if answer]
        assert len(filled) > 0.85 * len(self.before), "most questions are about something"
        wrong = [key for key in self.before if self.before[key] != after[key]]
        for key in wrong[:3]:
            print(key, "\n  only before", only(self.before[key], after[key]), "\n  only after ", only(after[key], self.before[key]))
        assert not wrong, "%d of %d answers differ: %s" % (len(wrong), len(self.before), wrong)

    def by_command(self):
        data = os.path.join(self.folder, "data")
        done = subprocess.run([self.binary, "tsdb", "import", "prometheus", self.old, "--storage.tsdb.path=" + data], capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        config = os.path.join(self.folder, "empty.yml")
        open(config, "w").close()
        meerkat = Meerkat(self.binary, self.folder, ["--config.file=" + config])
        self.checks.own(meerkat.program)
        self.compare(meerkat)
        meerkat.program.stop()

    def while_running(self):
        """A server that scrapes itself takes the history in by HTTP, twice; neither its scrapes nor a restart mind."""
        config = os.path.join(self.folder, "self.yml")

        def configure(port):
            with open(config, "w") as file:
                file.write("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: self\n"
                           "  static_configs: [{targets: ['127.0.0.1:%d']}]\n" % port)
        folder = os.path.join(self.folder, "running")
        os.mkdir(folder)
        meerkat = Meerkat(self.binary, folder, ["--config.file=" + config, "--web.enable-admin-api"], configure)
        self.checks.own(meerkat.program)
        wait_for("a scrape", lambda: meerkat.value("up"))
        told = []
        for _ in range(2):
            status, body = meerkat.post("/api/v1/admin/tsdb/import?prometheus=" + urllib.parse.quote(self.old))
            told.append(json.loads(body)["data"])
            assert status == 200 and told[-1]["blocks"] >= 1 and told[-1]["refused"] == 0 and not told[-1]["damage"], told
        assert told[0] == told[1], told
        self.compare(meerkat)
        count = meerkat.value("count_over_time(up[1h])")
        wait_for("scrapes to go on", lambda: meerkat.value("count_over_time(up[1h])") > count)
        assert meerkat.value("min_over_time(up[1h])") == 1
        meerkat.program.kill()
        meerkat.restart()
        self.compare(meerkat)


def main(checks, options):
    if peer("prometheus", 3):
        history = Import(options.server, checks.folder, checks)
        if checks.run("prometheus takes in six hours and makes blocks", history.fill):
            checks.run("imported, every query answers as before", history.by_command)
            checks.run("imported while it runs, as well", history.while_running)
    else:
        checks.skip("import of what prometheus wrote", "no prometheus 3 in ../peers, build/peers or PATH")


if __name__ == "__main__":
    script(main, __doc__)
