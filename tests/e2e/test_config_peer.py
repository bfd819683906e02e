"""Configurations with a fault here and there, judged by meerkat and by a real promtool.

One configuration that holds every section is broken at random: a key renamed, removed, given twice, a value of another type, out
of range or at odds with its neighbours, keys of one section put into another. Both must take the same ones. Skipped where no
promtool of version 3 is installed; what later versions judge differently is left out of the vocabulary.

    test_config_peer.py --server BINARY [--cases N] [--seed S] [--config FILE…]

--config takes configurations of your own as what is broken (JSON; YAML where PyYAML is installed).
"""
import copy
import json
import os
import random
import subprocess
import tempfile

from harness import peer, script

HTTP = {
    "basic_auth": {"username": "u", "password": "p"},
    "tls_config": {"server_name": "s", "insecure_skip_verify": True, "min_version": "TLS12", "max_version": "TLS13"},
    "follow_redirects": True, "enable_http2": False, "proxy_url": "http://proxy:3128", "no_proxy": "localhost",
    "proxy_connect_header": {"X-A": ["b"]}, "http_headers": {"X-B": {"values": ["c"], "secrets": ["d"]}},
}
OAUTH2 = {"oauth2": {"client_id": "i", "client_secret": "s", "token_url": "http://t/token", "scopes": ["a"], "endpoint_params": {"k": "v"},
                     "tls_config": {"insecure_skip_verify": False}, "proxy_from_environment": True}}
BEARER = {"authorization": {"type": "Bearer", "credentials": "c"}, "proxy_from_environment": True}
RELABEL = [
    {"source_labels": ["a", "b"], "separator": "-", "regex": "(.*)", "target_label": "c", "replacement": "$1", "action": "replace"},
    {"source_labels": ["a"], "modulus": 8, "target_label": "d", "action": "hashmod"},
    {"regex": "e(.*)", "replacement": "f_$1", "action": "labelmap"}, {"regex": "g.*", "action": "labeldrop"},
    {"source_labels": ["h"], "target_label": "i", "action": "keepequal"}, {"source_labels": ["h"], "target_label": "i", "action": "lowercase"},
    {"source_labels": ["__name__"], "regex": "x|y", "action": "drop"},
]
CONFIG = {
    "global": {
        "scrape_interval": "30s", "scrape_timeout": "10s", "evaluation_interval": "15s", "rule_query_offset": "1s", "query_log_file": "q.log",
        "scrape_failure_log_file": "f.log", "external_labels": {"dc": "x", "r": "${HOME}"}, "body_size_limit": "10MB", "sample_limit": 100,
        "target_limit": 20, "label_limit": 30, "label_name_length_limit": 200, "label_value_length_limit": 300, "keep_dropped_targets": 4,
        "scrape_protocols": ["OpenMetricsText1.0.0", "PrometheusText0.0.4"], "metric_name_validation_scheme": "utf8",
        "metric_name_escaping_scheme": "underscores", "convert_classic_histograms_to_nhcb": False, "always_scrape_classic_histograms": True,
    },
    "runtime": {"gogc": 80},
    "rule_files": ["rules/*.yml"],
    "scrape_config_files": ["jobs/*.yml"],
    "scrape_configs": [
        {"job_name": "one", "honor_labels": True, "honor_timestamps": False, "track_timestamps_staleness": True, "params": {"m": ["a", "b"]},
         "scrape_interval": "20s", "scrape_timeout": "5s", "scrape_protocols": ["PrometheusProto"], "fallback_scrape_protocol": "PrometheusText1.0.0",
         "metrics_path": "/m", "scheme": "https", "enable_compression": False, "body_size_limit": "1MiB", "sample_limit": 1, "target_limit": 2,
         "label_limit": 3, "label_name_length_limit": 4, "label_value_length_limit": 5, "keep_dropped_targets": 6, "scrape_failure_log_file": "o.log",
         "native_histogram_bucket_limit": 7, "native_histogram_min_bucket_factor": 1.1, "convert_classic_histograms_to_nhcb": True,
         "always_scrape_classic_histograms": False, "metric_name_validation_scheme": "utf8", "metric_name_escaping_scheme": "dots",
         "static_configs": [{"targets": ["h:1", "h:2"], "labels": {"a": "b"}}], "relabel_configs": RELABEL, "metric_relabel_configs": RELABEL[:2],
         **HTTP},
        {"job_name": "two", "file_sd_configs": [{"files": ["t/*.json", "u.yaml"], "refresh_interval": "1m"}],
         "http_sd_configs": [{"url": "http://sd/x", "refresh_interval": "2m", **BEARER}],
         "dns_sd_configs": [{"names": ["n.example"], "type": "A", "port": 80, "refresh_interval": "45s"}, {"names": ["_s._tcp.example"]}],
         "kubernetes_sd_configs": [
             {"role": "pod", "api_server": "https://k:6443", "namespaces": {"names": ["d"]},
              "selectors": [{"role": "pod", "label": "a=b", "field": "metadata.name=c"}], "attach_metadata": {"node": True},
              "tls_config": {"insecure_skip_verify": True}},
             {"role": "endpointslice", "kubeconfig_file": "kube"}],
         "docker_sd_configs": [{"host": "unix:///var/run/docker.sock", "port": 90, "filters": [{"name": "a", "values": ["b"]}],
                                "host_networking_host": "h", "match_first_network": False, "refresh_interval": "3m"}],
         "dockerswarm_sd_configs": [{"host": "tcp://d:2375", "role": "tasks", "port": 81, "filters": [{"name": "a", "values": ["b"]}]}],
         "ec2_sd_configs": [{"region": "eu-1", "access_key": "a", "secret_key": "s", "profile": "p", "role_arn": "arn", "endpoint": "http://e", "port": 82,
                             "filters": [{"name": "tag:a", "values": ["b"]}], "refresh_interval": "4m"}],
         **OAUTH2},
        {"job_name": "three", "static_configs": [{"targets": ["h:3"]}], "bearer_token": "t", "tls_config": {"ca_file": "ca", "cert_file": "c", "key_file": "k"}},
        {"job_name": "four", "static_configs": [{"targets": ["h:4"]}], "bearer_token_file": "t"},
    ],
    "alerting": {
        "alert_relabel_configs": RELABEL[:1],
        "alertmanagers": [
            {"scheme": "http", "path_prefix": "/am", "timeout": "7s", "api_version": "v2", "static_configs": [{"targets": ["a:9093"]}],
             "relabel_configs": RELABEL[:1], "alert_relabel_configs": RELABEL[1:2], **BEARER},
            {"static_configs": [{"targets": ["b:9093"]}]},
        ],
    },
    "remote_write": [
        {"url": "http://w/1", "remote_timeout": "20s", "headers": {"X-C": "d"}, "write_relabel_configs": RELABEL[:1], "name": "w1",
         "send_exemplars": True, "send_native_histograms": True, "round_robin_dns": True, "protobuf_message": "io.prometheus.write.v2.Request",
         "queue_config": {"capacity": 100, "max_shards": 5, "min_shards": 2, "max_samples_per_send": 50, "batch_send_deadline": "3s",
                          "min_backoff": "10ms", "max_backoff": "1s", "retry_on_http_429": True, "sample_age_limit": "1h"},
         "metadata_config": {"send": False, "send_interval": "2m", "max_samples_per_send": 10}, **HTTP},
        {"url": "http://w/2", "sigv4": {"region": "r"}},
    ],
    "remote_read": [{"url": "http://r/1", "remote_timeout": "20s", "headers": {"X-C": "d"}, "name": "r1", "read_recent": True,
                     "required_matchers": {"a": "b"}, "filter_external_labels": False, **BEARER}],
    "storage": {"tsdb": {"out_of_order_time_window": "30m"}, "exemplars": {"max_exemplars": 10}},
    "tracing": {"client_type": "http", "endpoint": "t:4318", "sampling_fraction": 0.5, "insecure": True, "headers": {"X-D": "e"},
                "compression": "gzip", "timeout": "4s", "tls_config": {"insecure_skip_verify": True}},
    "otlp": {"promote_resource_attributes": ["a", "b.c"], "translation_strategy": "NoUTF8EscapingWithSuffixes",
             "keep_identifying_resource_attributes": True, "convert_histograms_to_nhcb": True},
}

VALUES = [
    None, True, False, 0, 1, -1, 3, 1.5, 1e30, 99999999999999999999, "", "x", "0", "1", "-5", "1.5", "true", "yes", "5m", "0s", "1d", "-1s", "1h30m",
    "1.5h", "10", "1s5m", "400y", "10MB", "5KiB", "1X", "10 MB", "nan", [], ["x"], [1], [None], {}, {"x": "y"}, {"x": 1}, [[]], [{}], "a/b", "a:b:c",
    "http://h/", "http://[::1", "://", "h:1", "[::1]:80", "*", "a*/b.yml", "*.yml", "x.json", "x.txt", "(", "a(b)", "$1", "${1}", "__name__", "a-b", "ü",
    "\u0000", "TLS12", "TLS9", "tls13", "replace", "REPLACE", "Keep", "keepequal", "dropequal", "hashmod", "labelkeep", "uppercase", "none", "legacy",
    "dots", "values", "pod", "nodes", "services", "SRV", "MX", "NS", "AAAA", "a", "v1", "v2", "grpc", "gzip", "https", "HTTP", "ftp", "basic", "Bearer",
    "Basic", "PrometheusProto", "PrometheusText0.0.4", "UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoTranslation",
    "prometheus.WriteRequest", "<secret>", "${UNSET}", "a b", "a=b", "metadata.name=x", "authorization", ["PrometheusProto", "PrometheusProto"],
]


class Twice(str):
    """A key that stands beside its twin."""


def paths(node, path=()):
    """Every place in a document, the root too."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in items:
        yield from paths(child, path + (key,))


def at(node, path):
    for key in path:
        node = node[key]
    return node


def vocabulary(node, words):
    if isinstance(node, dict):
        for key, value in node.items():
            words.append((key, value))
            vocabulary(value, words)
    elif isinstance(node, list):
        for value in node:
            vocabulary(value, words)
    return words


def renamed(rng, key):
    how = rng.randrange(5)
    if how == 0 or len(key) < 3:
        return key + "s"
    place = rng.randrange(1, len(key))
    if how == 1:
        return key[:place] + key[place + 1:]
    if how == 2:
        return key[:place] + key[place - 1:]
    return key.upper() if how == 3 else key.replace("_", "-", 1) if "_" in key else key[:-1]


def break_once(rng, config, words):
    """Changes one place; tells what it did."""
    everywhere = [path for path in paths(config) if path]
    path = rng.choice(everywhere)
    parent, key = at(config, path[:-1]), path[-1]
    how = rng.choice(["value", "value", "value", "remove", "rename", "insert", "insert", "twice", "borrow"])
    where = ".".join(map(str, path))
    if how == "remove":
        del parent[key]
    elif how == "rename" and isinstance(parent, dict):
        name = renamed(rng, key)
        parent[name] = parent.pop(key)
        where += " -> " + name
    elif how == "insert" and isinstance(parent, dict):
        name, value = rng.choice(words)
        parent[name] = copy.deepcopy(value)
        where = ".".join(map(str, path[:-1])) + " + " + name
    elif how == "twice" and isinstance(parent, dict):
        parent[Twice(key + "\0")] = copy.deepcopy(parent[key])
    elif how == "borrow":
        same = [value for name, value in words if name == key]
        parent[key] = copy.deepcopy(rng.choice(same) if same else rng.choice(words)[1])
    else:
        parent[key] = copy.deepcopy(rng.choice(VALUES))
        how = "value"
        where += " = " + json.dumps(parent[key])
    return how + " " + where


def render(node):
    """JSON, which is YAML too; a Twice is written under the key it repeats."""
    if isinstance(node, dict):
        return "{%s}" % ", ".join("\n" + json.dumps(key[:-1] if isinstance(key, Twice) else key) + ": " + render(value) for key, value in node.items())
    if isinstance(node, list):
        return "[%s]" % ", ".join("\n" + render(value) for value in node)
    return json.dumps(node)


def smaller(rng, config):
    """Some sections only, so that one broken place does not hide behind another."""
    config = copy.deepcopy(config)
    for path in sorted((path for path in paths(config) if path), key=len, reverse=True):
        if len(path) <= 3 and rng.random() < 0.15:
            parent = at(config, path[:-1])
            if isinstance(parent, dict) and path[-1] not in ("url", "job_name", "endpoint", "proxy_url", "region"):
                del parent[path[-1]]
    return config


def judge(tool, files):
    """What a checker says of each file: "" when it takes it, None when it broke over it (promtool panics over some)."""
    done = subprocess.run(tool + files, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    blocks = done.stdout.split("Checking ")[1:]
    refusals = iter(done.stderr.split("  FAILED: ")[1:])
    if len(blocks) != len(files) or done.returncode not in (0, 1):
        return [None] if len(files) == 1 else [verdict for file in files for verdict in judge(tool, [file])]
    return ["" if "SUCCESS: " in block else next(refusals, "no word").strip() for block in blocks]


def load(path):
    with open(path) as file:
        text = file.read()
    try:
        return json.loads(text)
    except ValueError:
        import yaml  # only for people's own files
        return yaml.safe_load(text)


def main(checks, options):
    promtool = peer("promtool", major=3)
    if promtool is None:
        checks.skip("configurations beside promtool", "no promtool of version 3")
        return
    tools = [[promtool, "check", "config", "--syntax-only"], [options.server, "check", "config", "--syntax-only"]]
    rng = random.Random(options.seed)
    bases = [load(path) for path in options.config] or [CONFIG]
    words = vocabulary(CONFIG, [])
    for base in bases if options.config else []:
        vocabulary(base, words)
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for number in range(options.cases):
            config = json.loads(json.dumps(smaller(rng, rng.choice(bases))))  # nothing shared between places
            told = [break_once(rng, config, words) for _ in range(rng.choice([1, 1, 1, 2])) if isinstance(config, dict) and config]
            path = os.path.join(folder, "%05d.yml" % number)
            with open(path, "w") as file:
                file.write(render(config) + "\n")
            cases.append((path, "; ".join(told)))
        for start in range(0, len(cases), 100):
            batch = cases[start:start + 100]
            verdicts = [judge(tool, [path for path, _ in batch]) for tool in tools]
            for (path, told), theirs, ours in zip(batch, *verdicts):
                if theirs is None:
                    continue
                if theirs and ours and options.words:
                    print("%s\n    promtool: %s\n    meerkat: %s" % (told, theirs, ours))
                # Without a region promtool asks the machine it happens to run on.
                if (theirs == "") == (ours == "") or "requires a region" in theirs:
                    continue
                differences.append("%s\n    promtool: %s\n    meerkat: %s" % (told, theirs or "takes it", ours or "takes it"))
                if options.keep:
                    os.makedirs(options.keep, exist_ok=True)
                    os.rename(path, os.path.join(options.keep, os.path.basename(path)))

    def alike():
        assert not differences, "%d of %d are judged differently:\n%s" % (len(differences), options.cases, "\n".join(differences))

    checks.run("%d configurations are judged alike" % options.cases, alike)


if __name__ == "__main__":
    script(main, __doc__,
           ("--cases", dict(type=int, default=400)),
           ("--seed", dict(type=int, default=1)),
           ("--config", dict(nargs="*", default=[])),
           ("--words", dict(action="store_true", help="show what both say of what both refuse")),
           ("--keep", dict(help="a folder for the configurations that are judged differently")))
