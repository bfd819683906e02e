#!/usr/bin/env python3
"""The built-in host page beside a real node_exporter on the same machine: every series it has, under the same labels,
is ours too, and what does not change has the same value."""
import json
import os
import shutil
import subprocess

from harness import PATIENCE, Meerkat, Program, becomes, free_port, get, script, wait_for

# Upstream's own defaults: Debian's package leaves out more, and older versions less.
FLAGS = ["--collector.processes", "--no-collector.wifi",
         r"--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"]
DISKS = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p|mmcblk\d+p)\d+$"

# Of collectors that watch one kind of hardware or service, by the beginning of their names: ours has none of them.
OTHER_COLLECTORS = ["node_exporter_", "node_bcache", "node_bonding", "node_btrfs", "node_dmi", "node_edac", "node_fibrechannel", "node_infiniband",
                    "node_ipvs", "node_md_", "node_nfs", "node_nvme", "node_rapl", "node_tape", "node_watchdog", "node_xfs", "node_zfs",
                    "node_cpu_info", "node_cpu_online", "node_cpu_isolated", "node_cpu_core_throttles", "node_cpu_package_throttles",
                    "node_network_address_info", "node_disk_ata", "node_scrape_collector", "node_systemd_unit_start", "node_systemd_socket",
                    "node_systemd_virtualization", "node_systemd_watchdog"]
# Come and go between two looks at one machine.
VOLATILE = {"node_processes_state", "node_processes_threads_state", "node_arp_entries"}
CONSTANT = ["node_memory_MemTotal_bytes", "node_memory_SwapTotal_bytes", "node_boot_time_seconds", "node_filesystem_size_bytes",
            "node_filesystem_files", "node_filefd_maximum", "node_uname_info", "node_os_info", "node_os_version",
            "node_network_mtu_bytes", "node_network_up", "node_network_flags", "node_network_iface_id", "node_network_speed_bytes",
            "node_entropy_pool_size_bits", "node_processes_max_threads", "node_processes_max_processes", "node_timex_tick_seconds",
            "node_nf_conntrack_entries_limit", "node_time_zone_offset_seconds", "node_time_clocksource_current_info",
            "node_hwmon_chip_names", "node_cooling_device_max_state", "node_cpu_frequency_max_hertz"]


def labels_of(metric):
    labels = {name: value for name, value in metric.items() if name not in ("__name__", "job", "instance")}
    if metric["__name__"] == "node_network_info":
        labels.pop("adminstate", None)  # since 1.6
    if metric["__name__"] == "node_disk_info":
        return metric["__name__"], (("device", labels["device"]),)  # the rest is udev's, and differs by version
    return metric["__name__"], tuple(sorted(labels.items()))


class Machine:
    def __init__(self, binary, checks):
        folder, port = checks.folder, free_port()
        help_text = subprocess.run(["prometheus-node-exporter", "--help"], capture_output=True, text=True, check=False)
        disks = "device-exclude" if "diskstats.device-exclude" in help_text.stdout + help_text.stderr else "ignored-devices"
        checks.own(Program("node_exporter", ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:%d" % port,
                                             "--collector.diskstats.%s=%s" % (disks, DISKS)] + FLAGS, folder))
        wait_for("node_exporter", lambda: get("http://127.0.0.1:%d/metrics" % port))
        os.mkdir(os.path.join(folder, "text"))
        with open(os.path.join(folder, "text", "own.prom"), "w") as file:
            file.write("# TYPE own_jobs gauge\nown_jobs{state=\"done\"} 7\n")
        with open(os.path.join(folder, "prometheus.yml"), "w") as file:
            file.write("""
global: {scrape_interval: 1s}
scrape_configs:
- {job_name: ours, scheme: builtin, metrics_path: /host, static_configs: [{targets: [here]}]}
- {job_name: theirs, static_configs: [{targets: ['127.0.0.1:%d']}]}
""" % port)
        self.server = Meerkat(binary, folder, ["--config.file=prometheus.yml", "--host.textfile-directory=" + os.path.join(folder, "text")])
        self.binary, self.folder = binary, folder
        checks.own(self.server.program)
        wait_for("both pages", lambda: len(self.server.query("up == 1")) == 2)

    def series(self, job):
        return {labels_of(row["metric"]): row["value"][1] for row in self.server.query('{__name__=~"node_.*",job="%s"}' % job)}

    def has_all(self):
        # Both are asked at one moment, but not scraped at one.
        def missing():
            ours, theirs = self.series("ours"), self.series("theirs")
            return [key for key in theirs if key not in ours and key[0] not in VOLATILE
                    and not any(key[0].startswith(other) for other in OTHER_COLLECTORS)][:20] if len(theirs) > 100 else ["none of theirs"]
        becomes("nothing to be missing", missing, [])

    def agrees(self):
        def different():
            ours, theirs = self.series("ours"), self.series("theirs")
            compared = [key for key in theirs if key[0] in CONSTANT and key in ours]
            if len(compared) <= 15:  # one of the scrapes took too long
                return ["only %s is compared" % compared]
            cpus = [sorted(key for key in side if key[0] == "node_cpu_seconds_total") for side in (ours, theirs)]
            return [(key, ours[key], theirs[key]) for key in compared if ours[key] != theirs[key]] + (cpus if cpus[0] != cpus[1] or not cpus[0] else [])
        becomes("nothing to be different", different, [])

    def tells_types(self):
        metadata = {name: json.loads(get(self.server.url + "/api/v1/targets/metadata?match_target={job=\"%s\"}" % name).decode())["data"]
                    for name in ("ours", "theirs")}
        types = {side: {row["metric"]: row["type"] for row in rows} for side, rows in metadata.items()}
        different = {name: (types["ours"][name], kind) for name, kind in types["theirs"].items()
                     if name.startswith("node_") and types["ours"].get(name, kind) != kind}
        assert not different, different

    def own_files(self):
        becomes("the file's sample", lambda: self.server.value("own_jobs{state='done'}"), 7)
        becomes("no error", lambda: self.server.value("node_textfile_scrape_error{job='ours'}"), 0)

    def switches(self):
        done = subprocess.run([self.binary, "--host.disable-collectors=cpu,nonsense", "--storage.tsdb.path=none", "--alertmanager.listen-address=",
                               "--web.listen-address=127.0.0.1:%d" % free_port()], cwd=self.folder, capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode != 0 and b"no such collector" in done.stderr and b"nonsense" in done.stderr, done
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        server = Meerkat(self.binary, other, ["--host.disable-collectors=cpu,netclass"])
        wait_for("the host page", lambda: server.query("node_load1"))
        assert not server.query("node_cpu_seconds_total") and not server.query("node_network_up")
        assert server.program.stop() == 0


def main(checks, options):
    if not shutil.which("prometheus-node-exporter"):
        checks.skip("the host page beside node_exporter", "no prometheus-node-exporter in PATH")
        return
    machine = Machine(options.server, checks)
    checks.run_all([("every series of node_exporter is there", machine.has_all), ("what is constant is equal", machine.agrees),
                    ("types are equal", machine.tells_types), ("files of other programs are added", machine.own_files),
                    ("collectors can be switched off by name", machine.switches)])


if __name__ == "__main__":
    script(main, __doc__)
