#!/usr/bin/env python3
"""The whole road on real input: a node_exporter and a Flask application are scraped, an alert fires and reaches a
webhook and a mailbox, the application dies and comes back, the server is killed and starts again."""
import email
import os
import shutil
import subprocess
import threading
import urllib.request

from harness import Meerkat, Program, ROOT, Webhook, becomes, free_port, get, get_json, script, wait_for

PROMETHEUS_YML = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [rules.yml]
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['127.0.0.1:{node}'], labels: {{service: host}}}}]
  - job_name: flask
    file_sd_configs: [{{files: [targets.json], refresh_interval: 1s}}]
"""

RULES_YML = """
groups:
  - name: e2e
    interval: 1s
    rules:
      - record: job:requests:sum
        expr: sum by (job) (flask_app_requests_total)
      - alert: HighRequestVolume
        expr: flask_app_requests_total >= 520
        for: 3s
        labels: {severity: warning}
        annotations:
          summary: '{{ $labels.endpoint }} served {{ $value | humanize }} requests'
      - alert: InstanceDown
        expr: up{job="flask"} == 0
        for: 4s  # one late answer is no death
        labels: {severity: critical}
        annotations:
          summary: '{{ $labels.instance }} is down'
      - alert: AppSlow
        expr: up{job="flask"} == 0
        for: 6s
        labels: {severity: warning}
"""

ALERTMANAGER_YML = """
global:
  smtp_smarthost: 127.0.0.1:{smtp}
  smtp_from: meerkat@example.org
  smtp_auth_username: meerkat
  smtp_auth_password: correct horse
  smtp_require_tls: true
  smtp_tls_config: {{insecure_skip_verify: true}}
route:
  receiver: team
  group_by: [alertname]
  group_wait: 500ms
  group_interval: 1s
  repeat_interval: 1h
inhibit_rules:
  - source_matchers: ['severity="critical"']
    target_matchers: ['severity="warning"']
    equal: [service]
receivers:
  - name: team
    webhook_configs: [{{url: 'http://127.0.0.1:{hook}/'}}]
    email_configs: [{{to: 'oncall@example.org', send_resolved: true, text: 'plain {{{{ .CommonLabels.alertname }}}}'}}]
"""

# Asked of meerkat and of a real Prometheus that scrapes the same targets; counters that move are left out.
COMPARED = [
    "count(node_cpu_seconds_total)",
    "sum by (mode) (node_cpu_seconds_total * 0)",
    "node_uname_info * 0 + 1",
    "count by (__name__) ({job='node', __name__=~'node_memory_.*'})",
    "sum(flask_app_requests_total)",
    "flask_app_requests_total{endpoint='/'} > bool 500",
    "histogram_quantile(0.95, flask_http_request_duration_seconds_bucket)",
    "label_replace(up, 'port', '$1', 'instance', '.*:(.*)') * on (job) group_left count by (job) (up)",
    "topk(1, flask_app_requests_total)",
    "absent(no_such_metric{a='b'})",
]


class Scene:
    def __init__(self, binary, checks):
        folder = checks.folder
        self.checks, self.folder = checks, folder
        self.node_port, self.app_port, self.smtp_port = free_port(), free_port(), free_port()
        self.mail = os.path.join(folder, "mail")
        os.mkdir(self.mail)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
        self.hook = Webhook()
        checks.own(Program("node_exporter", ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:%d" % self.node_port], folder))
        self.start_app()
        checks.own(Program("smtp", ["/usr/bin/python3", os.path.join(ROOT, "tests/e2e/mail_server.py"), str(self.smtp_port),
                                    self.mail, "cert.pem", "key.pem"], folder))
        self.write("prometheus.yml", PROMETHEUS_YML.format(node=self.node_port))
        self.write("targets.json", '[{"targets": ["127.0.0.1:%d"], "labels": {"service": "app"}}]' % self.app_port)
        self.write("rules.yml", RULES_YML)
        self.write("alertmanager.yml", ALERTMANAGER_YML.format(smtp=self.smtp_port, hook=self.hook.port))
        self.server = Meerkat(binary, folder, ["--config.file=prometheus.yml", "--alertmanager.config.file=alertmanager.yml",
                                               "--rules.alert.resend-delay=1s"])
        checks.own(self.server.program)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def start_app(self):
        self.app = self.checks.own(Program("flask", ["/usr/bin/python3", os.path.join(ROOT, "tests/e2e/flask_app.py"),
                                                     str(self.app_port)], self.folder))
        wait_for("the application", lambda: get("http://127.0.0.1:%d/metrics" % self.app_port))

    def load(self, requests):
        def hammer():
            for _ in range(requests // 4):
                get("http://127.0.0.1:%d/" % self.app_port)
        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def mails(self, word):
        found = []
        for name in sorted(os.listdir(self.mail)):
            if name.endswith(".eml"):
                with open(os.path.join(self.mail, name), "rb") as file:
                    message = email.message_from_binary_file(file)
                if word in message["Subject"]:
                    found.append(message)
        return found

    # The steps, in order.

    def scrapes(self):
        wait_for("both targets to be up", lambda: len([r for r in self.server.query("up == 1")]) == 2)
        becomes("their health", lambda: {t["health"] for t in get_json(self.server.url + "/api/v1/targets")["data"]["activeTargets"]}, {"up"})
        wait_for("a rate", lambda: self.server.query("rate(node_cpu_seconds_total[10s])"))

    def fires(self):
        self.load(520)
        wait_for("HighRequestVolume on the webhook", lambda: self.hook.alerts("HighRequestVolume", "firing"))
        alert = self.hook.alerts("HighRequestVolume", "firing")[0]
        assert alert["labels"]["endpoint"] == "/", alert
        assert alert["annotations"]["summary"] == "/ served 520 requests", alert
        assert self.hook.bodies[0]["version"] == "4"

    def mails_it(self):
        message = wait_for("the mail", lambda: self.mails("HighRequestVolume"))[0]
        assert message["X-Test-Tls"] == "True" and message["X-Test-To"] == "oncall@example.org"
        kinds = [part.get_content_type() for part in message.walk()]
        assert kinds == ["multipart/alternative", "text/plain", "text/html"], kinds
        assert "plain HighRequestVolume" in message.get_payload(0).get_payload(decode=True).decode()

    def records(self):
        becomes("what the rule records", lambda: self.server.value("job:requests:sum"), 520)
        wait_for("the alert's series", lambda: self.server.query('ALERTS{alertname="HighRequestVolume",alertstate="firing"}'))

    def agrees_with_prometheus(self):
        port = free_port()
        prometheus = self.checks.own(Program("prometheus", [
            shutil.which("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus-data",
            "--web.listen-address=127.0.0.1:%d" % port], self.folder))
        url = "http://127.0.0.1:%d/api/v1/query?query=" % port

        def ask(query):
            return get_json(url + urllib.request.quote(query))["data"]["result"]
        wait_for("prometheus to scrape both", lambda: len(ask("up == 1")) == 2)
        wait_for("prometheus to see all requests", lambda: ask("sum(flask_app_requests_total) == 520"))

        def plain(result):
            return sorted((sorted(row["metric"].items()), row["value"][1]) for row in result)
        for query in COMPARED:
            becomes(query, lambda text=query: (plain(self.server.query(text)), plain(ask(text))), lambda both: both[0] == both[1] and both[0])
        prometheus.stop()

    def survives_kill(self):
        before = self.server.value("count({job=~'.+'})")
        first = self.server.query("min_over_time(timestamp(up{job='node'})[1h:1s])")[0]["value"][1]
        samples = self.server.query("up{job='node'}[1h]")[0]["values"]
        self.server.program.kill()
        sent = len(self.hook.bodies)
        self.server.restart()
        after = self.server.query("up{job='node'}[1h]")[0]["values"]
        assert after[:len(samples)] == samples, "lost samples: %d before, %d after" % (len(samples), len(after))
        wait_for("all series to go on", lambda: self.server.value("count({job=~'.+'})") >= before)
        assert self.server.query("min_over_time(timestamp(up{job='node'})[1h:1s])")[0]["value"][1] == first
        wait_for("rules to run again", lambda: self.server.query('ALERTS{alertname="HighRequestVolume",alertstate="firing"}'))
        wait_for("the alert to be known", lambda: get_json(self.server.alertmanager_url + "/api/v2/alerts"))
        # Two group intervals more: a second notice would have come by now.
        newest = self.server.query("timestamp(up{job='node'})")[0]["value"][1]
        wait_for("3 more scrapes", lambda: float(self.server.query("timestamp(up{job='node'})")[0]["value"][1]) > float(newest) + 3)
        assert len(self.hook.bodies) == sent, self.hook.bodies[sent:]
        assert len(self.mails("HighRequestVolume")) == 1

    def notices_death(self):
        self.app.kill()
        wait_for("InstanceDown", lambda: self.hook.alerts("InstanceDown", "firing"))
        wait_for("AppSlow to fire", lambda: self.server.query('ALERTS{alertname="AppSlow",alertstate="firing"}'))
        inhibited = wait_for("AppSlow to be inhibited", lambda: [
            alert for alert in get_json(self.server.alertmanager_url + "/api/v2/alerts")
            if alert["labels"]["alertname"] == "AppSlow" and alert["status"]["inhibitedBy"]])
        assert inhibited[0]["status"]["state"] == "suppressed"
        assert not self.hook.alerts("AppSlow", "firing")

    def notices_return(self):
        self.start_app()
        wait_for("the resolved notice", lambda: self.hook.alerts("InstanceDown", "resolved"))
        wait_for("the resolved mail", lambda: [m for m in self.mails("InstanceDown") if "RESOLVED" in m["Subject"]])
        assert len(self.hook.alerts("InstanceDown", "firing")) == 1
        assert not self.hook.alerts("AppSlow", "firing")

    def stops(self):
        code = self.server.program.stop()
        assert code == 0, "exit code %s" % code


def main(checks, options):
    scene = Scene(options.server, checks)
    steps = [("real exporters are scraped", scene.scrapes), ("load makes HighRequestVolume fire on the webhook", scene.fires),
             ("and in the mailbox, by STARTTLS and AUTH", scene.mails_it), ("rules record", scene.records)]
    if shutil.which("prometheus"):
        steps.append(("a real Prometheus gives the same answers", scene.agrees_with_prometheus))
    else:
        checks.skip("a real Prometheus gives the same answers", "no prometheus in PATH")
    steps += [("kill -9 loses no sample and repeats no notice", scene.survives_kill),
              ("a dead application fires, its warning is inhibited", scene.notices_death),
              ("it comes back: resolved", scene.notices_return), ("SIGTERM ends it cleanly", scene.stops)]
    checks.run_all(steps, stop=True)


if __name__ == "__main__":
    script(main, __doc__)
