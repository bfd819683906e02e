#!/usr/bin/env python3
"""Many targets, scraped by several servers at the same time so that all meet the same noise. For each server: CPU seconds per
million samples, memory, scrapes that are missing, and how late scrapes are against their own schedule.

    python3 tests/bench/targets_bench.py --exporter EXPORTER --mix MIX --targets 5000 --series 100 --interval 5 \\
        meerkat=build/release/server/meerkat prometheus=/usr/bin/prometheus

EXPORTER is the target generator of ../shared/bench (g++ -O2 -std=c++20 -pthread exporter.cpp), MIX one of its mixes. The lateness
of a sample is how far its time lies behind the earliest phase its target had in the measured window; times are not aligned to
the schedule for this (--no-scrape.adjust-timestamps for both)."""
import argparse
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_row(count):
    """The first of `count` free ports in a row."""
    while True:
        first = free_port()
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except (OSError, OverflowError):
            continue


def cpu(pid):
    return time.clock_gettime((~pid << 3) | 2)


def io_thread_cpu(pid):
    """Seconds, to 10 ms, of meerkat's I/O thread; 0 for servers without one."""
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/stat" % (pid, task)) as stat:
            name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
        if name == "io":
            fields = rest.split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def memory(pid, field):
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def wait_ready(url, process=None, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > end or (process and process.poll() is not None):
                raise
            time.sleep(0.2)


class Server:
    def __init__(self, name, binary, folder, scraped_port, options):
        self.name, self.port = name, free_port()
        config = os.path.join(folder, name + ".yml")
        with open(config, "w") as file:
            file.write("scrape_configs:\n- job_name: bench\n  scrape_interval: %ds\n  scrape_timeout: %ds\n  static_configs:\n"
                       % (options.interval, options.interval))
            for i in range(options.targets):
                file.write('  - targets: ["127.0.0.1:%d"]\n    labels: {__metrics_path__: "/t/%d", instance: "node-%05d"}\n' % (scraped_port, i, i))
        command = [binary, "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(folder, name), "--no-scrape.adjust-timestamps",
                   "--web.listen-address=127.0.0.1:%d" % self.port] + (["--alertmanager.listen-address="] if name.startswith("meerkat") else [])
        self.log = open(os.path.join(folder, name + ".log"), "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        wait_ready("http://127.0.0.1:%d/-/ready" % self.port, self.process)

    def query(self, text, at):
        return get("http://127.0.0.1:%d/api/v1/query?%s" % (self.port, urllib.parse.urlencode({"query": text, "time": at})))["data"]["result"]

    def lateness(self, began, ended, interval):
        """Milliseconds, of every scrape in the window, and how many there are."""
        late, count = [], 0
        for row in self.query("up[%dms]" % ((ended - began) * 1000), ended):
            times = [round(stamp * 1000) for stamp, value in row["values"] if value == "1"]
            if not times:
                continue
            count += len(times)
            phases = [stamp - times[0] for stamp in times]
            phases = [(phase + interval * 500) % (interval * 1000) - interval * 500 for phase in phases]
            late += [phase - min(phases) for phase in phases]
        return sorted(late), count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--mix", required=True)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--interval", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=15)
    parser.add_argument("--measure", type=int, default=30)
    parser.add_argument("servers", nargs="+", help="name=binary")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="meerkat-targets-")
    programs = []
    try:
        first = free_row(len(options.servers))
        exporter = subprocess.Popen([options.exporter, "serve", "--port", str(first), "--nports", str(len(options.servers)), "--mix", options.mix,
                                     "--targets", str(options.targets), "--series", str(options.series)], stdout=subprocess.DEVNULL)
        programs.append(exporter)
        wait_ready("http://127.0.0.1:%d/t/0" % first)
        servers = []
        for i, text in enumerate(options.servers):
            name, binary = text.split("=", 1)
            servers.append(Server(name, binary, folder, first + i, options))
            programs.append(servers[-1].process)
        time.sleep(options.warmup)
        def clocks():
            return [(cpu(server.process.pid), io_thread_cpu(server.process.pid)) for server in servers]
        began, before = time.time(), clocks()
        time.sleep(options.measure)
        ended, after = time.time(), clocks()
        print("%d targets of %d series every %d s, %d s; load %.1f, exporter %.2f cores" % (
            options.targets, options.series, options.interval, options.measure, os.getloadavg()[0], cpu(exporter.pid) / (time.time() - began + options.warmup)))
        print("| server | CPU s per million samples | cores | of them the I/O thread | RSS MiB | scrapes missing | late p50 / p99 / max, ms |")
        print("|---|---|---|---|---|---|---|")
        for server, (start, io_start), (end, io_end) in zip(servers, before, after):
            late, count = server.lateness(began, ended, options.interval)
            expected = options.targets * (ended - began) / options.interval
            pick = [late[min(len(late) - 1, int(len(late) * share))] if late else -1 for share in (0.5, 0.99, 1)]
            print("| %s | %.2f | %.3f | %.3f | %.0f | %.2f %% | %d / %d / %d |" % (
                server.name, (end - start) / max(1, count * options.series) * 1e6, (end - start) / (ended - began),
                (io_end - io_start) / (ended - began), memory(server.process.pid, "VmRSS"),
                max(0.0, 100 * (1 - count / expected)), *pick), flush=True)
    finally:
        for program in programs:
            program.kill()
            program.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
