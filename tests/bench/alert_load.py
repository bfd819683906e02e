#!/usr/bin/env python3
"""Many alerts through meerkat and through Alertmanager, one after the other with the same requests: 50,000 firing alerts in
1,000 groups, 100 inhibition rules, 1,000 silences, repeated as Prometheus repeats them while the groups flush to a webhook.
Prints CPU seconds and memory of both; the webhook and the sender are processes of their own and do not count.

    tests/bench/alert_load.py [--rounds 6] [--alerts 50000] [--groups 1000] [--alertmanager BINARY] [MEERKAT]
"""
import argparse
import datetime
import http.client
import http.server
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from harness import free_port, get, wait_for  # noqa: E402: the path must be known first

TICK = os.sysconf("SC_CLK_TCK")
BATCH = 256  # alerts in a request, as Prometheus sends them
ROUND_SECONDS = 10.0


def sink(port, counts):
    """A webhook that counts messages and bytes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # noqa: N802: the base class's name
            size = int(self.headers["Content-Length"])
            self.rfile.read(size)
            with counts.get_lock():
                counts[0] += 1
                counts[1] += size
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


def configuration(webhook, rules):
    lines = ["route:", "  receiver: team", "  group_by: [alertname, cluster]", "  group_wait: 5s",
             "  group_interval: 10s", "  repeat_interval: 1h", "receivers:", "- name: team", "  webhook_configs:",
             "  - url: http://127.0.0.1:%d/" % webhook, "inhibit_rules:"]
    for rule in range(rules):
        lines += ["- source_matchers: [alertname=\"Down%d\"]" % rule,
                  "  target_matchers: [severity=\"warning\", team=\"team%d\"]" % (rule % 20), "  equal: [cluster]"]
    return "\n".join(lines) + "\n"


def alerts(count, groups):
    """`count` firing alerts, the same number in each group; one in a hundred is a source of inhibition."""
    out = []
    for i in range(count):
        group = i % groups
        name = "Down%d" % (group % 100) if group % 10 == 9 else "HighLatency%d" % (group % 50)
        out.append({
            "labels": {"alertname": name, "cluster": "cluster%d" % group, "instance": "10.0.%d.%d:9100" % (i // 250, i % 250),
                       "job": "node", "severity": ("critical", "warning", "info")[i % 3], "team": "team%d" % (i % 20)},
            "annotations": {"summary": "Instance %d of cluster %d answers slowly" % (i, group),
                            "description": "The 99th percentile of the last five minutes is %d ms, more than the 250 ms that "
                                           "were promised. See the runbook for what to do." % (300 + i % 700)},
            "generatorURL": "http://prometheus.example:9090/graph?g0.expr=histogram_quantile%280.99%2C+rate%28latency%5B5m%5D"
                            "%29%29+%3E+0.25&g0.tab=1"})
    return out


def silences(count):
    start = datetime.datetime.now(datetime.timezone.utc)
    out = []
    for i in range(count):
        matchers = [{"name": "cluster", "value": "cluster%d" % i, "isRegex": False, "isEqual": True}]
        if i % 10 == 0:
            matchers = [{"name": "cluster", "value": "cluster%d|cluster%d" % (i, i + 1), "isRegex": True, "isEqual": True}]
        matchers.append({"name": "instance", "value": "10[.]0[.][0-9]*[05][.].*", "isRegex": True, "isEqual": True})
        out.append({"matchers": matchers, "startsAt": start.isoformat(), "createdBy": "bench", "comment": "planned",
                    "endsAt": (start + datetime.timedelta(hours=2)).isoformat()})
    return out


class Server:
    def __init__(self, name, command, port, folder):
        self.name, self.port = name, port
        self.log = open(os.path.join(folder, name + ".log"), "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.connection = None
        wait_for(name, lambda: get("http://127.0.0.1:%d/-/ready" % port))
        self.pid = self.process.pid
        self.idle_memory = self.memory("VmRSS")

    def post(self, path, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        self.connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise AssertionError("%s: %s: %d %s" % (self.name, path, answer.status, text[:200]))

    def cpu(self):
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self, key):
        with open("/proc/%d/status" % self.pid) as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def measure(server, options, counts):
    marks = [("start", server.cpu())]
    for silence in silences(options.silences):
        server.post("/api/v2/silences", json.dumps(silence))
    marks.append(("silences", server.cpu()))
    load = alerts(options.alerts, options.groups)
    before = counts[0]
    begin = time.monotonic()
    sent = 0.0  # how long the sender took
    for turn in range(options.rounds):
        turn_begin = time.monotonic()
        ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=4)).isoformat()
        for first in range(0, len(load), BATCH):
            batch = load[first:first + BATCH]
            for alert in batch:
                alert["endsAt"] = ends
            server.post("/api/v2/alerts", json.dumps(batch))
        sent += time.monotonic() - turn_begin
        if turn == 0:
            marks.append(("first round", server.cpu()))
        time.sleep(max(0.0, begin + (turn + 1) * ROUND_SECONDS - time.monotonic()))
    wait_for("the groups to be told", lambda: counts[0] - before >= options.groups * 0.9, 180)
    marks.append(("the other rounds", server.cpu()))
    steady = server.memory("VmRSS")
    page = get("http://127.0.0.1:%d/metrics" % server.port).decode()
    numbers = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line[:1] != "#"}
    groups = numbers["alertmanager_dispatcher_aggregation_groups"]
    if groups != options.groups:
        raise AssertionError("%s has %d groups" % (server.name, groups))
    suppressed = sum(value for name, value in numbers.items() if name.startswith("alertmanager_notifications_suppressed_total"))
    return {"cpu": marks[-1][1] - marks[0][1], "marks": marks, "idle": server.idle_memory, "steady": steady,
            "peak": server.memory("VmHWM"), "messages": counts[0] - before, "suppressed": suppressed, "sending": sent}


def show(name, result):
    print("%-13s CPU %6.2f s  RSS %6.1f MB (idle %.1f, peak %.1f)  %d messages, %d suppressed, sending took %.1f s"
          % (name, result["cpu"], result["steady"], result["idle"], result["peak"], result["messages"],
             result["suppressed"], result["sending"]), flush=True)
    for (_, before), (mark, after) in zip(result["marks"], result["marks"][1:]):
        print("    %-20s %6.2f s" % (mark, after - before), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", nargs="?", default=os.path.join(ROOT, "build", "release", "server", "meerkat"))
    parser.add_argument("--alertmanager", default=shutil.which("prometheus-alertmanager") or "")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--alerts", type=int, default=50000)
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--silences", type=int, default=1000)
    options = parser.parse_args()

    folder = tempfile.mkdtemp(prefix="meerkat-load-")
    webhook = free_port()
    counts = multiprocessing.Array("q", [0, 0])
    receiver = multiprocessing.Process(target=sink, args=(webhook, counts), daemon=True)
    receiver.start()
    config = os.path.join(folder, "alertmanager.yml")
    with open(config, "w") as file:
        file.write(configuration(webhook, options.rules))
    with open(os.path.join(folder, "prometheus.yml"), "w") as file:
        file.write("global: {}\n")

    def meerkat(port):
        return [options.binary, "--config.file=" + os.path.join(folder, "prometheus.yml"),
                "--alertmanager.config.file=" + config, "--storage.tsdb.path=" + os.path.join(folder, "meerkat"),
                "--web.listen-address=127.0.0.1:%d" % free_port(), "--alertmanager.listen-address=127.0.0.1:%d" % port]

    def alertmanager(port):
        return [options.alertmanager, "--config.file=" + config, "--storage.path=" + os.path.join(folder, "alertmanager"),
                "--web.listen-address=127.0.0.1:%d" % port, "--cluster.listen-address="]

    results = {}
    servers = [("meerkat", meerkat)] + ([("alertmanager", alertmanager)] if options.alertmanager else [])
    try:
        for name, command in servers:
            port = free_port()
            server = Server(name, command(port), port, folder)
            try:
                results[name] = measure(server, options, counts)
                show(name, results[name])
            finally:
                server.stop()
    finally:
        receiver.terminate()
        if results.keys() == dict(servers).keys():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print("logs are in " + folder)
    if len(results) == 2:
        ours, theirs = results["meerkat"], results["alertmanager"]
        print("meerkat / alertmanager: CPU %.2f, RSS %.2f, peak %.2f"
              % (ours["cpu"] / theirs["cpu"], ours["steady"] / theirs["steady"], ours["peak"] / theirs["peak"]))


if __name__ == "__main__":
    main()
