#!/usr/bin/env python3
"""Mail through real SMTP servers: implicit TLS and STARTTLS, each way to log in, what the message looks like to a mail
reader, and what happens to servers that cannot be trusted. Chromium, when there is one, draws the HTML part."""
import datetime
import email
import email.policy
import email.utils
import json
import os
import re
import shutil
import subprocess
import urllib.request

from harness import PATIENCE, ROOT, Meerkat, Program, free_port, get, script, wait_for

# name: arguments of the mail server, keys of the receiver
SERVERS = {
    "starttls-plain": (["--mechanism", "PLAIN"], ""),
    "starttls-login": (["--mechanism", "LOGIN"], ""),
    "starttls-cram": (["--mechanism", "CRAM-MD5"], "auth_secret: correct horse"),
    "implicit-plain": (["--implicit-tls", "--mechanism", "PLAIN"], "force_implicit_tls: true"),
    "implicit-any": (["--implicit-tls"], "force_implicit_tls: true"),
    "wrong-password": (["--mechanism", "PLAIN"], "auth_password: battery staple"),
    "untrusted": (["--mechanism", "PLAIN"], "tls_config: {}"),
    "no-starttls": (["--no-starttls"], ""),
}
REFUSED = ("wrong-password", "untrusted", "no-starttls")

ALERTMANAGER_YML = """
global:
  smtp_from: 'Meerkat Watch <meerkat@example.org>'
  smtp_hello: mail.example.org
  smtp_auth_username: meerkat
  smtp_auth_password: correct horse
  smtp_tls_config: {insecure_skip_verify: true}
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  routes: [%s]
receivers:
- name: nobody
%s
"""
RECEIVER_YML = """- name: %s
  email_configs:
  - to: 'oncall@example.org, "Boss, The" <boss@example.org>'
    smarthost: 127.0.0.1:%d
    send_resolved: true
    text: "{{ .CommonAnnotations.summary }}\\n.a line that begins with a dot\\n{{ .CommonLabels.long }}\\n"
    headers: {X-Team: 'Grüße {{ .CommonLabels.alertname }}'}
    threading: {enabled: true, thread_by_date: daily}
    %s
"""
LABELS = {"alertname": "Überhitzung", "severity": "critical", "instance": "<b>web&1</b>", "long": "x" * 200}
SUMMARY = "Der Prozessor ist heiß = 98°C"


class Scene:
    def __init__(self, binary, checks):
        self.folder = checks.folder
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-keyout", "key.pem", "-out", "cert.pem"], cwd=self.folder, check=True, capture_output=True)
        routes, receivers = [], []
        for name, (arguments, keys) in SERVERS.items():
            port = free_port()
            os.mkdir(os.path.join(self.folder, name))
            checks.own(Program("smtp-" + name, ["/usr/bin/python3", os.path.join(ROOT, "tests/e2e/mail_server.py"), str(port),
                                                os.path.join(self.folder, name), "cert.pem", "key.pem"] + arguments, self.folder))
            routes.append("{receiver: %s, continue: true}" % name)
            receivers.append(RECEIVER_YML % (name, port, keys))
        with open(os.path.join(self.folder, "alertmanager.yml"), "w") as file:
            file.write(ALERTMANAGER_YML % (", ".join(routes), "".join(receivers)))
        with open(os.path.join(self.folder, "prometheus.yml"), "w") as file:
            file.write("global: {}\n")
        self.server = Meerkat(binary, self.folder, ["--config.file=prometheus.yml",
                                                    "--alertmanager.config.file=alertmanager.yml"])
        checks.own(self.server.program)

    def post(self, ends=None):
        alert = {"labels": LABELS, "annotations": {"summary": SUMMARY}, "generatorURL": "http://prometheus.example/graph?g0.expr=a&b"}
        if ends:
            alert["endsAt"] = ends
        request = urllib.request.Request(self.server.alertmanager_url + "/api/v2/alerts", json.dumps([alert]).encode(),
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=PATIENCE).close()

    def mails(self, name):
        found = []
        folder = os.path.join(self.folder, name)
        for file_name in sorted(os.listdir(folder)):
            if file_name.endswith(".eml"):
                with open(os.path.join(folder, file_name), "rb") as file:
                    found.append(email.message_from_binary_file(file, policy=email.policy.default))
        return found

    # The steps, in order.

    def everybody_gets_it(self):
        self.post()
        for name in SERVERS:
            if name in REFUSED:
                continue
            message = wait_for("the mail of " + name, lambda name=name: self.mails(name))[0]
            assert message["X-Test-Tls"] == "True", name
            assert message["X-Test-To"] == "oncall@example.org,boss@example.org", message["X-Test-To"]
            assert message["X-Test-From"] == "meerkat@example.org", message["X-Test-From"]
            assert message["X-Test-Hello"] == "mail.example.org", message["X-Test-Hello"]

    def headers(self):
        message = self.mails("starttls-plain")[0]
        assert message["Subject"].startswith("[FIRING:1] Überhitzung (<b>web&1</b> xxx"), message["Subject"]
        assert message["X-Team"] == "Grüße Überhitzung", message["X-Team"]
        assert message["From"] == "Meerkat Watch <meerkat@example.org>", message["From"]
        assert [a.addr_spec for a in message["To"].addresses] == ["oncall@example.org", "boss@example.org"]
        assert re.fullmatch(r"<\d+\.\d+@[^ >]+>", message["Message-Id"]), message["Message-Id"]
        assert message["References"] == message["In-Reply-To"] and message["References"].startswith("<alert-")
        age = datetime.datetime.now(datetime.timezone.utc) - email.utils.parsedate_to_datetime(message["Date"])
        assert abs(age.total_seconds()) < 600, message["Date"]
        assert message["MIME-Version"] == "1.0"
        assert len({m["Message-Id"] for name in SERVERS for m in self.mails(name)}) == 5

    def parts(self):
        message = self.mails("starttls-login")[0]
        assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
        text, html = message.get_payload()
        for part in (text, html):
            assert part["Content-Transfer-Encoding"] == "quoted-printable"
            assert part.get_content_charset() == "utf-8"
            assert max(len(line) for line in part.get_payload().splitlines()) <= 76
        assert text.get_content() == "%s\n.a line that begins with a dot\n%s\n" % (SUMMARY, "x" * 200)
        page = html.get_content()
        assert "&lt;b&gt;web&amp;1&lt;/b&gt;" in page and "<b>web" not in page
        assert 'href="http://prometheus.example/graph?g0.expr=a&amp;b"' in page
        assert SUMMARY in page

    def html_is_drawn(self):
        page = os.path.join(self.folder, "mail.html")
        with open(page, "w") as file:
            file.write(self.mails("implicit-plain")[0].get_payload()[1].get_content())
        picture = os.path.join(self.folder, "mail.png")
        chromium = [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + self.folder + "/browser"]
        subprocess.run(chromium + ["--window-size=700,900", "--screenshot=" + picture, "file://" + page], check=True,
                       capture_output=True, timeout=120)
        with open(picture, "rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"
        assert os.path.getsize(picture) > 10000, "the picture is empty"

    def refusals_are_counted(self):
        def failed():
            page = get(self.server.alertmanager_url + "/metrics").decode()
            return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines()
                       if line.startswith('alertmanager_notifications_failed_total{integration="email"'))
        wait_for("refused logins and servers without STARTTLS to count", lambda: failed() >= 2)
        for name in REFUSED:
            assert not self.mails(name), name
        for secret in ("battery", "correct"):
            assert secret not in self.server.program.tail(1000)

    def resolved_mail_follows(self):
        self.post(ends=datetime.datetime.now(datetime.timezone.utc).isoformat())
        messages = wait_for("the resolved mail", lambda: len(self.mails("starttls-cram")) > 1 and self.mails("starttls-cram"))
        assert messages[1]["Subject"].startswith("[RESOLVED] Überhitzung"), messages[1]["Subject"]
        assert messages[1]["References"] == messages[0]["References"]


def main(checks, options):
    scene = Scene(options.server, checks)
    steps = [("mail comes by STARTTLS and implicit TLS, with PLAIN, LOGIN and CRAM-MD5", scene.everybody_gets_it),
             ("headers are encoded, dated and threaded", scene.headers),
             ("text and HTML parts are what the templates say", scene.parts),
             ("wrong passwords, strange certificates and plain servers get nothing", scene.refusals_are_counted),
             ("the resolved mail joins the thread", scene.resolved_mail_follows)]
    if shutil.which("chromium"):
        steps.append(("Chromium draws the HTML part", scene.html_is_drawn))
    else:
        checks.skip("Chromium draws the HTML part", "no chromium in PATH")
    checks.run_all(steps, stop=True)


if __name__ == "__main__":
    script(main, __doc__)
