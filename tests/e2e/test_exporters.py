#!/usr/bin/env python3
"""Real servers and their real exporters, as Debian has them, scraped by one configuration: each is up, its characteristic
series answer queries, and a real Prometheus with the same configuration has the same series."""
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import urllib.parse
import urllib.request

from harness import PATIENCE, Meerkat, Program, becomes, free_port, get, get_json, script, wait_for

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: node
  static_configs: [{{targets: ['127.0.0.1:{node}']}}]
- job_name: redis
  static_configs: [{{targets: ['127.0.0.1:{redis_exporter}']}}]
- job_name: postgres
  static_configs: [{{targets: ['127.0.0.1:{postgres_exporter}']}}]
- job_name: nginx
  static_configs: [{{targets: ['127.0.0.1:{nginx_exporter}']}}]
- job_name: apache
  static_configs: [{{targets: ['127.0.0.1:{apache_exporter}']}}]
- job_name: process
  static_configs: [{{targets: ['127.0.0.1:{process_exporter}']}}]
- job_name: pushgateway
  honor_labels: true
  static_configs: [{{targets: ['127.0.0.1:{pushgateway}']}}]
- job_name: blackbox-http
  metrics_path: /probe
  params: {{module: [http_2xx]}}
  static_configs: [{{targets: ['http://127.0.0.1:{nginx}/', 'http://127.0.0.1:{nginx}/missing']}}]
  relabel_configs: &probe
  - {{source_labels: [__address__], target_label: __param_target}}
  - {{source_labels: [__param_target], target_label: instance}}
  - {{target_label: __address__, replacement: '127.0.0.1:{blackbox}'}}
- job_name: blackbox-tcp
  metrics_path: /probe
  params: {{module: [tcp_connect]}}
  static_configs: [{{targets: ['127.0.0.1:{redis}', '127.0.0.1:{closed}']}}]
  relabel_configs: *probe
"""

BLACKBOX = """
modules:
  http_2xx: {prober: http, timeout: 900ms, http: {preferred_ip_protocol: ip4}}
  tcp_connect: {prober: tcp, timeout: 900ms}
"""

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-1; proxy_temp_path {folder}/nginx-2; fastcgi_temp_path {folder}/nginx-3;
  uwsgi_temp_path {folder}/nginx-4; scgi_temp_path {folder}/nginx-5;
  server {{
    listen 127.0.0.1:{port};
    location = / {{ return 200 "hello"; }}
    location = /stub_status {{ stub_status; }}
    location / {{ return 404; }}
  }}
}}
"""

APACHE = """
ServerRoot /usr/lib/apache2
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache-error.log
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule status_module modules/mod_status.so
User {user}
Group {group}
ServerLimit 1
StartServers 1
ThreadsPerChild 4
MaxRequestWorkers 4
MinSpareThreads 1
MaxSpareThreads 4
<Location /server-status>
  SetHandler server-status
</Location>
"""

# A query for each job, and the values it may give (None: any).
CHARACTERISTIC = {
    "node": [("node_load1", None), ("count(node_cpu_seconds_total{mode='idle'}) > 0", None)],
    "redis": [("redis_up", {1}), ("redis_connected_clients", None), ("redis_db_keys{db='db0'}", {1}),
              ("rate(redis_commands_processed_total[10s]) > 0", None)],
    "postgres": [("pg_up", {1}), ("pg_stat_database_numbackends{datname='postgres'}", None), ("pg_settings_max_connections", {20})],
    "nginx": [("nginx_up", {1}), ("nginx_connections_active", None), ("rate(nginx_http_requests_total[10s]) > 0", None)],
    "apache": [("apache_up", {1}), ("apache_workers{state='busy'}", None), ("increase(apache_accesses_total[10s]) > 0", None)],
    "process": [("namedprocess_namegroup_num_procs{groupname='redis-server'}", None),
                ("namedprocess_namegroup_memory_bytes{groupname='redis-server',memtype='resident'} > 1e6", None)],
    "pushgateway": [("batch_rows{job='nightly',instance=''}", {42}), ("push_time_seconds{job='nightly'} > 1.6e9", None)],
    "blackbox-http": [("sum(probe_success{job='blackbox-http'})", {1}), ("max(probe_http_status_code)", {404}),
                      ("count(probe_duration_seconds{instance=~'http://.*'})", {2})],
    "blackbox-tcp": [("sum(probe_success{job='blackbox-tcp'})", {1}), ("count(up{job='blackbox-tcp'} == 1)", {2})],
}


class Zoo:
    def __init__(self, binary, checks):
        self.binary, self.checks, self.folder = binary, checks, checks.folder
        self.port = {name: free_port() for name in (
            "node", "redis", "redis_exporter", "postgres", "postgres_exporter", "nginx", "nginx_exporter", "apache", "apache_exporter",
            "process_exporter", "pushgateway", "blackbox", "closed")}
        self.apache, self.postgres, self.cluster = None, None, None

    def run(self, name, *command, env=None):
        found = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        return self.checks.own(Program(name, [found or command[0], *command[1:]], self.folder, env=dict(os.environ, **env) if env else None))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def address(self, name):
        return "127.0.0.1:%d" % self.port[name]

    def start_postgres(self):
        """A cluster of its own; the server refuses to run as root, so it then runs as Debian's user."""
        tools = max((os.path.join("/usr/lib/postgresql", version, "bin") for version in os.listdir("/usr/lib/postgresql")),
                    key=lambda path: int(path.split("/")[4]))
        self.cluster = tempfile.mkdtemp(prefix="meerkat-pg-")
        prefix = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.cluster, user.pw_uid, user.pw_gid)
            prefix = ["setpriv", "--reuid=%d" % user.pw_uid, "--regid=%d" % user.pw_gid, "--clear-groups"]
        data = os.path.join(self.cluster, "data")
        subprocess.run(prefix + [tools + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
                       cwd=self.cluster, check=True, capture_output=True)
        self.postgres = self.run("postgres", *prefix, tools + "/postgres", "-D", data, "-p", str(self.port["postgres"]), "-h", "127.0.0.1",
                                 "-k", self.cluster, "-F", "-c", "max_connections=20", "-c", "shared_buffers=8MB")
        self.run("postgres_exporter", "prometheus-postgres-exporter", "--web.listen-address=" + self.address("postgres_exporter"),
                 env={"DATA_SOURCE_NAME": "postgresql://postgres@%s/postgres?sslmode=disable" % self.address("postgres")})

    def start(self):
        self.run("redis", "redis-server", "--port", str(self.port["redis"]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self.write("nginx.conf", NGINX.format(folder=self.folder, port=self.port["nginx"]))
        self.run("nginx", "nginx", "-c", os.path.join(self.folder, "nginx.conf"), "-e", os.path.join(self.folder, "nginx-error.log"))
        root = os.geteuid() == 0
        self.write("apache.conf", APACHE.format(folder=self.folder, port=self.port["apache"], user="www-data" if root else "#%d" % os.geteuid(),
                                                group="www-data" if root else "#%d" % os.getegid()))
        self.apache = self.run("apache", "apache2", "-DFOREGROUND", "-f", os.path.join(self.folder, "apache.conf"))
        self.write("blackbox.yml", BLACKBOX)
        self.run("blackbox", "prometheus-blackbox-exporter", "--config.file=blackbox.yml", "--web.listen-address=" + self.address("blackbox"))
        self.run("pushgateway", "prometheus-pushgateway", "--persistence.file=", "--web.listen-address=" + self.address("pushgateway"))
        self.run("node_exporter", "prometheus-node-exporter", "--web.listen-address=" + self.address("node"))
        self.run("redis_exporter", "prometheus-redis-exporter", "-web.listen-address=" + self.address("redis_exporter"),
                 "-redis.addr=redis://" + self.address("redis"))
        self.run("process_exporter", "prometheus-process-exporter", "-procnames=redis-server",
                 "-web.listen-address=" + self.address("process_exporter"))
        self.start_postgres()
        wait_for("nginx", lambda: get("http://%s/stub_status" % self.address("nginx")))
        self.run("nginx_exporter", "prometheus-nginx-exporter", "-web.listen-address=" + self.address("nginx_exporter"),
                 "-nginx.scrape-uri=http://%s/stub_status" % self.address("nginx"))
        wait_for("apache", lambda: get("http://%s/server-status?auto" % self.address("apache")))
        self.run("apache_exporter", "prometheus-apache-exporter", "--telemetry.address=" + self.address("apache_exporter"),
                 "--scrape_uri=http://%s/server-status?auto" % self.address("apache"))
        wait_for("the pushgateway", lambda: get("http://%s/-/ready" % self.address("pushgateway")))
        push = urllib.request.Request("http://%s/metrics/job/nightly" % self.address("pushgateway"), method="PUT",
                                      data=b"# TYPE batch_rows gauge\nbatch_rows 42\n")
        assert urllib.request.urlopen(push, timeout=PATIENCE).status == 200
        subprocess.run(["redis-cli", "-p", str(self.port["redis"]), "set", "one", "1"], check=True, capture_output=True)
        self.write("prometheus.yml", CONFIG.format(**self.port))
        self.server = Meerkat(self.binary, self.folder, ["--config.file=prometheus.yml"])
        self.checks.own(self.server.program)

    def stop(self):
        """Those with children of their own end in order; the rest is killed with the checks."""
        if self.apache is not None:
            self.apache.stop()
        if self.postgres is not None:
            self.postgres.process.send_signal(signal.SIGINT)  # ends its clients too
            try:
                self.postgres.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.postgres.kill()
        if self.cluster is not None:
            shutil.rmtree(self.cluster, ignore_errors=True)

    # The checks.

    def all_up(self):
        def errors():
            return sorted(target["lastError"] or target["health"] for target in get_json(self.server.url + "/api/v1/targets")["data"]["activeTargets"])
        becomes("every target to be up", errors, ["up"] * 11)
        targets = get_json(self.server.url + "/api/v1/targets")["data"]["activeTargets"]
        probes = {target["scrapeUrl"]: target["labels"]["instance"] for target in targets if "probe" in target["scrapeUrl"]}
        assert len(probes) == 4 and all(urllib.parse.urlencode({"target": instance}) in url for url, instance in probes.items()), probes

    def answers(self, job):
        for query, values in CHARACTERISTIC[job]:
            becomes(query, lambda text=query: self.server.query(text), lambda rows, good=values: rows and (not good or float(rows[0]["value"][1]) in good))

    def has_types(self):
        for metric, kind in (("redis_commands_processed_total", "counter"), ("nginx_connections_active", "gauge"),
                             ("namedprocess_namegroup_cpu_seconds_total", "counter"), ("node_cpu_seconds_total", "counter"),
                             ("go_gc_duration_seconds", "summary"), ("probe_success", "gauge")):
            becomes("the type of " + metric, lambda name=metric: get_json(self.server.url + "/api/v1/metadata?metric=" + name)["data"][name][0]["type"], kind)

    def as_prometheus(self):
        port = free_port()
        peer = self.run("prometheus", "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=peer",
                        "--web.listen-address=127.0.0.1:%d" % port)
        jobs = "|".join(job for job in CHARACTERISTIC if job != "process")

        # Without le and quantile: Prometheus 2 keeps them as they are written, 3 and we write "1" as "1.0".
        def series(url):
            query = urllib.parse.urlencode({"query": 'count by (__name__, job, instance, db, datname, cmd, module) '
                                                     '({__name__=~".+",job=~"%s"})' % jobs})
            rows = get_json(url + "/api/v1/query?" + query)["data"]["result"]
            return {(tuple(sorted(row["metric"].items())), row["value"][1]) for row in rows}

        def difference():
            ours, theirs = series(self.server.url), series("http://127.0.0.1:%d" % port)
            # How many processes and connections there are in which state is another thing at another moment.
            return [row for row in ours ^ theirs if dict(row[0])["__name__"] not in (
                "node_processes_state", "promhttp_metric_handler_requests_total", "node_arp_entries")] if len(theirs) > 1000 else None
        try:
            wait_for("the same series", lambda: difference() == [])
        except AssertionError as error:
            raise AssertionError("%s: %s" % (error, sorted(difference() or [])[:20])) from None
        assert peer.stop() == 0


def main(checks, options):
    needed = ["redis-server", "nginx", "apache2", "setpriv"] + ["prometheus-%s" % name for name in (
        "node-exporter", "redis-exporter", "postgres-exporter", "nginx-exporter", "apache-exporter", "process-exporter", "blackbox-exporter",
        "pushgateway")]
    missing = [name for name in needed if not shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")]
    if missing or not os.path.isdir("/usr/lib/postgresql"):
        checks.skip("Debian's exporters", "not installed: " + ", ".join(missing or ["postgresql"]))
        checks.finish()
    zoo = Zoo(options.server, checks)
    try:
        if checks.run("servers and exporters start", zoo.start):
            checks.run("every target is up", zoo.all_up)
            for job in CHARACTERISTIC:
                checks.run("%s answers" % job, lambda name=job: zoo.answers(name))
            checks.run("types are known", zoo.has_types)
            if shutil.which("prometheus"):
                checks.run("a real Prometheus has the same series", zoo.as_prometheus)
            else:
                checks.skip("a real Prometheus has the same series", "no prometheus in PATH")
    finally:
        zoo.stop()


if __name__ == "__main__":
    script(main, __doc__)
