#!/usr/bin/env python3
"""What answering costs, beside a Prometheus when one is there: small instant queries by wrk while the server scrapes, and a
range query of 10,000 series taken while it is written. CPU is the whole process's, scraping alone taken off."""
import argparse
import http.client
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Checks, Program, free_port, get, get_json, peer, wait_for  # noqa: E402

CONFIG = """global: {scrape_interval: 1s}
scrape_configs:
"""
JOB = """- job_name: self{n}
  static_configs: [{{targets: ['127.0.0.1:{port}'], labels: {{copy: '{n}'}}}}]
"""
SERIES = 10_000


class Subject:
    def __init__(self, name, binary, folder, flags):
        self.name, self.port = name, free_port()
        config = os.path.join(folder, name + ".yml")
        with open(config, "w") as file:
            file.write(CONFIG + "".join(JOB.format(n=n, port=self.port) for n in range(20)))
        self.program = Program(name, [binary, "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(folder, name),
                                      "--web.listen-address=127.0.0.1:%d" % self.port, "--web.enable-remote-write-receiver", *flags], folder)
        self.url = "http://127.0.0.1:%d" % self.port
        wait_for(name, lambda: get(self.url + "/-/ready"))

    def cpu(self):
        with open("/proc/%d/stat" % self.program.process.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self, what):
        with open("/proc/%d/status" % self.program.process.pid) as status:
            return int(re.search(what + r":\s+(\d+)", status.read()).group(1)) / 1024

    def small_queries(self, seconds, connections):
        wait_for("scrapes", lambda: get_json(self.url + "/api/v1/query?query=count_over_time(up%5B1m%5D)")["data"]["result"])
        before = self.cpu()
        time.sleep(seconds)
        scraping = (self.cpu() - before) / seconds
        query = urllib.parse.urlencode({"query": 'sum by (copy) (prometheus_http_requests_total{handler="/metrics"})'})
        before, began = self.cpu(), time.monotonic()
        done = subprocess.run(["wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--latency", self.url + "/api/v1/query?" + query],
                              capture_output=True, check=True).stdout.decode()
        used, took = self.cpu() - before, time.monotonic() - began
        requests = int(re.search(r"(\d+) requests in", done).group(1))
        slow = re.search(r"99%\s+(\S+)", done).group(1)
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
        micros = (used - scraping * took) / requests * 1e6
        print("%-11s %7d requests, %6.0f us of CPU each, 99%% within %s, scraping alone %.1f %% of a core%s"
              % (self.name, requests, micros, slow, scraping * 100, ", WRONG: " + wrong.group(1) if wrong else ""), flush=True)
        return micros

    def fill(self, tool):
        page = "".join('wide{series="%05d",instance="a.host.of.some.length:9100",job="wide"} %d.25\n' % (n, n) for n in range(SERIES))
        subprocess.run([tool, "push", "metrics", self.url + "/api/v1/write"], input=page.encode(), check=True, capture_output=True)

    def wide_range(self):
        now = int(time.time())
        query = urllib.parse.urlencode({"query": "wide", "start": now, "end": now + 240, "step": 1})
        with open("/proc/%d/clear_refs" % self.program.process.pid, "w") as peak:
            peak.write("5")  # the peak counts from here
        base, before = self.resident("VmRSS"), self.cpu()
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        began = time.monotonic()
        client.request("GET", "/api/v1/query_range?" + query)
        answer = client.getresponse()
        answer.read(1)
        first, size = time.monotonic() - began, 1
        while piece := answer.read(1 << 20):
            size += len(piece)
        print("%-11s %d series, %.0f MB: first byte after %.0f ms, %.2f s of CPU, resident %.0f MB before, at most %.0f MB more"
              % (self.name, SERIES, size / 1e6, first * 1e3, self.cpu() - before, base, self.resident("VmHWM") - base), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    binary = os.path.abspath(options.server)
    if shutil.which("wrk") is None:
        sys.exit("wrk is not there (apt-get install wrk)")
    checks = Checks()
    subjects = [("meerkat", binary, ["--alertmanager.listen-address="])]
    if peer("prometheus"):
        subjects.append(("prometheus", peer("prometheus"), []))
    costs = {}
    try:
        for name, program, flags in subjects:
            subject = Subject(name, program, checks.folder, flags)
            checks.own(subject.program)
            costs[name] = subject.small_queries(options.seconds, options.connections)
            subject.fill(binary)
            subject.wide_range()
            subject.program.stop()
        if len(costs) == 2:
            print("meerkat takes %.2f of Prometheus's CPU for a small query" % (costs["meerkat"] / costs["prometheus"]))
    finally:
        checks.finish()


if __name__ == "__main__":
    main()
