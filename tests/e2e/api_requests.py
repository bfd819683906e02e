"""Random requests to the HTTP API: every route with parameters absent, empty, repeated, malformed and extreme, in every way that
HTTP has to send them. One seed gives one sequence."""
import random
import urllib.parse
from dataclasses import dataclass, field

SELECTORS = ("m_total", "g", "h", "mixed", "lat_bucket", "up", "none", '{__name__="g"}', '{a="1"}', '{__name__=~"m_total|g"}',
             '{job=~"j1|j2",c!="x"}', 'g{a="1"}', 'g{a=~"1|2"}', '{"dotted.name"}', '{"page.requests","a.b"="x"}', 'page_value',
             '{__name__=~".+"}', 'target_info', '{version=~".+"}', "ALERTS", "job:g:sum")
BAD_SELECTORS = ("{}", '{a=""}', '{a=~".*"}', "sum(g)", "g[5m]", "g offset 1m", "g @ 1", "{", "g{a=1}", "", " ", '{a=~"("}', '{__name__="g",__name__="h"}', "1",
                 '"g"', 'g{__name__="h"}', '{"g","h"}', "é", "\x00", '{a!="1"}', '{a!~".+"}', "a b", "g{a='1',}", "g{,}", "up{job=~'.*'}")
QUERIES = ("1", "-1", "1 + 1", '"text"', "'é\\n\"'", "time()", "vector(1)", "g", "h", "mixed", "m_total", "rate(m_total[5m])", "sum by (a) (g)", "max(g)",
           "g offset 1m", "g[1m]", "g[2m:30s]", "histogram_quantile(0.9, lat_bucket)", "histogram_quantile(2, h)", "rate(g[5m])", "count_values('v', g)",
           "sum(mixed)", "none", "absent(none)", "label_replace(g, 'x', '$1', 'a', '(.*)')", "g > 0", "g == bool 1", "{__name__=~'m_total|g'}", "sort_desc(g)",
           "g * on (a, c) group_left m_total", "page_value", "exemplary_total", "increase(exemplary_total[10m])", "sgn(g) / 0", "NaN", "Inf", "0x1F", "1e30",
           "-Inf", "1 / 3", "1e-7", "123456789012345678901", "1_000", "5m", "ln(-1) ", "sum({__name__=~'.+'})", "# comment\n1", "day_of_week()", "scalar(g)", "pi() * 1e21")
BAD_QUERIES = ("", " ", "g{", "sum(", "foo(1)", "g[5m] + 1", "g + g", "1 +", "label_replace(g, 'é', 'x', 'a', '(')", "rate(g)", "count(1)", "{}", '{a=~".*"}', 
               "g[0s]", "g[5x]", '"', "1 and 1", "g and 1", "g == 1 bool", "sum by (1) (g)", "quantile()", "1 2", "a{b='c'", "\x01", "é", "g @ x", "offset 1m",
               "label_join(g, '', '-', 'a')", "count_values('', g)", "g * on (a) m_total", "label_replace(g, 'a', '', 'a', '.*')", "g{a=~'*'}", "1 == 1",
               "(((", "g[1m] offset", "histogram_quantile('x', g)", "2 ^ ^", "g[5m:0s]", "vector(g)", "scalar(1)", "time(1)", "g unless on 1", "!g", "g !~ 1", "{__name__}")
ODD_TIMES = ("", "abc", "0", "-1", "1e9", "1e-3", "NaN", "Inf", "-Inf", "+5", " 5", "5 ", "0x10", "1_000", "1e20", "-1e20", "9223372036854775807", "1.23456789", "2023-01-01",
             "2023-01-01T00:00:00Z", "2023-01-01T00:00:00+02:00", "2023-01-01T00:00:00.123456789Z", "2023-13-01T00:00:00Z", "2023-02-30T00:00:00Z", "2023-01-01t00:00:00z", "0000-01-01T00:00:00Z",
             "9999-12-31T23:59:59Z", "2023-01-01T24:00:00Z", "2023-01-01T00:00:60Z", "2023-01-01T00:00:00", "2023-01-01 00:00:00Z", "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z",
             "now", "1,5", "1e", ".5", "5.", "-0", "infinity", "nan", "1h", "2023-01-01T00:00:00,5Z", "2023-01-01T1:00:00Z", "9223372036854775", "1e400")
DURATIONS = ("15", "1m", "1h30m", "0.5", "60.5", "1d", "5m", "100", "30s", "1e2")
ODD_DURATIONS = ("", "0", "-5", "-1m", "5x", "1m1h", "NaN", "Inf", "-Inf", "1e30", "1e10", "99999y", "9999999999", "1.5m", "0s", "1ms", "0.0001", "abc", " 5", "1h 30m", "0x5", "1_0", "1m1m", "292y", "300y", "5m0s")
LIMITS = ("0", "1", "2", "100")
ODD_LIMITS = ("", "-1", "abc", "1.5", "99999999999999999999", "+1", "0x1", "1e2", " 1", "-0", "9223372036854775807", "9223372036854775808", "1_0", "NaN")
BOOLS = ("true", "false", "1", "0", "t", "F", "TRUE", "yes", "", "2", " true")
NAMES = ("a", "c", "job", "instance", "le", "__name__", "none", "a.b", "a b", "é", "version", "__none__", "1a", "a:b", "U__a_2e_b", "U__a_20_b", "U__", "U__a__b", "U__a_zz_b", "U__a_2e", "U___e9_",
         "U__a_d800_b", "U__a_2_b", "a%2Fb", "a%2fb", "%41", "a%20b", "%zz", "%", "..", ".", "", "a/b", "%2e%2e", "a;b", "a+b", "a%2Bb", "a%00b", "%ff", "a?b", "a%3Fb", "values", "U__a_1234567_b", "U__a_10FFFF_b", "U__a_2E_b")
STRINGS = ("", "any", "active", "dropped", "ACTIVE", "other", "é", " ", "page", "missing", "broken", "1")


@dataclass
class Sent:
    method: str
    path: str
    headers: list = field(default_factory=list)
    body: bytes = None

    def __str__(self):
        return "%s %s %s %r" % (self.method, self.path, dict(self.headers), self.body)


class Requests:
    def __init__(self, seed, base, rules_folder):
        """`base`: seconds; the samples lie between it and half an hour later."""
        self.r = random.Random(seed)
        self.base = base
        self.rules_folder = rules_folder
        time, duration, limit = self.time, self.duration, self.limit
        match = self.match
        query = {"query": (0.95, self.query), "time": (0.8, time), "timeout": (0.15, duration), "limit": (0.3, limit), "lookback_delta": (0.2, duration),
                 "stats": (0.15, lambda: self.one("", "all", "true"))}
        ranged = {"start": (0.6, time), "end": (0.6, time), "limit": (0.3, limit)}
        self.routes = [  # weight, path, usual methods, parameters with how often they are there
            (9, "/api/v1/query", "GET POST", query),
            (7, "/api/v1/query_range", "GET POST", query | {"time": (0, time), "start": (0.97, self.early), "end": (0.97, self.late), "step": (0.97, duration)}),
            (4, "/api/v1/query_exemplars", "GET POST", {"query": (0.95, self.query), "start": (0.8, time), "end": (0.8, time)}),
            (3, "/api/v1/format_query", "GET POST", {"query": (0.95, self.query)}),
            (3, "/api/v1/parse_query", "GET POST", {"query": (0.95, self.query)}),
            (5, "/api/v1/labels", "GET POST", ranged | {"match[]": (0.5, match)}),
            (5, "/api/v1/label/{name}/values", "GET", ranged | {"match[]": (0.4, match)}),
            (6, "/api/v1/series", "GET POST DELETE", ranged | {"match[]": (0.95, match)}),
            (3, "/api/v1/metadata", "GET", {"metric": (0.4, self.metric), "limit": (0.4, limit), "limit_per_metric": (0.3, limit)}),
            (3, "/api/v1/targets", "GET", {"state": (0.6, self.string), "scrapePool": (0.3, self.string)}),
            (3, "/api/v1/targets/metadata", "GET", {"match_target": (0.5, match), "metric": (0.4, self.metric), "limit": (0.4, limit)}),
            (1, "/api/v1/scrape_pools", "GET", {}),
            (1, "/api/v1/alertmanagers", "GET", {}),
            (6, "/api/v1/rules", "GET", {"type": (0.3, lambda: self.one("alert", "record", "ALERT", "", "both")), "rule_name[]": (0.2, self.rule), "rule_group[]": (0.2, self.group),
                                         "file[]": (0.15, self.file), "match[]": (0.3, self.rule_match), "exclude_alerts": (0.3, lambda: self.one(*BOOLS)),
                                         "group_limit": (0.3, limit), "group_next_token": (0.2, self.token)}),
            (1, "/api/v1/alerts", "GET", {}),
            (1, "/api/v1/status/config", "GET", {}),
            (1, "/api/v1/status/flags", "GET", {}),
            (1, "/api/v1/status/runtimeinfo", "GET", {}),
            (1, "/api/v1/status/buildinfo", "GET", {}),
            (2, "/api/v1/status/tsdb", "GET", {"limit": (0.7, limit)}),
            (1, "/api/v1/status/walreplay", "GET", {}),
            (1, "/api/v1/notifications", "GET", {}),
            (2, "/api/v1/read", "POST", {}),
            (2, "/api/v1/write", "POST", {}),
            (2, "/api/v1/admin/tsdb/delete_series", "POST PUT", {"match[]": (0.9, lambda: self.one("nothing_there", '{a="nothing"}', "{}", "{", "", 'sum(g)')), "start": (0.5, time), "end": (0.5, time)}),
            (1, "/api/v1/admin/tsdb/clean_tombstones", "POST PUT", {}),
            (1, "/api/v1/admin/tsdb/snapshot", "POST PUT", {"skip_head": (0.9, lambda: self.one(*BOOLS[6:]))}),
            (5, "/federate", "GET", {"match[]": (0.95, match)}),
            (4, "other", "GET", {}),
        ]

    def one(self, *choices):
        return self.r.choice(choices)

    def rare(self, usual, odd, share=0.2):
        return self.r.choice(odd) if self.r.random() < share else usual()

    # ---------------------------------------------------------------- values
    def query(self):
        return self.rare(lambda: self.one(*QUERIES), BAD_QUERIES, 0.25)

    def match(self):
        return self.rare(lambda: self.one(*SELECTORS), BAD_SELECTORS, 0.25)

    def moment(self, low, high):
        at = self.base + self.r.randrange(low, high)
        return self.one(str(at), "%d.%03d" % (at, self.r.randrange(1000)), "%.6f" % (at + 0.1234567), "%de0" % at)

    def time(self):
        return self.rare(lambda: self.moment(0, 1500), ODD_TIMES)

    def early(self):
        return self.rare(lambda: self.moment(0, 700), ODD_TIMES, 0.1)

    def late(self):
        return self.rare(lambda: self.moment(700, 1500), ODD_TIMES, 0.1)

    def duration(self):
        return self.rare(lambda: self.one(*DURATIONS), ODD_DURATIONS)

    def limit(self):
        return self.rare(lambda: self.one(*LIMITS), ODD_LIMITS)

    def metric(self):
        return self.one("page_value", "page_latency", "none", "", "page.requests", "page", "page_requests_total", "page_requests")

    def string(self):
        return self.one(*STRINGS)

    def rule(self):
        return self.one("Always", "job:g:sum", "none", "", "Never", "job_g")

    def group(self):
        return self.one("alerts", "records", "none", "", "broken")

    def file(self):
        return self.one(self.rules_folder + "/rules.yml", self.rules_folder + "/more.yml", "rules.yml", "", "none")

    def rule_match(self):
        return self.one('{severity="page"}', '{severity=~".+"}', '{severity!="page"}', "{}", '{severity=""}', "Always", '{team="a",severity="page"}', "{", "", "sum(up)", '{__name__="x"}')

    def token(self):
        return self.one("", "abc", "0" * 64)

    # ---------------------------------------------------------------- pairs and their coding
    def pairs(self, parameters):
        pairs = []
        for name, (often, value) in parameters.items():
            if self.r.random() >= often:
                continue
            pairs.append((name, value()))
            while self.r.random() < (0.3 if name.endswith("[]") else 0.05):
                pairs.append((name, value()))
        if self.r.random() < 0.05:
            pairs.append((self.one("unknown", "", "Query", "match", "q\u00e9"), self.one("", "1")))
        if self.r.random() < 0.2:
            self.r.shuffle(pairs)
        return pairs

    def encode(self, pairs):
        text = urllib.parse.urlencode(pairs)
        if self.r.random() < 0.06:
            text += self.one("&", "&&", "&x", "&=", "&x=%zz", "&%=1", "&a;b", ";", "&x=%", "&x=%4", "%", "&limit", "&limit=", "&time;", "&x=%00", "&x=a+b", "&x=\u00e9")
        if self.r.random() < 0.03:
            text = text.replace("+", "%20").replace("%5B%5D", "[]")
        return text.encode("latin-1").decode("latin-1")

    def multipart(self, pairs, boundary):
        parts = "".join('--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
            boundary, name, self.one("", "", "", '; filename="x"'), value) for name, value in pairs)
        end = self.one("--%s--\r\n" % boundary, "--%s--" % boundary, "--%s--\r\n" % boundary, "")
        return (parts + end).encode()

    def form(self, pairs):
        """Body and Content-Type: as it should be, nearly so, and not at all."""
        plain = "application/x-www-form-urlencoded"
        if self.r.random() < 0.7:
            return self.encode(pairs).encode(), plain
        kind = self.one("type", "type", "type", "multipart", "multipart", "none")
        if kind == "none":
            return self.encode(pairs).encode(), None
        if kind == "multipart":
            boundary = "xYzZy"
            return self.multipart(pairs, boundary), self.one(*["multipart/form-data; boundary=" + boundary] * 3, 'multipart/form-data; boundary="%s"' % boundary, "multipart/form-data",
                                                             "multipart/form-data; boundary=other", "multipart/mixed; boundary=" + boundary, "Multipart/Form-Data; Boundary=" + boundary,
                                                             "multipart/form-data; boundary=")
        return self.encode(pairs).encode(), self.one(plain + "; charset=utf-8", plain.upper(), plain + ";", plain + "; =", plain + "; a", plain + "; a=b; a=c", " " + plain + " ", plain + " ;x=y",
                                                     "text/plain", "application/json", "", "application/x-www-form-urlencodedx", plain + ", text/plain", "a b", "/", plain + ';a="b', plain + '; a="b c"',
                                                     "application/ x-www-form-urlencoded", ";", plain + "; charset=utf-8;", plain + ";;", plain + "; é=1")

    # ---------------------------------------------------------------- requests
    def other_path(self):
        return self.one("/", "/graph", "/graph?g0.expr=up&g0.tab=1", "/version", "/-/healthy", "/-/ready", "/-/reload", "/-/quit", "/api", "/api/v1", "/api/v1/", "/api/v1/none", "/none",
                        "/api/v1/query/", "/api//v1/query?query=1&time=5", "//api/v1/query?query=1&time=5", "/api/v1/./query?query=1&time=5", "/api/v1/x/../query?query=1&time=5", "/api/v1/%71uery?query=1&time=5", "/api/v1/Query?query=1&time=5",
                        "/api/v1/label", "/api/v1/label/", "/api/v1/label/a", "/api/v1/label//values", "/api/v1/label/a/values/", "/api/v1/labels/", "/-/healthy/", "/-", "/-/", "/federate/",
                        "/api/v1/targets/", "/api/v1/status", "/api/v1/status/", "/api/v1/admin/tsdb/snapshot/", "/api/v1/query_range%20", "/consoles/../x", "/%2e%2e/etc/passwd", "/api/v1/query%2F",
                        "/api/v1/query?", "/api/v1/query?&", "/federate?", "/metrics/", "/version/", "/graph/", "/api/v1/alerts/x", "/api/v1/rules/", "/api/v1/notifications/live/", "/api/v1/notifications/")

    def label_path(self, template):
        name = self.one(*NAMES)
        if not all(c.isascii() and c > " " for c in name) or (name and self.r.random() < 0.1):
            name = urllib.parse.quote(name)
        return template.replace("{name}", name)

    def headers(self):
        headers = []
        if self.r.random() < 0.15:
            headers.append(("Origin", self.one("http://a.example", "https://b.example", "null", "x", "http://a.example.evil", "")))
        if self.r.random() < 0.1:
            headers.append(("Accept-Encoding", self.one("gzip", "deflate", "identity", "gzip;q=0", "GZIP", "gzip, deflate", "*", "gzip;q=0.5, identity;q=0.1", "x-gzip", "")))
        if self.r.random() < 0.05:
            headers.append(("Accept", self.one("*/*", "application/json", "text/html", "text/plain", "", "x", "application/*;q=0", "application/json;q=0.1")))
        if self.r.random() < 0.03:
            headers.append((self.one("Content-Encoding", "If-None-Match", "Range", "X-Forwarded-For"), self.one("gzip", "snappy", "x", "bytes=0-1", "*")))
        return headers

    def federate_accept(self):
        text, metrics = "text/plain", "application/openmetrics-text"
        return self.one("", "*/*", text, text + ";version=0.0.4", text + ";version=1.0.0;escaping=allow-utf-8", text + ";version=1.0.0", text + "; version=0.0.4; escaping=underscores", metrics, metrics + ";version=1.0.0",
                        metrics + ";version=0.0.1", metrics + ";version=1.0.0;escaping=allow-utf-8,text/plain;q=0.5", text + ";version=1.0.0;escaping=dots", text + ";version=0.0.4;escaping=values", text + ";escaping=bogus",
                        "text/*", "application/json", text + ";q=0.1," + metrics + ";q=0.5", text + ";version=2.0.0", text + ";version=0.0.4;q=0", "text/html,*/*;q=0.1", metrics + ";escaping=values;version=1.0.0")

    def write_headers(self):
        kinds = ("application/x-protobuf", "application/x-protobuf;proto=prometheus.WriteRequest", "application/x-protobuf;proto=io.prometheus.write.v2.Request", "application/json", "", "text/plain",
                 "application/x-protobuf;proto=", "application/x-protobuf;x=y", "application/x-protobuf; charset=utf-8", "application/x-protobuf;proto", "a;b;c")
        headers = [("Content-Type", self.one(*kinds))] if self.r.random() < 0.9 else []
        if self.r.random() < 0.8:
            headers.append(("Content-Encoding", self.one("snappy", "snappy", "gzip", "", "Snappy", "identity")))
        if self.r.random() < 0.5:
            headers.append(("X-Prometheus-Remote-Write-Version", self.one("0.1.0", "2.0.0", "x", "")))
        return headers

    def next(self):
        weight, path, methods, parameters = self.r.choices(self.routes, [route[0] for route in self.routes])[0]
        method = self.one(*methods.split())
        if path == "other":
            path = self.other_path()
        elif "{name}" in path:
            path = self.label_path(path)
        if self.r.random() < 0.06:
            method = self.one("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", "FOO", "TRACE")
        sent = Sent(method, path, self.headers())
        if path in ("/-/quit", "/-/reload") or (path.startswith("/-/quit") and method in ("POST", "PUT")):
            sent.method = "GET"
        if path == "/api/v1/series" and method == "DELETE" and self.r.random() < 0.7:
            sent.method = "GET"
        if path == "/federate" and self.r.random() < 0.7:
            sent.headers = [("Accept", self.federate_accept())]
        pairs = self.pairs(parameters)
        if path in ("/api/v1/write", "/api/v1/read"):
            sent.headers += self.write_headers() if path.endswith("write") else []
            sent.body = self.one(b"", b"x", b"\x00", b"\x05\x10hello", b"\xff\xff\xff\xff\xff\xff")
            return sent
        in_body = method in ("POST", "PUT", "PATCH") and self.r.random() < 0.85 or self.r.random() < 0.02
        if not in_body:
            if pairs:
                sent.path += ("&" if "?" in path else "?") + self.encode(pairs)
            return sent
        in_url = [pair for pair in pairs if self.r.random() < 0.12]
        rest = [pair for pair in pairs if pair not in in_url or self.r.random() < 0.2]
        sent.body, kind = self.form(rest)
        if kind is not None:
            sent.headers.append(("Content-Type", kind))
        if in_url:
            sent.path += ("&" if "?" in path else "?") + self.encode(in_url)
        return sent
