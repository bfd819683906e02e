#!/usr/bin/env python3
"""How the server starts: the embedded defaults, the example configurations, and one clear line for each refusal."""
import os
import shutil
import socket
import subprocess

from harness import PATIENCE, Meerkat, Program, ROOT, free_port, get, get_json, script, wait_for


class Starts:
    def __init__(self, binary, checks):
        self.binary, self.checks, self.folder = binary, checks, checks.folder

    def refusal(self, *flags, cwd=None):
        """The one line a start that must fail prints, and its exit code."""
        done = subprocess.run([self.binary, *flags], cwd=cwd or self.folder, capture_output=True, timeout=PATIENCE)
        lines = [line for line in done.stderr.decode().splitlines() if line.strip()]
        return done.returncode, lines

    def ports(self):
        return ["--web.listen-address=127.0.0.1:%d" % free_port(), "--alertmanager.listen-address="]

    def defaults(self):
        server = Meerkat(self.binary, self.folder, [])
        self.checks.own(server.program)
        wait_for("itself and this host to be up", lambda: len(server.query("up == 1")) == 2)
        jobs = {row["metric"]["job"] for row in server.query("up")}
        assert jobs == {"prometheus", "node"}, jobs
        for metric in ("node_cpu_seconds_total", "node_memory_MemTotal_bytes", "node_load1", "node_filesystem_size_bytes",
                       "node_network_receive_bytes_total", "node_uname_info", "node_boot_time_seconds", "node_time_seconds"):
            wait_for(metric, lambda name=metric: server.query(name))
        wait_for("its own metrics", lambda: server.query("prometheus_tsdb_head_series > 0"))
        groups = get_json(server.url + "/api/v1/rules")["data"]["groups"]
        assert any(rule["name"] == "InstanceDown" for group in groups for rule in group["rules"]), groups
        boards = get_json(server.url + "/api/v1/dashboards")["data"]
        assert [board["title"] for board in boards] == ["This host"], boards
        board = get_json(server.url + "/api/v1/dashboards/" + boards[0]["uid"])["data"]["dashboard"]
        assert board["panels"], board
        assert b"<title>meerkat" in get(server.url + "/query")

        code, lines = self.refusal("--storage.tsdb.path=" + os.path.join(self.folder, "data"), *self.ports())
        assert code != 0 and len(lines) == 1 and "lock" in lines[0], lines
        code, lines = self.refusal("--storage.tsdb.path=other", "--web.listen-address=127.0.0.1:%d" % server.port,
                                   "--alertmanager.listen-address=")
        assert code != 0 and len(lines) == 1 and "in use" in lines[0], lines
        assert server.program.stop() == 0

    def flags(self):
        code, lines = self.refusal("--storage.tsdb.pth=x")
        assert code != 0 and len(lines) == 1 and "--storage.tsdb.path" in lines[0], lines
        code, lines = self.refusal("--query.timeout=soon", *self.ports())
        assert code != 0 and len(lines) == 1 and "query.timeout" in lines[0], lines
        for flag, word in (("--help", "--storage.tsdb.path"), ("--version", "meerkat, version")):
            done = subprocess.run([self.binary, flag], capture_output=True, timeout=PATIENCE)
            assert done.returncode == 0 and word in done.stdout.decode(), done

    def bad_configuration(self):
        with open(os.path.join(self.folder, "bad.yml"), "w") as file:
            file.write("global:\n  scrape_intervall: 15s\n")
        code, lines = self.refusal("--config.file=bad.yml", "--storage.tsdb.path=bad-data", *self.ports())
        assert code != 0 and any("bad.yml:2:3" in line and "scrape_interval" in line for line in lines), lines

    def unwritable(self):
        with open(os.path.join(self.folder, "a-file"), "w"):
            pass
        code, lines = self.refusal("--storage.tsdb.path=a-file", *self.ports())
        assert code != 0 and len(lines) == 1 and "a-file" in lines[0], lines

    def busy_default_port(self):
        with socket.socket() as busy:
            busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                busy.bind(("0.0.0.0", 9093))
                busy.listen()
            except OSError:
                pass  # somebody else holds it: as good
            port = free_port()
            program = self.checks.own(Program("busy", [self.binary, "--storage.tsdb.path=busy-data",
                                                       "--web.listen-address=127.0.0.1:%d" % port], self.folder))
            wait_for("the server to be ready", lambda: get("http://127.0.0.1:%d/-/ready" % port))
            assert get_json("http://127.0.0.1:%d/api/v2/status" % port)["versionInfo"]["version"]
            with open(program.log) as log:
                assert [line for line in log if "9093" in line and "WARN" in line]
            assert program.stop() == 0

    def examples(self):
        target = os.path.join(self.folder, "configs")
        shutil.copytree(os.path.join(ROOT, "configs"), target)
        os.mkdir(os.path.join(target, "secrets"))
        for name in ("smtp_password", "slack_url", "pagerduty_key"):
            with open(os.path.join(target, "secrets", name), "w") as file:
                file.write("http://127.0.0.1:1/")
        for command in (["check", "config", "prometheus.yml"], ["check", "rules", "alert.rules.yml"],
                        ["check", "alertmanager", "alertmanager.yml"]):
            done = subprocess.run([self.binary, *command], cwd=target, capture_output=True, timeout=PATIENCE)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        server = Meerkat(self.binary, target, ["--config.file=prometheus.yml", "--alertmanager.config.file=alertmanager.yml",
                                               "--dashboards.path=dashboards"])
        self.checks.own(server.program)
        titles = {board["title"] for board in get_json(server.url + "/api/v1/dashboards")["data"]}
        assert {"Flask application", "Application overview", "Celery workers", "Infrastructure"} <= titles, titles
        pools = get_json(server.url + "/api/v1/scrape_pools")["data"]["scrapePools"]
        assert sorted(pools) == ["celery", "flask", "node", "postgresql", "prometheus", "redis"], pools
        receivers = {receiver["name"] for receiver in get_json(server.alertmanager_url + "/api/v2/receivers")}
        assert receivers == {"critical", "warning", "team"}, receivers
        # Every expression of the dashboards is one the server can evaluate.
        for name in os.listdir(os.path.join(target, "dashboards")):
            uid = {"flask.json": "meerkat-flask", "overview.json": "meerkat-overview", "celery.json": "meerkat-celery",
                   "infrastructure.json": "meerkat-infrastructure"}[name]
            board = get_json(server.url + "/api/v1/dashboards/" + uid)["data"]["dashboard"]
            for panel in board["panels"]:
                for query in panel.get("targets", []):
                    text = query["expr"].replace("$__rate_interval", "1m")
                    text = text.replace("$instance", ".*").replace("$worker", ".*").replace("$service", ".*")
                    server.query(text)
        assert server.program.stop() == 0


def main(checks, options):
    starts = Starts(options.server, checks)
    checks.run("without a configuration it watches itself and this host", starts.defaults)
    checks.run("bad flags are refused in one line", starts.flags)
    checks.run("a bad configuration is refused with its place", starts.bad_configuration)
    checks.run("an unusable data folder is refused in one line", starts.unwritable)
    checks.run("a busy :9093 is a warning only", starts.busy_default_port)
    checks.run("the examples in configs/ load as they are", starts.examples)


if __name__ == "__main__":
    script(main, __doc__)
