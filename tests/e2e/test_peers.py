#!/usr/bin/env python3
"""Other programs as peers: a real Prometheus federates from us, writes to us by remote write 1.0 and 2.0 and reads back
from us, vmagent writes to us, promtool asks us and amtool the alert manager, and we push to a Prometheus. What each side then has is
compared sample by sample, once in the open and once by TLS with users."""
import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

from harness import Meerkat, Program, Target, becomes, free_port, get, get_json, peer, script, wait_for

OURS = """
global:
  scrape_interval: 1s
  external_labels: {{cluster: ours}}
  scrape_native_histograms: true
scrape_configs:
- job_name: theirs
  static_configs: [{{targets: ['127.0.0.1:{prometheus}'], labels: {{from: afar}}}}]
"""
THEIRS = """
global:
  scrape_interval: 1s
  external_labels: {{replica: '{version}'}}
scrape_configs:
- job_name: self
  static_configs: [{{targets: ['127.0.0.1:{own}']}}]
- job_name: page
  static_configs: [{{targets: ['127.0.0.1:{page}']}}]
{federate}remote_write:
- url: {meerkat}/api/v1/write
{access}  protobuf_message: {message}
  send_exemplars: true
  send_native_histograms: true
  queue_config: {{batch_send_deadline: 200ms}}
  write_relabel_configs: [{{source_labels: [job], regex: self|page, action: keep}}]
remote_read:
- url: {meerkat}/api/v1/read
{access}  read_recent: true
  filter_external_labels: false
  required_matchers: {{from: afar}}
"""
FEDERATE = """- job_name: federate
  honor_labels: true
  metrics_path: /federate
  params: {'match[]': ['{job="theirs",__name__=~"up|prometheus_http_requests_total|prometheus_http_request_duration_seconds.*"}']}
  static_configs: [{targets: ['%s']}]
  scheme: %s
%s"""
# Of whoever asks us, when we want TLS and users; the password is "secret".
ACCESS = """  basic_auth: {username: alice, password: secret}
  tls_config: {ca_file: web.crt}
"""
WEB = """tls_server_config: {cert_file: web.crt, key_file: web.key}
basic_auth_users: {alice: $2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u}
"""
PUSHED = """# TYPE sent_total counter
sent_total{a="b"} 7
# TYPE sent_seconds histogram
sent_seconds_bucket{le="1"} 2
sent_seconds_bucket{le="+Inf"} 3
sent_seconds_sum 4.5
sent_seconds_count 3
"""
MESSAGES = {"1": "prometheus.WriteRequest", "2": "io.prometheus.write.v2.Request"}


def page_with_exemplars():
    """A counter whose every scrape has another exemplar."""
    count = iter(range(1, 1 << 30))

    def page(_):
        value = next(count)
        return '# TYPE page_views counter\npage_views_total %d # {trace_id="t%d"} 0.5 %.3f\n# EOF\n' % (value, value, time.time())
    return Target(page)


class Prometheus:
    def __init__(self, binary, folder, meerkat, port, version, page):
        """`meerkat`: its URL."""
        self.url = "http://127.0.0.1:%d" % port
        config = os.path.join(folder, "prometheus-%s.yml" % version)
        with open(config, "w") as file:
            scheme, address = meerkat.split("://")
            access = ACCESS if scheme == "https" else ""
            file.write(THEIRS.format(own=port, meerkat=meerkat, version=version, message=MESSAGES[version], page=page, access=access,
                                     federate=FEDERATE % (address, scheme, access) if version == "2" else ""))
        self.program = Program("prometheus-" + version, [
            binary, "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(folder, "prometheus-" + version),
            "--web.listen-address=127.0.0.1:%d" % port, "--enable-feature=native-histograms,exemplar-storage",
            "--web.enable-lifecycle", "--web.enable-remote-write-receiver",
            *("--web.remote-write-receiver.accepted-protobuf-messages=" + message for message in MESSAGES.values())], folder)

    def ready(self):
        wait_for("prometheus to be ready", lambda: get(self.url + "/-/ready"))


def ask(url, query, **parameters):
    parameters["query"] = query
    return get_json(url + "/api/v1/query?" + urllib.parse.urlencode(parameters))["data"]["result"]


def columns(url, query, at, drop):
    """Series without the labels in `drop`, to their samples."""
    return {json.dumps({name: value for name, value in row["metric"].items() if name not in drop}, sort_keys=True):
            row.get("values", []) + row.get("histograms", []) for row in ask(url, query, time=at)}


class Peers:
    def __init__(self, binary, checks, secured):
        self.binary, self.checks, self.secured = binary, checks, secured
        self.folder = os.path.join(checks.folder, "secured" if secured else "open")
        os.mkdir(self.folder)
        self.theirs = {}

    def secure(self):
        """A certificate of our own and a user; whoever asks by urllib is that one from now on."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "web.key", "-out", "web.crt"],
                       capture_output=True, check=True, cwd=self.folder)
        for name, text in (("web.yml", WEB), ("client.yml", ACCESS.replace("  ", "", 2).replace("\n  ", "\n"))):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=os.path.join(self.folder, "web.crt"))))
        opener.addheaders = [("Authorization", "Basic YWxpY2U6c2VjcmV0")]
        urllib.request.install_opener(opener)

    def start(self):
        ports = {version: free_port() for version in MESSAGES}

        def configure(_):
            with open(os.path.join(self.folder, "ours.yml"), "w") as file:
                file.write(OURS.format(prometheus=ports["1"]))
        flags = ["--config.file=ours.yml", "--web.enable-remote-write-receiver"]
        flags += ["--web.remote-write-receiver.accepted-protobuf-messages=" + message for message in MESSAGES.values()]
        if self.secured:
            self.secure()
            flags.append("--web.config.file=web.yml")
        self.ours = Meerkat(self.binary, self.folder, flags, configure, "https" if self.secured else "http")
        self.checks.own(self.ours.program)
        page = page_with_exemplars().port
        for version, port in ports.items():
            prometheus = Prometheus(peer("prometheus", 3), self.folder, self.ours.url, port, version, page)
            self.theirs[version] = prometheus
            self.checks.own(prometheus.program)
        for prometheus in self.theirs.values():
            prometheus.ready()
        for prometheus in self.theirs.values():
            wait_for("native histograms there", lambda p=prometheus: ask(
                p.url, 'histogram_count(prometheus_http_request_duration_seconds{job="self",handler="/metrics"}) > 4'))

    def written(self, version):
        """Everything a Prometheus scraped of itself in some seconds, samples and histograms, is here too, bit by bit."""
        url = self.theirs[version].url
        at = time.time()
        query = '{job="self",__name__!~"scrape_.*|up"}[5s]'
        ours_query = query.replace('job="self"', 'job="self",replica="%s"' % version)

        def missing():
            theirs = columns(url, query, at, set())  # anew: a scrape of that time may have been under way
            assert len(theirs) > 300 and any(isinstance(points[0][1], dict) for points in theirs.values()), len(theirs)
            ours = columns(self.ours.url, ours_query, at, {"replica"})
            return [(name, theirs[name], ours.get(name)) for name in theirs if ours.get(name) != theirs[name]][:1]
        becomes("all samples to arrive", missing, [])

    def exemplars(self, version):
        """Those of the page arrive, each with its labels, value and time."""
        def of(url, **more):
            labels = "".join(',%s="%s"' % pair for pair in more.items())
            asked = urllib.parse.urlencode({"query": 'page_views_total{job="page"%s}' % labels, "start": 0, "end": time.time()})
            return [one for row in get_json(url + "/api/v1/query_exemplars?" + asked)["data"] for one in row["exemplars"]]
        theirs = wait_for("some exemplars there", lambda: (lambda all: all if len(all) >= 3 else None)(of(self.theirs[version].url)))

        def same():
            ours = of(self.ours.url, replica=version)
            return all(one in ours for one in theirs)
        wait_for("their exemplars here", same)

    def federated(self):
        """What is federated is ours at that time, with our external labels."""
        url = self.theirs["2"].url
        wait_for("federated histograms", lambda: ask(
            url, 'histogram_count(prometheus_http_request_duration_seconds{cluster="ours",handler="/metrics"}) > 3'))
        at = time.time()
        theirs = columns(url, '{cluster="ours",job="theirs"}[5s]', at, {"cluster"})
        ours = columns(self.ours.url, '{job="theirs"}[10s]', at, set())
        assert any(isinstance(points[0][1], dict) for points in theirs.values()), "no native histogram among them"
        for name, points in theirs.items():
            for point in points:
                if isinstance(point[1], dict):  # the same time, count and sum
                    assert [p for p in ours[name] if p[0] == point[0] and p[1] == point[1]], (name, point, ours[name])
                else:
                    assert point in ours[name], (name, point, ours[name])

    def read_back(self):
        """A query whose selector asks for it is answered from our store, floats and histograms in chunks."""
        url = self.theirs["1"].url
        wait_for("histograms of ours", lambda: self.ours.query('histogram_count(prometheus_http_request_duration_seconds{from="afar",handler="/metrics"})'))
        at = time.time() - 1
        query = '{from="afar",job="theirs",__name__!~"scrape_.*"}[20s]'

        def different():
            theirs, ours = columns(url, query, at, {"cluster"}), columns(self.ours.url, query, at, set())
            assert len(theirs) > 300 and any(isinstance(points[-1][1], dict) for points in theirs.values()), len(theirs)
            return [(name, theirs.get(name), ours.get(name)) for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)][:1]
        becomes("the same samples", different, [])
        becomes("the codes", lambda: [row["metric"]["code"] for row in ask(url, 'prometheus_http_requests_total{from="afar",handler="/metrics"}')], ["200"])

    def push(self):
        """We push to a Prometheus, by both messages, and to ourselves as to any other."""
        urls = [self.theirs["1"].url, self.ours.url]
        for url in urls:
            for version, message in MESSAGES.items():
                words = ["push", "metrics", "--label=via=push" + version, "--protobuf_message=" + message]
                if url.startswith("https"):
                    words.append("--http.config.file=client.yml")
                done = subprocess.run([self.binary, *words, url + "/api/v1/write"], input=PUSHED.encode(), capture_output=True, timeout=60, cwd=self.folder)
                assert done.returncode == 0, (words, done)
        stored = [{version: {json.dumps(row["metric"], sort_keys=True): row["value"][1] for row in ask(url, '{via="push%s"}' % version)}
                   for version in MESSAGES} for url in urls]
        assert stored[0] == stored[1] and all(len(rows) == 5 for rows in stored[0].values()), stored

    def vmagent(self):
        port = free_port()
        with open(os.path.join(self.folder, "vmagent.yml"), "w") as file:
            file.write("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: vmagent\n  static_configs: [{targets: ['127.0.0.1:%d']}]\n"
                       % port)
        agent = self.checks.own(Program("vmagent", [
            peer("vmagent"), "-httpListenAddr=127.0.0.1:%d" % port, "-promscrape.config=" + os.path.join(self.folder, "vmagent.yml"),
            "-remoteWrite.url=%s/api/v1/write" % self.ours.url, "-remoteWrite.tmpDataPath=" + os.path.join(self.folder, "vmagent"),
            "-remoteWrite.flushInterval=200ms"], self.folder))
        wait_for("vmagent's samples", lambda: self.ours.value('count_over_time(up{job="vmagent"}[1m])'))
        wait_for("hundreds of its series", lambda: (self.ours.value('count({job="vmagent"})') or 0) > 200)
        # It says itself how much of what it sent was taken.
        rows = {line.split(" ")[0]: line.split(" ")[-1] for line in get("http://127.0.0.1:%d/metrics" % port).decode().splitlines()}
        dropped = [value for name, value in rows.items() if name.startswith("vmagent_remotewrite_packets_dropped_total")]
        assert dropped and all(value == "0" for value in dropped), dropped
        agent.stop()

    def promtool(self):
        """The real tool asks us, pushes to us and takes what it collects for debugging."""
        def run(*words, text=None):
            words = words + (("--http.config.file=client.yml",) if self.secured else ())
            done = subprocess.run([peer("promtool", 3), *words], input=text and text.encode(), capture_output=True, timeout=60, cwd=self.folder)
            assert done.returncode == 0, (words, done)
            return done.stdout.decode()
        url = self.ours.url
        run("check", "healthy", "--url=" + url)
        run("check", "ready", "--url=" + url)
        run("push", "metrics", "--label=via=promtool", url + "/api/v1/write", text="# TYPE pushed_total counter\npushed_total{a=\"b\"} 7\n")
        wait_for("what was pushed", lambda: self.ours.value('pushed_total{via="promtool"}') == 7)
        assert 'pushed_total{a="b", via="promtool"} => 7 @' in run("query", "instant", url, "pushed_total")
        assert json.loads(run("query", "instant", "-o", "json", url, "pushed_total"))[0]["value"][1] == "7"
        now = int(time.time())
        assert "7 @[%d]" % (now + 1) in run("query", "range", "--start=%d" % now, "--end=%d" % (now + 1), "--step=1s", url, "pushed_total")
        assert 'a="b"' in run("query", "series", "--match=pushed_total", url)
        assert run("query", "labels", "--match=pushed_total", url, "via") == "promtool\n"
        assert "prometheus_http_request_duration_seconds" in run("query", "analyze", "--server=" + url, "--type=histogram", "--duration=1m",
                                                                 '--match={__name__=~"prometheus_http_request_duration_seconds.*"}')
        if self.secured:  # its debug commands know neither users nor certificates
            return
        run("debug", "metrics", url)
        assert os.path.getsize(os.path.join(self.folder, "debug.tar.gz")) > 1000

    def amtool(self):
        def run(*words):
            done = subprocess.run([peer("amtool"), *words, "--alertmanager.url=" + self.ours.alertmanager_url], capture_output=True, timeout=60)
            assert done.returncode == 0, (words, done)
            return done.stdout.decode()
        run("alert", "add", "Peer", "severity=page", "--annotation=summary=so")
        wait_for("the alert", lambda: "Peer" in run("alert", "query", "alertname=Peer"))
        silence = run("silence", "add", "alertname=Peer", "--comment=why", "--author=me", "--duration=1h").strip()
        assert silence in run("silence", "query", "-q")
        wait_for("the alert to be silenced", lambda: "Peer" in run("alert", "query", "--silenced", "alertname=Peer"))
        run("silence", "expire", silence)
        assert silence not in run("silence", "query", "-q")
        assert "receiver" in run("config", "show")


def walk(binary, checks, secured):
    peers = Peers(binary, checks, secured)
    how = " by TLS, with users" if secured else ""
    if not checks.run("two Prometheus servers beside us" + how, peers.start):
        return
    checks.run("remote write 1.0 brings every sample" + how, lambda: peers.written("1"))
    checks.run("remote write 2.0 brings every sample" + how, lambda: peers.written("2"))
    checks.run("exemplars come along with version 1.0" + how, lambda: peers.exemplars("1"))
    checks.run("exemplars come along with version 2.0" + how, lambda: peers.exemplars("2"))
    checks.run("federation of floats and native histograms" + how, peers.federated)
    checks.run("remote read in chunks" + how, peers.read_back)
    checks.run("we push to a Prometheus" + how, peers.push)
    more = [("promtool", peers.promtool)]
    if not secured:
        more += [("vmagent", peers.vmagent), ("amtool", peers.amtool)]
    for name, check in more:
        if peer(name, 3 if name == "promtool" else 0):
            checks.run(name + how, check)
        else:
            checks.skip(name + how, name + " is not there")
    checks.run("a clean stop" + how, peers.ours.program.stop)
    for prometheus in peers.theirs.values():
        prometheus.program.kill()


def main(checks, options):
    if peer("prometheus", 3) is None:
        checks.skip("Prometheus as a peer", "no prometheus 3 in ../peers or PATH")
        return
    walk(options.server, checks, False)
    if shutil.which("openssl"):
        walk(options.server, checks, True)
    else:
        checks.skip("peers by TLS", "openssl is not there")


if __name__ == "__main__":
    script(main, __doc__)
