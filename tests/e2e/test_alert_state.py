#!/usr/bin/env python3
"""What the alert manager remembers over kill -9: alerts, silences, acknowledgements, who was told, and the history of it
all. Also: a rule tried over stored history, by command and by API."""
import datetime
import json
import os
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness import PATIENCE, Meerkat, Webhook, becomes, get, get_json, script, wait_for

PROMETHEUS_YML = """
global: {evaluation_interval: 1s, scrape_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
- job_name: self
  static_configs: [{targets: ['127.0.0.1:1']}]
"""
RULES_YML = """
groups:
- name: g
  rules:
  - alert: TargetDown
    expr: up == 0
    for: 2s
    labels: {severity: page}
    annotations: {summary: '{{ $labels.instance }} is down'}
"""
ALERTMANAGER_YML = """
route: {receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: team
  webhook_configs: [{url: 'http://127.0.0.1:%d/'}]
"""


class Scene:
    def __init__(self, binary, checks):
        self.binary, self.folder, self.hook = binary, checks.folder, Webhook()
        for name, text in (("prometheus.yml", PROMETHEUS_YML), ("rules.yml", RULES_YML),
                           ("alertmanager.yml", ALERTMANAGER_YML % self.hook.port)):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        self.server = Meerkat(binary, self.folder, ["--config.file=prometheus.yml", "--alertmanager.config.file=alertmanager.yml"])
        checks.own(self.server.program)
        self.api = self.server.alertmanager_url + "/api/v2"

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.api + path, None if body is None else json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or b"null")

    def post(self, name, ends=None):
        alert = {"labels": {"alertname": name, "instance": "a"}}
        if ends is not None:
            alert["endsAt"] = ends.isoformat()
        self.ask("POST", "/alerts", [alert])

    def alert(self, name):
        return [a for a in self.ask("GET", "/alerts") if a["labels"]["alertname"] == name][0]

    def kill(self):
        self.server.program.process.send_signal(signal.SIGKILL)
        self.server.program.process.wait()
        self.server.restart()
        wait_for("the alert manager", lambda: get(self.server.alertmanager_url + "/-/ready"))

    # The steps, in order.

    def acknowledges(self):
        self.post("Broken")
        self.post("Other")
        wait_for("both notices", lambda: self.hook.alerts("Broken", "firing") and self.hook.alerts("Other", "firing"))
        path = "/alert/%s/acknowledge" % self.alert("Broken")["fingerprint"]
        self.silence = self.ask("POST", path, {"createdBy": "me", "comment": "on it"})["silenceID"]
        becomes("the acknowledged alert", lambda: self.alert("Broken")["status"], {"inhibitedBy": [], "mutedBy": [], "silencedBy": [self.silence],
                                                                                   "state": "suppressed"})
        becomes("the other", lambda: self.alert("Other")["status"]["state"], "active")

    def survives(self):
        before = self.ask("GET", "/history")
        told = len(self.hook.bodies)
        self.kill()
        becomes("the silenced alert", lambda: self.alert("Broken")["status"]["silencedBy"], [self.silence])
        assert self.ask("GET", "/silence/" + self.silence)["status"]["state"] == "active"
        after = self.ask("GET", "/history")
        assert after[:len(before)] == before and len(before) >= 4, after
        assert {"firing", "notified"} <= {event["event"] for event in before}, before
        # Two more flushes bring no repetition.
        flushes = "alertmanager_nflog_queries_total"
        wait_for("two flushes", lambda: self.metric(flushes) >= 2)
        assert [b for b in self.hook.bodies[told:] if b["alerts"][0]["labels"]["alertname"] in ("Broken", "Other")] == []

    def metric(self, name):
        page = get(self.server.alertmanager_url + "/metrics").decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.split("{")[0].split(" ")[0] == name)

    def ends_with_its_alert(self):
        self.post("Broken", datetime.datetime.now(datetime.timezone.utc))
        wait_for("the acknowledgement to end", lambda: self.ask("GET", "/silence/" + self.silence)["status"]["state"] == "expired")
        self.kill()
        assert self.ask("GET", "/silence/" + self.silence)["status"]["state"] == "expired"
        assert [e["event"] for e in self.ask("GET", "/history") if e["labels"].get("alertname") == "Broken"][0] == "firing"

    def tries_a_rule(self):
        wait_for("TargetDown to fire", lambda: self.hook.alerts("TargetDown", "firing"))
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=2)
        query = urllib.parse.urlencode({"rule": "TargetDown", "start": start.timestamp()})
        data = get_json(self.server.url + "/api/v1/rules/backtest?" + query)["data"]
        assert len(data["instances"]) == 1, data
        instance = data["instances"][0]
        assert instance["labels"]["instance"] == "127.0.0.1:1" and instance["annotations"]["summary"] == "127.0.0.1:1 is down"
        assert [phase["state"] for phase in instance["phases"]][:2] == ["pending", "firing"], instance
        first = data["notifications"][0]
        assert (first["receiver"], first["integration"], first["firing"]) == ("team", "webhook[0]", [0]), first
        rule = os.path.join(self.folder, "one.yml")
        with open(rule, "w") as file:
            file.write("alert: Never\nexpr: up == 2\n")
        run = subprocess.run([self.binary, "rules", "backtest", "--url", self.server.url, "--file", rule, "--start",
                              start.isoformat()], capture_output=True, text=True)
        assert run.returncode == 0 and "never have been pending" in run.stdout, run
        run = subprocess.run([self.binary, "rules", "backtest", "--url", self.server.url, "--rule", "TargetDown"],
                             capture_output=True, text=True)
        assert run.returncode == 0 and "team/webhook[0]" in run.stdout and "firing" in run.stdout, run
        run = subprocess.run([self.binary, "rules", "backtest", "--url", self.server.url, "--rule", "Nobody"],
                             capture_output=True, text=True)
        assert run.returncode == 1 and 'no alerting rule "Nobody"' in run.stderr, run


def main(checks, options):
    scene = Scene(options.server, checks)
    steps = [("an acknowledged alert is silent", scene.acknowledges),
             ("kill -9 forgets no alert, silence or event and repeats no notice", scene.survives),
             ("the acknowledgement ends with its alert", scene.ends_with_its_alert),
             ("a rule is tried over history", scene.tries_a_rule)]
    checks.run_all(steps, stop=True)


if __name__ == "__main__":
    script(main, __doc__)
