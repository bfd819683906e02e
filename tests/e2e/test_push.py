#!/usr/bin/env python3
"""The push receiver beside a real Pushgateway: the same requests, the same answers and the same page; the pushes of
prometheus_client; and what becomes of what was pushed: samples, time to live, kill -9."""
import gzip
import json
import os
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request

import prometheus_client

from harness import PATIENCE, Meerkat, Program, becomes, free_port, get, get_json, script, wait_for

# Each is pushed alone: upstream's parser is stricter than a scrape's and its texts are part of the answer.
BODIES = [
    "a 1\n", "a 1", "", "\n\n", "a\n", "a ", "a 1 ", "a 1 5", "a 1 2\n", "a 1 -5\n", "a x\n", "a 1 x\n", "a 1 2 3\n", "a 1 1.5\n",
    "a +Inf\n", "a -Inf\n", "a nan\n", "a 1e400\n", "a 0x1p-2\n", "a 1_000\n", "a 1\r\n", "  a   1\n", "\ta\t1\t\n", "a 1e10\n",
    "a{} 1\n", 'a{b="c",} 1\n', 'a{ b = "c" , d="e" } 1\n', 'a{b="c"}1\n', 'a{b=""} 1\n', "a{,} 1\n", 'a{b="c",,} 1\n', "a{{} 1\n",
    'a{b="c",b="d"} 1\n', "a{b} 1\n", "a{b=c} 1\n", 'a{b="c} 1\n', 'a{b="c\nd"} 1\n', 'a{b="c\\x"} 1\n', 'a{b="x\\ny\\\\z\\""} 1\n',
    'a{__name__="c"} 1\n', 'a{1="c"} 1\n', 'a{b:c="d"} 1\n', 'a{b="c" d="e"} 1\n', 'a{b="c"} {\n', 'a{b="\xff"} 1\n', "a{b='c'} 1\n",
    'a{b="c"', 'a{b="c"}', "a{", "a{b", "a{b=", '{a="b"} 1\n', "1a 1\n", "a,b 1\n", "a:b 1\n", "a 1\na 2\n", 'a{b="c"} 1\na{b="c"} 2\n',
    "#\na 1\n", "# foo\na 1\n", "#a 1\nb 1\n", "# EOF\n", "# HELP\n", "# HELP a\n", "# HELP a\na 1\n", "# HELP a x", "# HELP a x y\na 1\n",
    "# HELP a x\n# HELP a y\na 1\n", "# HELP a x\\ny\\\\z\na 1\n", "# HELP a x\\q\na 1\n", "# TYPE\n", "# TYPE a\n", "# TYPE a counter",
    "# TYPE 1 counter\n", "# TYPE a foo\na 1\n", "# TYPE a counter x\na 1\n", "# TYPE a GAUGE\na 1\n", "# TYPE a counter\na 1\n",
    "# TYPE a counter\n# TYPE a counter\na 1\n", "a 1\n# TYPE a counter\n", "# TYPE a counter\na_total 1\n# EOF\n", 'a 1 # {x="y"} 1\n',
    '# TYPE a summary\na{quantile="x"} 1\n', '# TYPE a summary\na{quantile="0.5"} 1\na_sum 3\na_count 2\n', "# TYPE a summary\na 1\n",
    '# TYPE a summary\na{quantile="0.5"} 1\nb 1\na_sum 3\n', '# TYPE a summary\na_bucket{le="1"} 1\n',
    '# TYPE a histogram\na_bucket{le="x"} 1\n', '# TYPE a histogram\na_bucket{le="1"} 1.5\n', "# TYPE a histogram\na_count 1\na_sum NaN\n",
    '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 2\na_sum 3\na_count 2\n', "# TYPE a histogram\na_bucket 1\n",
    '# TYPE a histogram\na_bucket{b="c",le="1"} 1\na_bucket{b="d",le="1"} 4\na_sum{b="c"} 3\na_count{b="d"} 2\n',
    "# TYPE a histogram\na 1\n", '# TYPE a histogram\na_bucket{le="1"} 1\n# TYPE a_count counter\na_count 1\n',
    "# TYPE a_sum counter\na_sum 1\n# TYPE a summary\na_count 1\n", 'a{job="zz"} 1\n', 'a{instance="i"} 1\n', "push_time_seconds 5\n",
]
PATHS = [
    "job", "jobs/x", "job/x/", "job/x/a", "job/x/a/", "job/x/a/b", "job/x/a/b/", "job/x/1a/b", "job/x/__a/b", "job/x/a@base64/Yg==",
    "job/x/a@base64/Yg", "job/x/a@base64/L3Zhci90bXA", "job/x/a@base64/=", "job/x/a@base64/!!", "job/x/a@base64/YWJ", "job/x/a@base64/Y",
    "job@base64/Yg", "job@base64/=", "job/a%2Fb", "job/a%20b/c/d%2Fe/f", "job/x/job/y", "job/x/a/b/a/c", "job/x/@base64/b", "job/x/%C3%A9/b",
    "job/x/b/%C3%A9",
]
# A story of several groups: method, path, body.
STORY = [
    ("PUT", "job/x", "# HELP a hi\n# TYPE a counter\na{b=\"c\"} 1\nd 4\n"), ("PUT", "job/x/instance/i", "# HELP a hi\n# TYPE a counter\na{b=\"c\"} 2\n"),
    ("POST", "job/x", "# HELP a hi\n# TYPE a counter\na{b=\"d\"} 3\n"), ("POST", "job/x/instance/i", "# TYPE e gauge\ne 5\n"),
    ("PUT", "job/y", "# TYPE a gauge\na 1\n"), ("PUT", "job/y", "a 1 5\n"), ("PUT", "job/y", "a{instance=\"i\"} 7\n"),
    ("PUT", "job/z/instance/k", "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n"),
    ("PUT", "job/z/instance/l", "# TYPE h summary\nh{quantile=\"0.5\"} 1\n"), ("PUT", "job/z/instance/m", "h_count 2\n"),
    ("PUT", "job/z/instance/n", "# TYPE g histogram\ng_bucket{le=\"0.5\"} 1\ng_sum 1.5\n"), ("PUT", "job/x", "f 1\n"),
    ("DELETE", "job/x/instance/i", None), ("DELETE", "job/nobody", None), ("PUT", "job/empty", ""),
]


def ask(url, method, body=None, headers=None):
    data = body.encode("latin-1") if isinstance(body, str) else body
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode("utf-8", "replace"), dict(answer.headers)
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode("utf-8", "replace"), dict(answer.headers)


def shown(answer):
    """Status, text and the headers a client may look at. Of several errors upstream's order is the order of a hash map, and
    the times of pushes are those of each server."""
    status, text, headers = answer
    head, star, rest = text.partition("occurred:\n* ")
    if star:
        text = head + star + "\n* ".join(sorted(rest.strip().split("\n* ")))
    # Which of two families is to blame for differing types or colliding names is the order of that hash map, too.
    if " is not a " in text:
        text = text[:text.index("metrics: ")] + "TYPES DIFFER"
    text = re.sub(r"collected .* collides with previously collected .*", "COLLISION", text)
    text = re.sub(r"gauge:<value:1\.\d+e\+09 >", "gauge:<value:NOW >", text)
    return status, text, headers.get("Content-Type") if text else None, headers.get("Allow"), headers.get("Location")


def page(url):
    """The page without what is the server's own, and without the times."""
    lines = [line for line in get(url + "/metrics").decode().splitlines()
             if not re.match(r"(# (HELP|TYPE) )?(go_|process_|promhttp_|pushgateway_)", line)]
    return [re.sub(r"^(push_(failure_)?time_seconds\{.*\}) 1\.\d+e\+09", r"\1 NOW", line) for line in lines]


def listing(url):
    text = get(url + "/api/v1/metrics").decode()
    text = re.sub(r'"time_stamp":"[^"]*"', '"time_stamp":"T"', text)
    text = re.sub(r'"value":"1\.\d+e\+09"', '"value":"NOW"', text)
    answer = json.loads(text)
    answer["data"].sort(key=lambda group: sorted(group["labels"].items()))
    return answer


class Beside:
    """A Pushgateway and a meerkat that get the same requests."""

    def __init__(self, binary, checks):
        self.checks, folder = checks, checks.folder
        with open(os.path.join(folder, "prometheus.yml"), "w") as file:
            file.write("global: {scrape_interval: 1s}\n")
        self.binary, self.push_port = binary, free_port()
        self.server = Meerkat(binary, folder, ["--config.file=prometheus.yml", "--web.enable-push-receiver", "--web.enable-admin-api",
                                               "--push.listen-address=127.0.0.1:%d" % self.push_port])
        checks.own(self.server.program)
        self.own = "http://127.0.0.1:%d" % self.push_port
        self.peer = None
        if shutil.which("prometheus-pushgateway"):
            port = free_port()
            checks.own(Program("pushgateway", ["prometheus-pushgateway", "--web.listen-address=127.0.0.1:%d" % port,
                                               "--persistence.file=", "--web.enable-admin-api"], folder))
            self.peer = "http://127.0.0.1:%d" % port
            wait_for("the pushgateway", lambda: get(self.peer + "/-/ready"))

    def wipe(self):
        for url in (self.own, self.peer):
            assert ask(url + "/api/v1/admin/wipe", "PUT")[0] == 202

    def same(self, method, path, body=None, headers=None):
        ours, theirs = (shown(ask(url + "/metrics/" + path, method, body, headers)) for url in (self.own, self.peer))
        assert ours == theirs, "%s %s %r\n ours   %s\n theirs %s" % (method, path, body, ours, theirs)

    def bodies(self):
        for body in BODIES:
            self.wipe()
            self.same("PUT", "job/j", body)
            assert page(self.own) == page(self.peer), (body, page(self.own), page(self.peer))

    def paths(self):
        self.wipe()
        for path in PATHS:
            # Upstream 1.5 never answers again after a job name that is no base64, so that one is not asked.
            self.same("PUT", path, "a 1\n")
            self.same("DELETE", path)
        # Followed as browsers do; what stands in a path cannot break out of the header.
        self.same("PUT", "job//x", "a 1\n")
        self.same("PUT", "job/x//a%0D%0AX-Evil:%201/b", "a 1\n")
        for method in ("GET", "HEAD", "PATCH", "OPTIONS"):
            self.same(method, "job/x")
        assert shown(ask(self.own + "/metrics/job@base64/!!", "PUT", "a 1\n"))[:2] == (
            400, 'invalid base64 encoding in job name "": illegal base64 data at input byte 0\n')

    def story(self):
        self.wipe()
        for method, path, body in STORY:
            self.same(method, path, body)
            assert page(self.own) == page(self.peer), (path, page(self.own), page(self.peer))
            assert listing(self.own) == listing(self.peer), (path, listing(self.own), listing(self.peer))

    def bodies_in_other_clothes(self):
        self.wipe()
        self.same("PUT", "job/gzip", gzip.compress(b"a 1\n"), {"Content-Encoding": "gzip"})
        self.same("PUT", "job/json", "a 1\n", {"Content-Type": "application/json"})
        label = b"\x0a\x01l\x12\x01v"
        metric = b"\x0a" + bytes([len(label)]) + label + b"\x1a\x09\x09" + b"\x00\x00\x00\x00\x00\x00\x08\x40"
        family = b"\x0a\x01c\x12\x02hi\x18\x00\x22" + bytes([len(metric)]) + metric
        proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        self.same("PUT", "job/proto", bytes([len(family)]) + family, {"Content-Type": proto})
        self.same("PUT", "job/nothing", b"", {"Content-Type": proto})
        assert page(self.own) == page(self.peer), (page(self.own), page(self.peer))

    def client_library(self):
        self.wipe()
        registry = prometheus_client.CollectorRegistry()
        prometheus_client.Gauge("last_success_seconds", "When.", registry=registry).set(12.5)
        prometheus_client.Counter("rows", "How many.", ["table"], registry=registry).labels("users").inc(3)
        prometheus_client.Histogram("step_seconds", "How long.", registry=registry).observe(0.3)
        prometheus_client.Summary("bytes", "How much.", registry=registry).observe(100)
        for url in [self.own] + ([self.peer] if self.peer else []):
            prometheus_client.push_to_gateway(url, "batch", registry, {"instance": "a/b", "empty": ""})
            prometheus_client.pushadd_to_gateway(url, "batch", registry, {"instance": "c"})
            prometheus_client.push_to_gateway(url, "gone", registry)
            prometheus_client.delete_from_gateway(url, "gone")
        lines = page(self.own)
        assert 'rows_total{empty="",instance="a/b",job="batch",table="users"} 3' in lines, lines
        assert not [line for line in lines if 'job="gone"' in line]
        if self.peer:
            # The _created gauges hold the time they were made at, which both were told.
            assert lines == page(self.peer), (lines, page(self.peer))


class Stored:
    """What becomes of pushes within meerkat, on its web address."""

    def __init__(self, beside):
        self.server, self.own = beside.server, beside.own

    def push(self, method, path, body):
        status, text, _ = ask(self.server.url + "/metrics/" + path, method, body)
        assert status == 200, (status, text)

    def becomes_series(self):
        assert ask(self.server.url + "/api/v1/admin/wipe", "PUT")[0] == 202
        self.push("PUT", "job/backup/instance/db1", "# TYPE rows counter\nrows 10\n")
        self.push("PUT", "job/nightly", "took 3\n")
        # A scrape may come between the two pushes. No instance was given with the second, so there is none: the empty one of the page
        # wins over the target's.
        for query, labels in (('rows{job="backup"}', {"__name__": "rows", "job": "backup", "instance": "db1"}),
                              ("took", {"__name__": "took", "job": "nightly"})):
            becomes("the labels of " + query, lambda text=query: [row["metric"] for row in self.server.query(text)], [labels])
        becomes("no failure", lambda: self.server.value("push_failure_time_seconds{job='nightly'}"), 0)
        becomes("the health of the page", lambda: self.server.value("up{job='pushgateway'}"), 1)
        target, = get_json(self.server.url + "/api/v1/targets?scrapePool=pushgateway")["data"]["activeTargets"]
        assert target["health"] == "up" and target["scrapeUrl"].startswith("builtin://"), target
        listed = get_json(self.server.url + "/api/v1/metrics")["data"]
        assert [group["labels"]["job"] for group in listed] == ["backup", "nightly"], listed

    def stays_and_rises(self):
        self.push("PUT", "job/backup/instance/db1", "# TYPE rows counter\nrows 25\n")
        wait_for("the increase", lambda: self.server.value("rows") == 25)
        assert wait_for("the rate", lambda: self.server.value("increase(rows[1m])")) > 0
        assert self.server.value("resets(rows[1m])") == 0

    def survives_kill(self):
        self.push("PUT", "job/last/word@base64/L3Zhci90bXA", "said 1\n")
        self.server.program.kill()
        self.server.restart()
        wait_for("the group after kill -9", lambda: self.server.value("said{word='/var/tmp'}") == 1)
        assert len(get_json(self.server.url + "/api/v1/metrics")["data"]) == 3

    def ends(self):
        status, _, _ = ask(self.server.url + "/metrics/job/last/word@base64/L3Zhci90bXA", "DELETE")
        assert status == 202
        wait_for("the series to end", lambda: not self.server.query("said"))
        self.push("PUT", "job/short?ttl=1s", "blink 1\n")
        wait_for("the group to expire", lambda: not [group for group in get_json(self.server.url + "/api/v1/metrics")["data"]
                                                     if group["labels"]["job"] == "short"])
        wait_for("its series to end", lambda: not self.server.query("blink"))
        assert ask(self.server.url + "/metrics/job/short?ttl=soon", "PUT", "a 1\n")[0] == 400

    def own_metrics_stay(self):
        lines = get(self.server.url + "/metrics").decode()
        assert "prometheus_build_info" in lines and "meerkat_push_requests_total" in lines and "nightly" not in lines
        assert ask(self.server.url + "/metrics/job/x", "PUT", "a 1\n", {"Sec-Fetch-Site": "cross-site"})[0] == 403


def main(checks, options):
    beside = Beside(options.server, checks)
    stored = Stored(beside)
    compared = [("bodies are taken and refused as by Pushgateway", beside.bodies), ("paths and methods too", beside.paths),
                ("groups replace, merge and contradict each other as there", beside.story),
                ("gzip and protobuf", beside.bodies_in_other_clothes)]
    for name, step in compared:
        if beside.peer:
            checks.run(name, step)
        else:
            checks.skip(name, "no prometheus-pushgateway in PATH")
    steps = [("prometheus_client pushes, adds and deletes", beside.client_library),
             ("pushed metrics become series under their own labels", stored.becomes_series),
             ("they stay until replaced; counters rise", stored.stays_and_rises), ("kill -9 forgets no group", stored.survives_kill),
             ("deleted and expired groups end", stored.ends), ("/metrics stays the server's own", stored.own_metrics_stay)]
    checks.run_all(steps)


if __name__ == "__main__":
    script(main, __doc__)
