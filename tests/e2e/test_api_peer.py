#!/usr/bin/env python3
"""The same random requests to meerkat and to a real Prometheus with the same configuration, rules, scraped page and samples.

Status, headers, error types and texts, warnings and data must be equal but for what Prometheus changed after the version at
hand. Skipped where no Prometheus 3 is there.

    test_api_peer.py --server BINARY [--rounds N] [--seed S] [--report FILE]
"""
import gzip
import http.client
import json
import os
import random
import re
import time
import zlib

from api_requests import Requests, Sent
from harness import Meerkat, Program, Target, free_port, get, get_json, peer, script, wait_for
from protobuf import double, field, snappy, text, varint
from remote_read import random_request, series_of
from test_promql_peer import EVERY, SAMPLES, START, make_series, notes_of, write, write_request

PAGE = """# HELP page_value A gauge \\\\ of "values".
# TYPE page_value gauge
page_value{x="1"} 1.5
page_value{x="2",job="own"} NaN
# HELP page_latency_seconds Times.
# TYPE page_latency_seconds histogram
# UNIT page_latency_seconds seconds
page_latency_seconds_bucket{le="0.5"} 1
page_latency_seconds_bucket{le="+Inf"} 3
page_latency_seconds_count 3
page_latency_seconds_sum 2.25
# TYPE page_requests counter
# HELP page_requests Requests.
page_requests_total{code="200"} 17
# HELP "page.requests" Names of all letters.
# TYPE "page.requests" gauge
{"page.requests","a.b"="x"} 4
# EOF
"""
CONFIG = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
  external_labels: {{cluster: east, replica: r1}}
  scrape_protocols: [OpenMetricsText1.0.0]
rule_files: [rules/*.yml]
alerting:
  alertmanagers:
  - static_configs: [{{targets: ['127.0.0.1:{closed}']}}]
  - path_prefix: /am
    relabel_configs: [{{source_labels: [keep], regex: 'yes', action: keep}}]
    static_configs: [{{targets: ['127.0.0.1:{closed}']}}, {{targets: ['127.0.0.1:{closed}'], labels: {{keep: 'yes'}}}}]
scrape_configs:
- job_name: page
  metrics_path: /page
  params: {{x: ['1', '2'], 'y z': [é]}}
  static_configs: [{{targets: ['127.0.0.1:{page}'], labels: {{zone: z, __meta_own: m}}}}]
- job_name: selected
  scrape_interval: 2s
  scrape_timeout: 1500ms
  metrics_path: /page
  relabel_configs:
  - {{source_labels: [stage], regex: drop, action: drop}}
  - {{source_labels: [__address__], target_label: where, replacement: here}}
  static_configs: [{{targets: ['127.0.0.1:{page}'], labels: {{stage: keep}}}}, {{targets: ['127.0.0.1:{page}'], labels: {{stage: drop}}}}]
- job_name: missing
  metrics_path: /none
  static_configs: [{{targets: ['127.0.0.1:{page}']}}]
"""
RULES = {"rules.yml": """
groups:
- name: alerts
  labels: {team: a}
  rules:
  - alert: Always
    expr: vector(1) > 0
    labels: {severity: page, instance: '{{ "x" }}'}
    annotations: {summary: 'Value {{ $value }} of {{ $labels.alertname }}', empty: ''}
  - alert: Waiting
    expr: vector(-1.5e-7)
    for: 1h
    keep_firing_for: 5m
  - alert: Never
    expr: vector(1) < 0
    labels: {severity: info}
- name: records
  interval: 2s
  limit: 100
  rules:
  - record: job:g:sum
    expr: sum by (job)   (g)
    labels: {team: a, severity: page}
  - record: job_g
    expr: vector(2)
""", "more.yml": """
groups:
- name: broken
  rules:
  - record: fails
    expr: label_replace(vector(1), "a", "x", "", "") + on () group_left () (vector(1) or label_replace(vector(1), "a", "x", "", ""))
  - alert: Always
    expr: vector(3)
- name: empty
  rules: []
"""}
HEADERS = ("Content-Type", "Location", "Allow", "Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
           "Access-Control-Expose-Headers", "X-Content-Type-Options", "X-Prometheus-Remote-Write-Samples-Written", "X-Prometheus-Remote-Write-Histograms-Written",
           "X-Prometheus-Remote-Write-Exemplars-Written", "Cache-Control")
MOMENT = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)')


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers = status, headers
        encoding = headers.get("Content-Encoding", "")
        self.body = gzip.decompress(body) if encoding == "gzip" and body else zlib.decompress(body) if encoding == "deflate" and body else body

    def header(self, name):
        """Later versions tell caches about compression, and know version 1.0.0 of the text."""
        values = self.headers.get_all(name, []) if self.status else []
        return [value.replace("version=1.0.0", "version=0.0.4") for value in values if value not in ("Accept", "Accept-Encoding")]

    @property
    def json(self):
        return json.loads(self.body) if self.headers.get("Content-Type", "").startswith("application/json") and self.body else None


def send(port, request):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection._validate_path = lambda path: None  # what is sent is malformed at times
    connection._encode_request = lambda line: line.encode("latin-1")
    try:
        connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", "localhost:9090")
        for name, value in request.headers:
            connection.putheader(name, value.encode("utf-8"))
        if request.body is not None:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return Answer(0, {}, b"")
    finally:
        connection.close()


# -------------------------------------------------------------------------------------------------- what may differ
OF_THE_RUN = {"timings", "peakSamples", "evaluationTime", "lastScrapeDuration"}
# What came after 3.5.
LATER = {"__always_scrape_classic_histograms__", "__convert_classic_histograms_to_nhcb__", "__scrape_native_histograms__", "offsetExpr", "rangeExpr", "stepExpr", "anchored", "smoothed",
         "samplesRead", "samplesReadPerStep", "fillValues", "groupNextToken"}

DUPLICATES = re.compile(r"match group {.*?} on the (left|right) hand-side of the operation: \[({.*?}), ({.*?})\];many")


def one_text(text):
    """An error's text: 3.14 takes duplicates in order, 3.5 those that were stored first; and it names more of what may follow an offset."""
    text = DUPLICATES.sub(r"match group with duplicates on the \1 hand-side;many", text)
    text = text.replace("expected number, duration, step(), or range()", "expected number or duration")
    return re.sub(r'unexpected "<Item \d+>" ', "unexpected ", text)


def plain(value, recent, key=""):
    """JSON without what is of one run or one version; points in time after `recent` are of the run."""
    if isinstance(value, dict):
        return {k: plain(v, recent, k) for k, v in value.items() if k not in OF_THE_RUN and k not in LATER}
    if isinstance(value, list):
        if key in ("value", "histogram", "result") and len(value) == 2 and isinstance(value[0], (int, float)) and value[0] > recent:
            return "now"
        return [plain(one, recent) for one in value]
    if key == "lastError":
        return one_text(value)
    return MOMENT.sub("<moment>", value) if isinstance(value, str) and key != "query" else value


def in_any_order(data):
    """Where upstream promises no order."""
    as_text = lambda one: json.dumps(one, sort_keys=True)  # noqa: E731
    if isinstance(data, dict):
        for name in ("result", "droppedTargets", "activeTargets", "alerts", "activeAlertmanagers", "droppedAlertmanagers"):
            if isinstance(data.get(name), list) and data.get("resultType") not in ("scalar", "string"):
                data[name] = sorted(data[name], key=as_text)
    return sorted(data, key=as_text) if isinstance(data, list) else data


def page_lines(body, recent):
    """A federated page without the times of the run, and what was measured in it."""
    lines = []
    for line in body.decode("utf-8").splitlines():
        words = line.rsplit(" ", 2)
        if not line.startswith("#") and int(words[2]) > recent * 1000:
            line = words[0] + " now" if words[0].startswith(("scrape_duration_seconds", "scrape_series_added", "ALERTS_FOR_STATE")) else words[0] + " " + words[1] + " now"
        lines.append(line)
    return lines


def same_data(request, mine, theirs, recent):
    path, _, parameters = request.path.partition("?")
    if path in ("/api/v1/admin/tsdb/snapshot", "/api/v1/status/flags", "/api/v1/status/config", "/api/v1/status/runtimeinfo", "/api/v1/status/buildinfo", "/api/v1/status/walreplay"):
        return True  # of each server; test_config_peer.py compares configurations
    mine, theirs = (in_any_order(plain(data, recent)) for data in (mine, theirs))
    if mine == theirs:
        return True
    if path == "/api/v1/status/tsdb":  # which of equals come first is chance
        head, other = mine.pop("headStats"), theirs.pop("headStats")
        values = [{name: [one["value"] for one in rows] for name, rows in data.items()} for data in (mine, theirs)]
        return values[0] == values[1] and all(head[key] == other[key] for key in ("numSeries", "numLabelPairs"))
    asked = parameters + "&" + (request.body or b"").decode("utf-8", "replace")
    if "limit" in asked and path in ("/api/v1/metadata", "/api/v1/targets/metadata"):
        return len(mine) == len(theirs) or path.endswith("targets/metadata")  # upstream takes any
    if "limit" in asked and path == "/api/v1/query":  # upstream takes those stored first
        return len(mine["result"]) == len(theirs["result"])
    if "limit" in asked and path.startswith(("/api/v1/series", "/api/v1/label")) and len(mine) == len(theirs):
        return True
    if path == "/api/v1/series" and ("start" in asked or "end" in asked):  # upstream begins a chunk where a histogram is reset, and knows no series between two
        return all(one in mine for one in theirs) and all("__name__" in one and one["__name__"] in ("h", "mixed") or backwards(asked) for one in mine if one not in theirs)
    return False


def backwards(asked):
    """A range that ends before it begins touches what spans it."""
    moment = {name: re.findall(r"\b%s(?:=|\"\r\n\r\n)([0-9.e]+)" % name, asked) for name in ("start", "end")}
    return all(moment.values()) and min(map(float, moment["end"])) < max(map(float, moment["start"]))


class Peers:
    def __init__(self, meerkat, prometheus_port, recent):
        self.meerkat, self.other, self.recent = meerkat, prometheus_port, recent

    def differs(self, request):
        """What is different, and both answers; None when nothing is."""
        mine, theirs = send(self.meerkat.port, request), send(self.other, request)
        for answer, port in ((mine, self.meerkat.port), (theirs, self.other)):
            answer.body = answer.body.replace(b":%d" % port, b":PORT")
        what = self.compare(request, mine, theirs)
        return what and (what, mine, theirs)

    def compare(self, request, mine, theirs):
        path = request.path.partition("?")[0]
        if theirs.status == 0:
            return None  # a panic: 3.5 has some that later versions mended
        if mine.status == 503 and b"timed out" in mine.body and "timeout" in str(request):
            return None  # chance decides when, and whether, upstream sees that no time is left
        if path.startswith("/api/v1/") and theirs.status in (301, 307) and not theirs.headers["Location"].startswith("/api/"):
            return None  # upstream's router forgets its prefix here
        if request.method == "OPTIONS" and ("//" in path or "/." in path) and theirs.status == 301:
            return None  # below /api every path has OPTIONS here
        if path in ("/", "/graph", "/version") and (theirs.status == 405 or request.method == "OPTIONS"):
            return None  # pages have heads here
        if path == "/" and "text/html" in str(request.headers):
            return None  # who wants a page gets the first one here
        if path in ("/api/v1/read", "/api/v1/write"):
            return None if mine.status == theirs.status else "status"  # 3.14 has other texts
        if mine.status != theirs.status:
            return "status"
        for name in HEADERS:
            if mine.header(name) != theirs.header(name):
                return "header " + name
        left, right = mine.json, theirs.json
        if left is None or right is None:
            if mine.body == theirs.body:
                return None
            if path == "/version" or one_text(mine.body.decode("utf-8", "replace")) == one_text(theirs.body.decode("utf-8", "replace")):
                return None
            if path != "/federate" or mine.status != 200:
                return "body"
            return None if page_lines(mine.body, self.recent) == page_lines(theirs.body, self.recent) else "body"
        for key in ("status", "errorType"):
            if left.get(key) != right.get(key):
                return key
        if notes_of(left, "infos") != notes_of(right, "infos"):
            return "infos"
        if notes_of(left, "warnings") != notes_of(right, "warnings") and path != "/api/v1/series":  # they may be of the limit: see same_data
            return "warnings"
        if one_text(left.get("error", "")) != one_text(right.get("error", "")):
            return "error"
        return None if same_data(request, left.get("data"), right.get("data"), self.recent) else "data"


    def read_differs(self, body):
        headers = [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Read-Version", "0.1.0")]
        mine, theirs = (send(port, Sent("POST", "/api/v1/read", headers, body)) for port in (self.meerkat.port, self.other))
        if mine.status == 500 and theirs.status == 200 and "streamed" in theirs.headers["Content-Type"]:
            return None  # what is wrong with a later query is told at once here, not by cutting the stream
        if mine.status != theirs.status:
            return "status %d or %d: %s or %s" % (mine.status, theirs.status, mine.body[:200], theirs.body[:200])
        if mine.headers.get("Content-Type") != theirs.headers.get("Content-Type"):
            return "%s or %s" % (mine.headers.get("Content-Type"), theirs.headers.get("Content-Type"))
        if mine.status != 200:
            return None if mine.body == theirs.body else "text %s or %s" % (mine.body, theirs.body)
        if "streamed" in mine.headers["Content-Type"]:
            return None  # a real Prometheus reads such answers in test_peers.py
        return None if series_of(mine.body) == series_of(theirs.body) else "series"


# -------------------------------------------------------------------------------------------------- setting up
def exemplars(base):
    """A remote write request of exemplars, which need samples to hang on."""
    out = b""
    for code in ("200", "500"):
        one = b"".join(field(1, 2, text(1, n) + text(2, v)) for n, v in (("__name__", "exemplary_total"), ("code", code), ("job", "e")))
        for i in range(20):
            one += field(2, 2, double(1, float(i)) + field(2, 0, varint((base + i * 30) * 1000)))
        for i in range(20):
            one += field(3, 2, field(1, 2, text(1, "trace_id") + text(2, "t%d\u00e9" % i)) + double(2, i / 3) + field(3, 0, varint((base + i * 30) * 1000 + 7)))
        out += field(1, 2, one)
    return snappy(out)


def samples(base, seed):
    shift = base * 1000 - START
    series = make_series(random.Random(seed))
    series.append(({"__name__": "dotted.name", "a.b": "x"}, [(START + i * EVERY, float(i)) for i in range(SAMPLES)]))
    for i in range(SAMPLES):  # in order: within a request floats come before histograms
        at = START + i * EVERY
        now = [(labels, [(s[0] + shift, s[1]) for s in points if s[0] == at]) for labels, points in series]
        yield write_request([one for one in now if one[1]])
    yield exemplars(base)


def start(binary, other, checks, seed):
    page, closed = Target(lambda path: PAGE if path.startswith("/page") else None), free_port()
    for name in ("meerkat", "prometheus"):
        os.makedirs(os.path.join(checks.folder, name))
    rules = os.path.join(checks.folder, "rules")
    os.makedirs(rules)
    config = os.path.join(checks.folder, "prometheus.yml")
    with open(config, "w") as file:
        file.write(CONFIG.format(page=page.port, closed=closed))
    for name, body in RULES.items():
        with open(os.path.join(rules, name), "w") as file:
            file.write(body)
    flags = ["--config.file=" + config, "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--web.cors.origin=https?://(a|b)[.]example",
             "--enable-feature=exemplar-storage,native-histograms,promql-experimental-functions"]
    meerkat = Meerkat(binary, os.path.join(checks.folder, "meerkat"), flags)
    checks.own(meerkat.program)
    port = free_port()
    program = Program("prometheus", [other, *flags, "--storage.tsdb.path=" + os.path.join(checks.folder, "prometheus", "data"), "--web.enable-lifecycle",
                                     "--web.listen-address=127.0.0.1:%d" % port, "--log.level=error"], checks.folder)
    checks.own(program)
    theirs = "http://127.0.0.1:%d" % port
    wait_for("prometheus to be ready", lambda: get(theirs + "/-/ready"))
    base = int(time.time()) - SAMPLES * EVERY // 1000 + 20
    for body in samples(base, seed):
        write(meerkat.url, body)
        write(theirs, body)
    for url in (meerkat.url, theirs):
        wait_for("rules and scrapes of " + url, lambda: settled(url))
    return Peers(meerkat, port, base + SAMPLES * EVERY // 1000 - 30), Requests(seed, base, rules)


def settled(url):
    targets = get_json(url + "/api/v1/targets")["data"]["activeTargets"]
    groups = get_json(url + "/api/v1/rules")["data"]["groups"]
    return len(targets) == 3 and all(one["health"] != "unknown" for one in targets) and all(rule["health"] != "unknown" for group in groups for rule in group["rules"])


def main(checks, options):
    other = peer("prometheus", 3)
    name = "%d random requests, as Prometheus answers them" % (options.rounds * 400)
    if other is None:
        checks.skip(name, "no prometheus 3 in ../peers or PATH")
        return
    peers, requests = start(options.server, other, checks, options.seed)

    def compare():
        wrong = []
        for _ in range(options.rounds * 400):
            request = requests.next()
            difference = peers.differs(request)
            if difference:
                wrong.append((request, *difference))
        if options.report:
            with open(options.report, "w") as file:
                for request, what, mine, theirs in wrong:
                    file.write("%s: %s\n" % (what, request))
                    for side, answer in (("ours", mine), ("theirs", theirs)):
                        file.write("  %-6s %s %s\n         %s\n" % (side, answer.status, {n: answer.headers[n] for n in HEADERS if n in answer.headers}, answer.body[:1500].decode("utf-8", "replace")))
        assert not wrong, "%d differ, first: %s: %s: %s or %s" % (len(wrong), wrong[0][1], wrong[0][0], wrong[0][2].body[:500], wrong[0][3].body[:500])

    def read():
        r = random.Random(options.seed)
        bodies = [random_request(r, requests.base) for _ in range(options.rounds * 100)]
        wrong = [(body.hex(), what) for body, what in ((body, peers.read_differs(body)) for body in bodies) if what]
        assert not wrong, "%d differ, first: %s" % (len(wrong), wrong[0])

    checks.run(name, compare)
    checks.run("%d remote read requests, as Prometheus answers them" % (options.rounds * 100), read)


if __name__ == "__main__":
    script(main, __doc__, ("--rounds", dict(type=int, default=1, help="of 400 requests")), ("--seed", dict(type=int, default=1)),
           ("--report", dict(help="a file for all that differs")))
