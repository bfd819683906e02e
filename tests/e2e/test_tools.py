#!/usr/bin/env python3
"""The command line beside promtool: the same arguments, the same exit code, the same output. What is here for every shell
and for man is tried in the programs that read it."""
import os
import re
import shutil
import subprocess
import tarfile
import time

from harness import Meerkat, Target, peer, script, wait_for
from peer_pair import post
from test_promql_peer import write_request

PAGE = """# HELP fooBar Foo.
# TYPE fooBar counter
fooBar 1
# TYPE nohelp_total counter
nohelp_total{aB="x"} 1
# HELP a_ms_total x
# TYPE a_ms_total gauge
a_ms_total 1
# HELP q x
# TYPE q gauge
q{quantile="1",le="2"} 1
# HELP milliseconds_x x
# TYPE milliseconds_x gauge
milliseconds_x 1
# HELP container:foo:bar x
# TYPE container:foo:bar gauge
container:foo:bar 1
"""
CLEAN_PAGE = """# HELP h_seconds Time.
# TYPE h_seconds histogram
h_seconds_bucket{le="1"} 1
h_seconds_bucket{le="+Inf"} 2
h_seconds_sum 3
h_seconds_count 2
# HELP s_seconds Time.
# TYPE s_seconds summary
s_seconds{quantile="0.5"} 1
s_seconds_sum 1
s_seconds_count 1
# HELP a_total Count.
# TYPE a_total counter
a_total 7
"""
BAD_PAGES = ["x", "x y\n", "x 1 y\n", "x 1 2 3\n", "x{a} 1\n", "x{a=b} 1\n", 'x{a="b} 1\n', 'x{a="b"c="d"} 1\n', 'x{a="1",a="2"} 1\n',
             'x{__name__="y"} 1\n', '{"a.b"} 1\n', "1x 1\n", "# TYPE x bar\n", "x 1\n# TYPE x counter\n", "# HELP x a\n# HELP x b\n",
             '# TYPE h histogram\nh_bucket{le="y"} 1\n', "x 0x1p3\n", "x 1 # {}\n", 'x{"a.b"="c"} 1\n', 'x{a="\\q"} 1\n', "# HELP x \n# HELP x \n", "# HELP x a\\tb\n", "x 1 \n", "x{a='1'} 1\n", 'x{a""} 1\n', '# TYPE "x" gauge\nx 1\n', '# TYPE "a.b" gauge\n',
             '"x" 1\n', '{"x",a="b"} 1\n', '{a="b","x"} 1\n', '{"x","y"} 1\n', '{"x"y} 1\n', '{a="b",a="c"} 1\n', '{__name__="x"} 1\n', 'x{a 1\n', 'x{a\r} 1\n', 'x{a="b"} y',
             '# TYPE h histogram\nh_count -1\n', '# TYPE h histogram\nh_bucket{le="1"} -1\n', '# TYPE h histogram\nh_sum -1\n', '# TYPE h histogram\nh_count{ 2\n', "x I'nf ", "1"]

CONFIG = """scrape_configs:
- job_name: kept
  static_configs: [{targets: ['a:1', 'b:2'], labels: {x: y}}]
  relabel_configs:
  - {source_labels: [__address__], regex: 'b.*', action: drop}
  - {source_labels: [x], target_label: z}
- job_name: files
  file_sd_configs: [{files: [targets.json]}]
"""
RULES = """groups:
- name: a
  rules:
  - {record: x, expr: up}
  - {record: x, expr: up}
"""

# Labels that promtool 3.5 does not have yet.
NEWER = re.compile(r'\s*"__(always_scrape_classic_histograms|convert_classic_histograms_to_nhcb|scrape_native_histograms)__": "\w+",?')


class Tools:
    def __init__(self, binary, checks):
        self.checks, self.folder = checks, checks.folder
        self.binary, self.promtool = binary, peer("promtool", 3)
        self.link = os.path.join(self.folder, "promtool")
        os.symlink(binary, self.link)
        for name, text in (("prometheus.yml", CONFIG), ("rules.yml", RULES), ("targets.json", '[{"targets":["c:1"],"labels":{"q":"1"}}]'),
                           ("alertmanagers.yml", "alerting: {alertmanagers: [{file_sd_configs: [{files: [none.json]}]}]}"), ("bad.yml", "scrape_configs: [{job_name: a, foo: b}]"), ("page.txt", CLEAN_PAGE)):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)

    def run(self, program, args, text=""):
        done = subprocess.run([program, *args], cwd=self.folder, input=text.encode(), capture_output=True, timeout=60)
        return done.returncode, done.stdout.decode(), done.stderr.decode().replace("promtool: error:", "error:")

    def same(self, *args, text="", clean=lambda output: output):
        expected, got = (self.run(program, args, text) for program in (self.promtool, self.link))
        assert (expected[0], clean(expected[1]), expected[2]) == (got[0], clean(got[1]), got[2]), \
            "%s %r\npromtool: %s\nmeerkat:  %s" % (" ".join(args), text[:60], expected, got)

    def same_code(self, *args):
        expected, got = (self.run(program, args) for program in (self.promtool, self.link))
        assert expected[0] == got[0], "%s\npromtool: %s\nmeerkat:  %s" % (" ".join(args), expected, got)

    def metrics(self):
        for page in [PAGE, CLEAN_PAGE, "", *BAD_PAGES]:
            self.same("check", "metrics", text=page)
        self.same("check", "metrics", "--extended", text=CLEAN_PAGE)
        self.same("check", "metrics", "--extended", text=PAGE)
        units = "bytes bits seconds hours celsius kelvins meters metres inches grams volts amperes joules years ratio".split()
        prefixes = ["", "pico", "micro", "milli", "centi", "deca", "kilo", "kibi", "mebi", "mibi", "giga", "tebi", "pebi", "exa"]
        names = ["x_" + prefix + unit for prefix in prefixes for unit in units]
        names += ["x_" + unit for unit in "s ms us ns sec b kb mb gb tb pb m h d min B KB v".split()]
        names += "x_counter x_gauge gauge x_total x_bucket x_sum x_count_y XX fooB x_X _x x_ seconds_x_hours".split()
        for kind in ("gauge", "counter", "untyped", "summary", "histogram"):
            self.same("check", "metrics", text="".join("# HELP %s x\n# TYPE %s %s\n%s 1\n" % (name, name, kind, name) for name in names))

    def command_lines(self):
        for line in ("--foo", "check", "check foo", "foo", "query", "query instant", "query instant a", "query instant a b c", "query range --foo x y",
                     "query instant -o xml http://127.0.0.1:1 up", "query labels -v x y", "query series http://x", "check config",
                     "check web-config", "check config nofile", "check rules nofile", "check web-config nofile", "test rules",
                     "test rules nofile", "push metrics", "push metrics http://127.0.0.1:1 nofile", "check service-discovery",
                     "check service-discovery nofile job", "check service-discovery prometheus.yml nope", "debug all",
                     "--experimental promql format", "--experimental promql", "tsdb", "tsdb create-blocks-from",
                     "query range --step=x http://127.0.0.1:1 up", "query range --step=5 http://127.0.0.1:1 up",
                     "query range --start=x http://127.0.0.1:1 up", "query instant --time=x http://127.0.0.1:1 up",
                     "query instant http://127.0.0.1:1 up", "query range http://127.0.0.1:1 up", "check healthy --url=http://127.0.0.1:1",
                     "query analyze --server=http://127.0.0.1:1 --type=x --match=up", "check rules rules.yml", "check rules --lint=none rules.yml",
                     "check rules --lint=all --lint-fatal rules.yml", "check rules --lint=foo rules.yml", "check config prometheus.yml",
                     "check config --syntax-only prometheus.yml", "check config --lint=foo prometheus.yml", "check config alertmanagers.yml"):
            self.same(*line.split())
        self.same("check", "rules", text=RULES.replace("expr: up", "expr: up+"))
        for line in ("tsdb list nodir", "tsdb dump nodir", "tsdb analyze nodir", "check config bad.yml", "tsdb dump --min-time=x nodir"):
            self.same_code(*line.split())
        self.same("check", "service-discovery", "prometheus.yml", "kept", "--timeout=1s", clean=lambda text: NEWER.sub("", text))
        self.same("check", "service-discovery", "prometheus.yml", "files", "--timeout=1s", clean=lambda text: NEWER.sub("", text))

    def promql(self):
        long = 'sum(rate(http_request_duration_seconds_count{a="b"}[5m])) by (job) / sum(rate(http_request_duration_seconds_count[5m])) by (job)'
        for words in (["format", "sum  (up)by(x)"], ["format", long], ["label-matchers", "set", "up", "a", "b"],
                      ["label-matchers", "set", "-t", "=~", 'up{a="c"}+on() sum(x)', "a", "b.*"],
                      ["label-matchers", "set", "-t", "x", "up", "a", "b"],
                      ["label-matchers", "delete", 'rate(up{a="c"}[5m:])+on() sum(x{a="d",e="f"})', "a"],
                      ["label-matchers", "set", long, "job", "x"]):
            self.same("--experimental", "promql", *words)

    def rule_tests(self):
        """What fails, plain and in colours."""
        with open(os.path.join(self.folder, "tested.yml"), "w") as file:
            file.write("groups:\n- name: g\n  rules:\n  - {alert: A, expr: up == 0}\n  - {alert: B, expr: up == 0, annotations: {x: y, z: '<\"é>'}}\n")
        job = "{exp_labels: {job: %s}}"
        for expected in ([], [job % "a"], [job % "c"], [job % "a", job % "b", job % "c"], ["{exp_labels: {job: a, x: '1'}}"], ["{exp_labels: {}}"],
                         ["{exp_labels: {job: b}, exp_annotations: {x: q}}"], ["{exp_labels: {job: a}, exp_annotations: {x: y, q: r}}", job % "d"]):
            for alert, values in (("A", "0x5"), ("B", "0x5"), ("B", "_x5"), ("C", "0x5")):
                with open(os.path.join(self.folder, "test.yml"), "w") as file:
                    file.write("rule_files: [tested.yml]\ntests:\n- interval: 1m\n  input_series: [{series: 'up{job=\"a\"}', values: '%s'}, {series: 'up{job=\"b\"}', values: '0x5'}]\n"
                               "  alert_rule_test: [{eval_time: 2m, alertname: %s, exp_alerts: [%s]}]\n" % (values, alert, ", ".join(expected)))
                self.same("test", "rules", "test.yml")
                self.same("test", "rules", "--diff", "test.yml")
        untimed = lambda text: re.sub(r"took \S+", "took", text)  # noqa: E731
        for series, name in (("up", "A"), ("up{", "A"), ("down", ""), ("down", "A")):
            with open(os.path.join(self.folder, "test.yml"), "w") as file:
                file.write("rule_files: [tested.yml]\ntests:\n- interval: 1m\n  input_series: [{series: down, values: '1x5'}, {series: %s, values: '0+1x5'}]\n"
                           "  alert_rule_test: [{eval_time: 2m, alertname: '%s'}]\n" % (series, name))
            if series == "up{":  # upstream says where in a text of its own making
                self.same_code("test", "rules", "test.yml")
            else:
                self.same("test", "rules", "--debug", "test.yml", clean=untimed)

    def web_configs(self):
        for name in ("c", "d"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                            "-keyout", name + ".key", "-out", name + ".crt"], cwd=self.folder, capture_output=True, check=True)

        def inline(key, name):
            with open(os.path.join(self.folder, name)) as file:
                return "  %s: |\n%s" % (key, "".join("    " + line for line in file))
        pair = "  cert_file: c.crt\n  key_file: c.key\n"
        for text in ("", pair, inline("cert", "c.crt") + inline("key", "c.key"), inline("cert", "d.crt") + pair, inline("key", "d.key") + pair, "  cert: x\n" + pair,
                     "  cert_file: c.crt\n  key_file: d.key\n", "  cert_file: none\n  key_file: c.key\n", "  cert_file: c.crt\n  key_file: none\n",
                     pair + "  client_auth_type: RequestClientCert\n  client_ca: x\n  client_ca_file: c.crt\n", pair + "  client_ca_file: none\n  client_auth_type: RequestClientCert\n"):
            with open(os.path.join(self.folder, "web.yml"), "w") as file:
                file.write("tls_server_config:\n" + text if text else "")
            self.same("check", "web-config", "web.yml")

    def dumps(self):
        """The same samples, by both tools into directories of their own kinds, and out again."""
        lines = ['a{x="1",y="q\\"\\n"} %d %d' % (i, 1700000000 + i * 30) for i in range(300)]
        lines += ['g{z="é"} %s %d.%03d' % (("NaN", "+Inf", "-0", "1e-9", "123456789.125")[i % 5], 1700000000 + i * 30, i) for i in range(300)] + ["bare 1 1700000000", "# EOF", ""]
        with open(os.path.join(self.folder, "in.om"), "w") as file:
            file.write("\n".join(lines))
        folders = [os.path.join(self.folder, name) for name in ("theirs.db", "ours.db")]
        for program, folder in zip((self.promtool, self.link), folders):
            assert self.run(program, ["tsdb", "create-blocks-from", "openmetrics", "-q", "--label=y=z", "in.om", folder])[0] == 0
        os.mkdir(os.path.join(folders[0], "wal"))  # promtool dumps nothing without
        for words in (["dump"], ["dump", "--match=g"], ["dump", "--match=a", "--match=bare"], ["dump", "--min-time=1700000100000", "--max-time=1700000200000"], ["dump-openmetrics"],
                      ["dump-openmetrics", "--match=bare"]):
            theirs, ours = (self.run(program, ["tsdb", *words, folder]) for program, folder in zip((self.promtool, self.link), folders))
            assert theirs == ours, "%s: %s %s" % (words, theirs[1][:200], ours[1][:200])

    def queries(self, server):
        end = int(server.value("vector(time())"))
        at, window = "--time=%d" % end, ["--start=%d" % (end - 4), "--end=%d" % end, "--step=2s"]
        for query in ("up", "vector(1)", "1+1", "up{", "vector(1e-9)", "vector(1e300)", "-vector(0/0)", "nope", "sum(up) by (nope)",
                      "prometheus_http_requests_total", "1e21"):
            self.same("query", "instant", server.url, query, at)
            self.same("query", "-o", "json", "instant", server.url, query, at)
            self.same("query", "range", server.url, query, *window)
            self.same("query", "-o", "json", "range", server.url, query, *window)
        for query in ("histogram", "histogram / 3", "rate(histogram[1m])"):
            self.same("query", "instant", server.url, query, at)
            self.same("query", "range", server.url, query, *window)
        self.same("query", "range", server.url, "up", "--start=%d" % end, "--end=%d" % (end - 9))
        self.same("query", "range", server.url, "up", "--start=%d" % end, "--end=%d" % end)
        self.same("query", "range", server.url, "up", *window[:2], "--step=0s")
        self.same("query", "range", server.url, "up", *window[:2], "--step=1x")
        other = Target({"/text/api/v1/query": "hello\n", "/empty/api/v1/query": "", "/json/api/v1/query": '{"status":"error","errorType":"bad_data","error":"no"}',
                        "/told/api/v1/query": '{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["w"]}'}.get)
        for path in ("text", "empty", "json", "told", "none"):
            self.same("query", "instant", "http://127.0.0.1:%d/%s" % (other.port, path), "up", at)
        for words in (["--match=up"], ["--match=up", "--match=scrape_samples_scraped"], ["--match=up{"]):
            self.same("query", "series", server.url, *words, *window[:2])
        for name in ("job", "nope", "a b"):
            self.same("query", "labels", server.url, name, *window[:2])
        self.same("query", "labels", server.url, "__name__", "--match=up")
        self.same("query", "-o", "json", "labels", server.url, "job")
        for match in ("up", "up{", 'prometheus_http_request_duration_seconds_bucket{handler="/metrics"}'):
            self.same("query", "analyze", "--server=" + server.url, "--type=histogram", "--match=" + match, "--time=%d" % end, "--duration=4s")
        self.same("check", "healthy", "--url=" + server.url)
        self.same("check", "ready", "--url=" + server.url)

    def push(self, server):
        """Both tools push the same page, and the series differ in the label only."""
        for tool, program in (("theirs", self.promtool), ("ours", self.link), ("ours2", self.link)):
            extra = ["--protobuf_message=io.prometheus.write.v2.Request"] if tool == "ours2" else []
            code, out, err = self.run(program, ["push", "metrics", "--label=job=" + tool, *extra, server.url + "/api/v1/write", "page.txt"])
            assert code == 0 and "SUCCESS: metrics file page.txt pushed to remote write." in out, (out, err)
        rows = {}
        for tool in ("theirs", "ours", "ours2"):
            rows[tool] = sorted((sorted((name, value) for name, value in row["metric"].items() if name != "job"), row["value"][1])
                                for row in server.query('{job="%s"}' % tool))
        assert len(rows["ours"]) == 8 and rows["ours"] == rows["theirs"] == rows["ours2"], rows

    def backfill(self, server):
        """Recording rules over the past, by both tools into directories of their own kinds, the same series and values."""
        with open(os.path.join(self.folder, "record.yml"), "w") as file:
            file.write("groups:\n- name: g\n  interval: 1s\n  rules:\n  - {record: 'job:up:sum', expr: 'sum by (job) (up)', labels: {x: y}}\n"
                       "  - {alert: Down, expr: 'up == 0'}\n- name: h\n  rules:\n  - {record: 'up:neg', expr: '-up', labels: {job: ''}}\n")
        end = int(server.value("vector(time())"))
        window = ["--url=" + server.url, "--start=%d" % (end - 4), "--end=%d" % end, "--eval-interval=1s"]
        for program, out in ((self.promtool, "theirs"), (self.link, "ours")):
            code, _, err = self.run(program, ["tsdb", "create-blocks-from", "rules", *window, "--output-dir=" + out, "record.yml"])
            assert code == 0, err
        assert self.run(self.binary, ["tsdb", "import", "prometheus", "--storage.tsdb.path=imported", "theirs"])[0] == 0
        rows = {}
        for name in ("imported", "ours"):
            code, out, err = self.run(self.binary, ["tsdb", "dump", name])
            assert code == 0, err
            rows[name] = {(line.split("} ")[0], line.split("} ")[1].split()[0]) for line in out.splitlines()}
        assert rows["ours"] == rows["imported"] and len(rows["ours"]) == 2, rows
        self.same("tsdb", "create-blocks-from", "rules", *window[:1], "--start=x", "record.yml")
        self.same("tsdb", "create-blocks-from", "rules", *window[:1], "record.yml")
        self.same("tsdb", "create-blocks-from", "rules", *window[:1], "--start=9", "--end=8", "record.yml")

    def debug(self, server):
        code, out, err = self.run(self.binary, ["debug", "all", server.url])
        assert code == 0 and "no pprof profiles" in out, (out, err)
        with tarfile.open(os.path.join(self.folder, "debug.tar.gz")) as archive:
            names = archive.getnames()
            process = archive.extractfile("process.txt").read().decode()
        assert names == ["process.txt", "buildinfo.json", "runtimeinfo.json", "flags.json", "tsdb.json", "targets.json", "rules.json",
                         "metrics.txt"], names
        assert re.search(r"^open files +\d+ of \d+$", process, re.M) and re.search(r"^resident memory +\d+ KiB", process, re.M), process
        assert re.search(r"^\d+ +\S+ +[RSD] +\d+\.\d\d", process, re.M), process

    def completion(self):
        code, script, _ = self.run(self.binary, ["completion", "bash"])
        assert code == 0
        with open(os.path.join(self.folder, "completion.bash"), "w") as file:
            file.write(script)

        def complete(*words):
            line = " ".join("'%s'" % word for word in words)
            text = "source ./completion.bash; COMP_WORDS=(%s); COMP_CWORD=%d; _meerkat; echo ${COMPREPLY[@]}" % (line, len(words) - 1)
            return self.run("bash", ["-c", text])[1].split()
        assert complete("meerkat", "chec") == ["check", "check-config"], complete("meerkat", "chec")
        assert complete("meerkat", "check", "met") == ["metrics"]
        assert complete("meerkat", "query", "instant", "--ti") == ["--time="]
        assert "--storage.tsdb.path=" in complete("meerkat", "--storage.tsdb.")
        assert complete("meerkat", "check", "config", "prom") == ["prometheus.yml", "promtool"], complete("meerkat", "check", "config", "prom")
        assert complete("meerkat", "check", "config", "x.yml", "--lint-f") == ["--lint-fatal"]
        assert self.run(self.binary, ["completion", "csh"])[0] == 1
        for shell, check in (("zsh", ["-n"]), ("fish", ["--no-execute"])):
            _, script, _ = self.run(self.binary, ["completion", shell])
            if shutil.which(shell) is None:
                assert "meerkat" in script
                continue
            code, _, err = self.run(shell, [*check, "/dev/stdin"], script)
            assert code == 0, err

    def man(self):
        code, page, _ = self.run(self.binary, ["man"])
        assert code == 0 and page.startswith(".TH MEERKAT 1 ")
        _, listed, _ = self.run(self.binary, ["help"])
        for command in re.findall(r"^  meerkat ((?:[a-z-]+(?: |$))+)", listed, re.M):
            assert '.SS "meerkat ' + command.strip().replace("-", "\\-") in page, command
            code, text, _ = self.run(self.binary, command.split() + ["--help"])
            assert code == 0 and text.startswith("usage: meerkat " + command.strip()), command
        if shutil.which("groff"):
            code, text, err = self.run("groff", ["-man", "-ww", "-Kutf8", "-Tutf8", "-P-cbou"], page)
            assert code == 0 and not err and "--storage.tsdb.path" in text.replace("\u2010", "-"), err

    def scraping(self):
        """A server that scrapes itself."""
        def configure(port):
            with open(os.path.join(self.folder, "self.yml"), "w") as file:
                file.write("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: self\n"
                           "  static_configs: [{targets: ['127.0.0.1:%d']}]\n" % port)
        server = Meerkat(self.binary, self.folder, ["--config.file=self.yml", "--web.enable-remote-write-receiver"], configure)
        self.checks.own(server.program)
        native = {"schema": 0, "zero": 1, "sum": 7.5, "spans": [(0, 2)], "buckets": [2, 1], "hint": 0}
        message = write_request([({"__name__": "histogram"}, [(int(time.time() * 1000), native)])])
        assert post(server.url + "/api/v1/write", message, {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"})[0] == 204
        wait_for("five scrapes", lambda: (server.value("count_over_time(up[1m])") or 0) > 4)
        return server


def main(checks, options):
    tools = Tools(options.server, checks)
    checks.run("completion of shells", tools.completion)
    checks.run("man page and help", tools.man)
    server = None

    def scraping():
        nonlocal server
        server = tools.scraping()
    if checks.run("a server to ask", scraping):
        checks.run("debug", lambda: tools.debug(server))
    beside = [("check metrics", tools.metrics), ("wrong and right command lines", tools.command_lines), ("promql", tools.promql), ("test rules", tools.rule_tests), ("tsdb dump", tools.dumps)]
    if shutil.which("openssl"):
        beside += [("check web-config", tools.web_configs)]
    if server is not None:
        beside += [("query", lambda: tools.queries(server)), ("push metrics", lambda: tools.push(server)),
                   ("backfilling rules", lambda: tools.backfill(server))]
    for name, check in beside:
        if tools.promtool:
            checks.run(name + " beside promtool", check)
        else:
            checks.skip(name + " beside promtool", "no promtool 3 in ../peers or PATH")
    if server is not None:
        checks.run("a clean stop", lambda: server.program.stop())


if __name__ == "__main__":
    script(main, __doc__)
