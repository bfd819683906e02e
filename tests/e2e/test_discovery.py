#!/usr/bin/env python3
"""Discovery against recorded protocols (Docker, Swarm, Consul, EC2, Kubernetes), nginx and files; and what a reload leaves alone."""
import json
import os
import shutil
import signal
import urllib.parse

from discovery_fakes import Consul, Docker, Ec2, Kubernetes, Machine, Target, processor_seconds, resident_bytes
from harness import Meerkat, Program, becomes, free_port, get, get_json, script, wait_for


def pod(name, labels=None, address="127.0.0.1", ports=(1,), **metadata):
    return {"metadata": {"name": name, "namespace": "ns", "uid": "u-" + name, "labels": labels or {}, **metadata},
            "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "img", "ports": [
                {"name": "p%d" % port, "containerPort": port, "protocol": "TCP"} for port in ports]}]},
            "status": {"podIP": address, "hostIP": "127.0.0.9", "phase": "Running",
                       "conditions": [{"type": "Ready", "status": "True"}],
                       "containerStatuses": [{"name": "c", "containerID": "containerd://" + name}]}}


def all_between(numbers, low, high):
    return all(low < number < high for number in numbers)


class Discovery:
    def __init__(self, binary, checks):
        self.binary, self.checks, self.folder = binary, checks, checks.folder
        self.config = os.path.join(self.folder, "prometheus.yml")
        self.server = None

    def start(self, jobs, *flags):
        self.stop()
        self.write(jobs)
        self.server = Meerkat(self.binary, self.folder, ["--config.file=" + self.config, *flags])
        self.checks.own(self.server.program)

    def stop(self):
        if self.server is not None:
            assert self.server.program.stop() == 0
            shutil.rmtree(os.path.join(self.folder, "data"), ignore_errors=True)
            self.server = None

    def write(self, jobs):
        with open(self.config + ".new", "w") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                       "scrape_configs": [{"job_name": name, **job} for name, job in jobs.items()]}, file)
        os.replace(self.config + ".new", self.config)

    def targets(self, job):
        """What was discovered for a job: a list of labels, sorted by address."""
        active = get_json(self.server.url + "/api/v1/targets?state=active&scrapePool=" + job)["data"]["activeTargets"]
        return sorted((target["discoveredLabels"] for target in active), key=lambda labels: labels["__address__"])

    def meta(self, job, prefix):
        """Of each target the address and the labels with this prefix."""
        return [(labels["__address__"], {name[len(prefix):]: value for name, value in labels.items() if name.startswith(prefix)})
                for labels in self.targets(job)]

    def until(self, job, addresses):
        becomes("the targets of " + job, lambda: [labels["__address__"] for labels in self.targets(job)], addresses)

    def metric(self, text):
        """A value on the server's own page of metrics; `text` is the series as it is written there."""
        for line in get(self.server.url + "/metrics").decode().splitlines():
            if line.startswith(text + " "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def fails_and_stays(self, fake, job, mechanism, addresses):
        """A source that fails is counted and keeps its targets; then it works again."""
        failures = 'prometheus_sd_refresh_failures_total{config="%s", mechanism="%s"}' % (job, mechanism)
        failures = failures if self.metric(failures) is not None else failures.replace(", ", ",")
        before = self.metric(failures)
        fake.broken = 500
        wait_for("failures of " + mechanism, lambda: self.metric(failures) >= before + 2)
        assert [labels["__address__"] for labels in self.targets(job)] == addresses
        fake.broken = None

    def docker(self):
        network = {"Id": "n1", "Name": "front", "Scope": "local", "Internal": False, "Ingress": False, "Labels": {"zone": "a"}}
        container = {"Id": "c1", "Names": ["/web"], "Image": "img:1", "ImageID": "sha256:1", "Labels": {"com.x/y": "z"},
                     "HostConfig": {"NetworkMode": "front"}, "NetworkSettings": {"Networks": {"front": {"NetworkID": "n1", "IPAddress": "127.0.0.2"}}},
                     "Ports": [{"PrivatePort": 1, "PublicPort": 8001, "IP": "0.0.0.0", "Type": "tcp"}, {"PrivatePort": 2, "Type": "udp"}]}
        path = os.path.join(self.folder, "docker.sock")
        docker = Docker({"/containers/json": [container], "/networks": [network]}, unix=path)
        self.start({"docker": {"docker_sd_configs": [{"host": docker.host, "refresh_interval": "1s",
                                                      "filters": [{"name": "status", "values": ["running"]}]}]}})
        self.until("docker", ["127.0.0.2:1"])
        expected = {"container_id": "c1", "container_name": "/web", "container_image": "img:1", "container_image_id": "sha256:1",
                    "container_network_mode": "front", "container_label_com_x_y": "z", "network_id": "n1", "network_name": "front",
                    "network_scope": "local", "network_internal": "false", "network_ingress": "false", "network_label_zone": "a",
                    "network_ip": "127.0.0.2", "port_private": "1", "port_public": "8001", "port_public_ip": "0.0.0.0"}
        assert self.meta("docker", "__meta_docker_") == [("127.0.0.2:1", expected)], self.meta("docker", "__meta_docker_")
        asked = next(parameters for path, parameters, _, _ in docker.requests if path == "/containers/json")
        assert json.loads(asked["filters"]) == {"status": {"running": True}}, asked
        self.fails_and_stays(docker, "docker", "docker", ["127.0.0.2:1"])
        docker.paths["/containers/json"] = []
        self.until("docker", [])
        docker.close()

    def swarm(self):
        network = {"Id": "n1", "Name": "in", "Scope": "swarm", "Internal": False, "Ingress": True}
        service = {"ID": "s1", "Spec": {"Name": "api", "Mode": {"Replicated": {}}, "Labels": {"tier": "back"}, "TaskTemplate": {
            "ContainerSpec": {"Image": "img", "Hostname": "h"}}},
            "Endpoint": {"Ports": [{"Protocol": "tcp", "PublishedPort": 1, "PublishMode": "ingress", "Name": "web"}],
                         "VirtualIPs": [{"NetworkID": "n1", "Addr": "127.0.0.3/24"}]}}
        task = {"ID": "t1", "Slot": 2, "ServiceID": "s1", "NodeID": "m1", "DesiredState": "running",
                "Spec": {"ContainerSpec": {"Labels": {"a": "b"}}},
                "Status": {"State": "running", "ContainerStatus": {"ContainerID": "c"}, "PortStatus": {}},
                "NetworksAttachments": [{"Network": {"ID": "n1"}, "Addresses": ["127.0.0.4/24"]}]}
        node = {"ID": "m1", "Spec": {"Role": "manager", "Availability": "active", "Labels": {"rack": "r1"}},
                "Description": {"Hostname": "h1", "Platform": {"OS": "linux", "Architecture": "x86_64"}, "Engine": {"EngineVersion": "26"}},
                "Status": {"State": "ready", "Addr": "127.0.0.5"},
                "ManagerStatus": {"Leader": True, "Reachability": "reachable", "Addr": "127.0.0.5:2377"}}
        swarm = Docker({"/services": [service], "/tasks": [task], "/nodes": [node], "/networks": [network]})
        self.start({role: {"dockerswarm_sd_configs": [{"host": "tcp://" + swarm.host, "role": role, "port": 1, "refresh_interval": "1s"}]}
                    for role in ("services", "tasks", "nodes")})
        nodes = {"node_id": "m1", "node_role": "manager", "node_availability": "active", "node_hostname": "h1", "node_status": "ready",
                 "node_platform_os": "linux", "node_platform_architecture": "x86_64", "node_address": "127.0.0.5", "node_label_rack": "r1"}
        services = {"service_id": "s1", "service_name": "api", "service_mode": "replicated", "service_label_tier": "back"}
        networks = {"network_id": "n1", "network_name": "in", "network_scope": "swarm", "network_internal": "false", "network_ingress": "true"}
        self.until("services", ["127.0.0.3:1"])
        assert self.meta("services", "__meta_dockerswarm_") == [("127.0.0.3:1", {
            **services, **networks, "service_endpoint_port_name": "web", "service_endpoint_port_publish_mode": "ingress",
            "service_task_container_hostname": "h", "service_task_container_image": "img"})]
        self.until("tasks", ["127.0.0.4:1"])
        assert self.meta("tasks", "__meta_dockerswarm_") == [("127.0.0.4:1", {
            **services, **networks, **nodes, "task_id": "t1", "task_slot": "2", "task_state": "running", "task_desired_state": "running",
            "task_container_id": "c", "task_port_publish_mode": "ingress", "container_label_a": "b"})]
        self.until("nodes", ["127.0.0.5:1"])
        assert self.meta("nodes", "__meta_dockerswarm_") == [("127.0.0.5:1", {
            **nodes, "node_engine_version": "26", "node_manager_leader": "true", "node_manager_reachability": "reachable",
            "node_manager_address": "127.0.0.5:2377"})]
        self.fails_and_stays(swarm, "tasks", "dockerswarm", ["127.0.0.4:1"])
        swarm.close()

    def consul(self):
        def entry(node, port, **service):
            return {"Node": {"Node": node, "Address": "127.0.0.6", "Meta": {"k": "v"}, "TaggedAddresses": {"lan": "127.0.0.6"}},
                    "Service": {"ID": "id-%d" % port, "Address": "", "Port": port, "Tags": ["a", "b"], "Meta": {"m": "w"}, **service},
                    "Checks": [{"CheckID": "c", "Status": "passing"}]}

        consul = Consul()
        consul.change({"web": (["a", "b"], [entry("n1", 1)]), "other": ([], [entry("n1", 9)])})
        self.start({"consul": {"consul_sd_configs": [{"server": consul.host, "services": ["web"], "tags": ["a"], "token": "t0k",
                                                      "refresh_interval": "1s", "filter": "f == 1", "health_filter": "h == 1"}]}})
        self.until("consul", ["127.0.0.6:1"])
        assert self.meta("consul", "__meta_consul_") == [("127.0.0.6:1", {
            "address": "127.0.0.6", "dc": "dc1", "health": "passing", "node": "n1", "service": "web", "service_id": "id-1",
            "service_port": "1", "tags": ",a,b,", "metadata_k": "v", "service_metadata_m": "w", "tagged_address_lan": "127.0.0.6"})]
        for path, parameters, headers, _ in consul.requests:
            assert headers["X-Consul-Token"] == "t0k", headers
            if path == "/v1/catalog/services":
                assert parameters["filter"] == "f == 1" and "stale" in parameters, parameters
            if path == "/v1/health/service/web":
                assert parameters["filter"] == "h == 1" and parameters["tag"] == "a", parameters
        # A blocking query answers at once when something changes.
        consul.change({"web": (["a"], [entry("n1", 1), entry("n2", 2)])})
        self.until("consul", ["127.0.0.6:1", "127.0.0.6:2"])
        # The server forgot its index: the client must not wait for the old one to come again.
        consul.change({"web": (["a"], [entry("n1", 3)])}, index=1)
        self.until("consul", ["127.0.0.6:3"])
        consul.broken = 500
        wait_for("a failure", lambda: self.metric("prometheus_sd_consul_rpc_failures_total"))
        assert [labels["__address__"] for labels in self.targets("consul")] == ["127.0.0.6:3"]
        consul.close()

    def ec2(self):
        ec2 = Ec2("AKID", "secret/key+", "eu-1")
        section = {"endpoint": "http://" + ec2.host, "region": "eu-1", "access_key": "AKID", "secret_key": "secret/key+", "port": 1,
                   "refresh_interval": "1s", "filters": [{"name": "tag:Name", "values": ["n1", "n 2"]}]}
        self.start({"ec2": {"ec2_sd_configs": [section]}, "wrong": {"ec2_sd_configs": [{**section, "secret_key": "other"}]}})
        self.until("ec2", ["127.0.0.1:1", "127.0.0.2:1"])
        assert self.meta("ec2", "__meta_ec2_")[1] == ("127.0.0.2:1", {
            "instance_id": "i-2", "owner_id": "own", "private_ip": "127.0.0.2", "region": "eu-1", "availability_zone": "eu-1a",
            "availability_zone_id": "euz1", "instance_state": "running", "tag_Name": "n2"})
        form = next(dict(urllib.parse.parse_qsl(body.decode())) for _, _, _, body in ec2.requests if b"DescribeInstances" in body)
        assert form["Filter.1.Name"] == "tag:Name" and form["Filter.1.Value.2"] == "n 2", form
        wait_for("the wrong key to be refused", lambda: ec2.refused)
        assert self.targets("wrong") == []
        ec2.broken = 500
        wait_for("a failure", lambda: len(ec2.requests) and self.targets("ec2"))
        ec2.close()

    def ec2_roles(self):
        """Nothing in the configuration but a role: the machine knows its region and lends keys, STS lends those of the role."""
        ec2 = Ec2("LENT", "lent/secret", "eu-1")
        machine = Machine(("LENT", "lent/secret"))
        with open(os.path.join(self.folder, "credentials"), "w") as file:
            file.write("[watch]\naws_access_key_id = LENT\naws_secret_access_key = lent/secret\n")
        environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://" + machine.host, "AWS_ENDPOINT_URL_STS": "http://" + machine.host,
                       "AWS_SHARED_CREDENTIALS_FILE": os.path.join(self.folder, "credentials")}
        os.environ.update(environment)
        try:
            section = {"endpoint": "http://" + ec2.host, "port": 1, "refresh_interval": "1s"}
            self.start({"role": {"ec2_sd_configs": [{**section, "role_arn": "arn:aws:iam::1:role/watch", "external_id": "x"}]},
                        "profile": {"ec2_sd_configs": [{**section, "region": "eu-1", "profile": "watch"}]}})
            for job in ("role", "profile"):
                self.until(job, ["127.0.0.1:1", "127.0.0.2:1"])
            form = next(dict(urllib.parse.parse_qsl(body.decode())) for _, _, _, body in machine.requests if body)
            assert form["RoleArn"] == "arn:aws:iam::1:role/watch" and form["ExternalId"] == "x", form
            assert not ec2.refused
        finally:
            for name in environment:
                del os.environ[name]
        ec2.close()
        machine.close()

    def kubernetes(self):
        cluster = Kubernetes()
        cluster.change("nodes", "ADDED", {
            "metadata": {"name": "n1", "labels": {"zone": "a"}, "annotations": {"x/y": "z"}}, "spec": {"providerID": "p://1"},
            "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.7"}, {"type": "Hostname", "address": "h"}],
                       "conditions": [{"type": "Ready", "status": "True"}],
                       "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}})
        cluster.change("services", "ADDED", {"metadata": {"name": "svc", "namespace": "ns", "labels": {"x": "y"}}, "spec": {
            "type": "ClusterIP", "clusterIP": "127.0.0.8", "ports": [{"name": "http", "port": 1, "protocol": "TCP"}]}})
        cluster.change("pods", "ADDED", pod("p", {"app": "web"}, ports=(1, 2), ownerReferences=[
            {"controller": True, "kind": "DaemonSet", "name": "ds"}]))
        reference = {"kind": "Pod", "namespace": "ns", "name": "p"}
        cluster.change("endpoints", "ADDED", {"metadata": {"name": "svc", "namespace": "ns"}, "subsets": [{
            "addresses": [{"ip": "127.0.0.1", "nodeName": "n1", "hostname": "h", "targetRef": reference}],
            "ports": [{"name": "http", "port": 1, "protocol": "TCP"}]}]})
        cluster.change("endpointslices", "ADDED", {
            "metadata": {"name": "svc-1", "namespace": "ns", "labels": {"kubernetes.io/service-name": "svc"}}, "addressType": "IPv4",
            "ports": [{"name": "http", "port": 1, "protocol": "TCP", "appProtocol": "h2c"}],
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True, "serving": True, "terminating": False},
                           "nodeName": "n1", "zone": "z", "targetRef": reference}]})
        cluster.change("ingresses", "ADDED", {"metadata": {"name": "i", "namespace": "ns"}, "spec": {
            "ingressClassName": "nginx", "tls": [{"hosts": ["a.test"]}], "rules": [{"host": "a.test", "http": {"paths": [{"path": "/x"}]}}]}})
        roles = ("node", "service", "pod", "endpoints", "endpointslice", "ingress")
        # Names are not looked up here: those of services and ingresses are replaced.
        local = [{"source_labels": ["__address__"], "regex": "[a-z].*", "target_label": "__address__", "replacement": "127.0.0.1:1"}]
        self.start({role: {"relabel_configs": local,
                           "kubernetes_sd_configs": [{"api_server": "http://" + cluster.host, "role": role,
                                                      "authorization": {"credentials": "t0k"}}]} for role in roles})
        meta = "__meta_kubernetes_"
        pod_labels = {"namespace": "ns", "pod_name": "p", "pod_ip": "127.0.0.1", "pod_ready": "true", "pod_phase": "Running",
                      "pod_node_name": "n1", "pod_host_ip": "127.0.0.9", "pod_uid": "u-p", "pod_controller_kind": "DaemonSet",
                      "pod_controller_name": "ds", "pod_label_app": "web", "pod_labelpresent_app": "true"}
        container = {"pod_container_init": "false", "pod_container_name": "c", "pod_container_image": "img",
                     "pod_container_id": "containerd://p", "pod_container_port_name": "p1", "pod_container_port_number": "1",
                     "pod_container_port_protocol": "TCP"}
        service = {"service_name": "svc", "service_label_x": "y", "service_labelpresent_x": "true"}
        expected = {
            "node": ("127.0.0.7:1", {"node_name": "n1", "node_provider_id": "p://1", "node_condition_ready": "true", "node_label_zone": "a",
                                     "node_labelpresent_zone": "true", "node_annotation_x_y": "z", "node_annotationpresent_x_y": "true",
                                     "node_address_InternalIP": "127.0.0.7", "node_address_Hostname": "h"}),
            "service": ("svc.ns.svc:1", {"namespace": "ns", **service, "service_type": "ClusterIP", "service_cluster_ip": "127.0.0.8",
                                         "service_port_name": "http", "service_port_number": "1", "service_port_protocol": "TCP"}),
            "pod": ("127.0.0.1:1", {**pod_labels, **container}),
            "endpoints": ("127.0.0.1:1", {**pod_labels, **container, **service, "endpoints_name": "svc", "endpoint_ready": "true",
                                          "endpoint_port_name": "http", "endpoint_port_protocol": "TCP", "endpoint_hostname": "h",
                                          "endpoint_node_name": "n1", "endpoint_address_target_kind": "Pod", "endpoint_address_target_name": "p"}),
            "endpointslice": ("127.0.0.1:1", {
                **pod_labels, **container, **service, "endpointslice_name": "svc-1", "endpointslice_label_kubernetes_io_service_name": "svc",
                "endpointslice_labelpresent_kubernetes_io_service_name": "true", "endpointslice_address_type": "IPv4",
                "endpointslice_address_target_kind": "Pod", "endpointslice_address_target_name": "p", "endpointslice_port": "1",
                "endpointslice_port_name": "http", "endpointslice_port_protocol": "TCP", "endpointslice_port_app_protocol": "h2c",
                "endpointslice_endpoint_conditions_ready": "true", "endpointslice_endpoint_conditions_serving": "true",
                "endpointslice_endpoint_conditions_terminating": "false", "endpointslice_endpoint_node_name": "n1",
                "endpointslice_endpoint_zone": "z"}),
            "ingress": ("a.test", {"namespace": "ns", "ingress_name": "i", "ingress_class_name": "nginx", "ingress_scheme": "https",
                                   "ingress_host": "a.test", "ingress_path": "/x"}),
        }
        for role in roles:
            becomes("the target of role " + role, lambda role=role: self.meta(role, meta)[0], expected[role])
        assert all(headers["Authorization"] == "Bearer t0k" for _, _, headers, _ in cluster.requests)
        # A pod's port that no endpoint covers is a target as well.
        self.until("endpoints", ["127.0.0.1:1", "127.0.0.1:2"])
        cluster.close()

    def watches(self):
        cluster = Kubernetes()
        cluster.change("pods", "ADDED", pod("a", address="127.0.0.2"))
        self.start({"k8s": {"kubernetes_sd_configs": [{"api_server": "http://" + cluster.host, "role": "pod"}]}})
        self.until("k8s", ["127.0.0.2:1"])
        watching = lambda: wait_for("a watch", lambda: cluster.watchers.get("pods"))  # noqa: E731
        watching()
        cluster.change("pods", "ADDED", pod("b", address="127.0.0.3"))
        self.until("k8s", ["127.0.0.2:1", "127.0.0.3:1"])
        cluster.change("pods", "DELETED", pod("a", address="127.0.0.2"))
        self.until("k8s", ["127.0.0.3:1"])
        assert cluster.lists["pods"] == 1
        # Broken off within an event: taken up again where it was, without another list.
        cluster.interrupt("pods", b'{"type":"ADDED","object":{"metadata":{"name":"half"')
        cluster.change("pods", "ADDED", pod("c", address="127.0.0.4"))
        self.until("k8s", ["127.0.0.3:1", "127.0.0.4:1"])
        assert cluster.lists["pods"] == 1
        # A bookmark moves the place to go on from.
        watching()
        with cluster.lock:
            cluster.version += 50
            cluster.oldest = cluster.version
            for watcher in cluster.watchers["pods"]:
                watcher.put(json.dumps({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(cluster.version)}}}).encode() + b"\n")
        cluster.interrupt("pods")
        cluster.change("pods", "ADDED", pod("d", address="127.0.0.5"))
        self.until("k8s", ["127.0.0.3:1", "127.0.0.4:1", "127.0.0.5:1"])
        assert cluster.lists["pods"] == 1
        # The version expires in the middle of the stream: everything is listed again.
        watching()
        cluster.interrupt("pods", b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
        wait_for("a second list", lambda: cluster.lists["pods"] == 2)
        self.until("k8s", ["127.0.0.3:1", "127.0.0.4:1", "127.0.0.5:1"])
        # And when a watch begins: the same, and nothing that happened in between is lost.
        watching()
        with cluster.lock:
            cluster.version += 10
            cluster.oldest = cluster.version + 1
        cluster.change("pods", "DELETED", pod("d", address="127.0.0.5"))
        with cluster.lock:
            cluster.oldest = cluster.version + 1
        cluster.interrupt("pods", b"{}\n")
        wait_for("a third list", lambda: cluster.lists["pods"] >= 3)
        with cluster.lock:
            cluster.oldest = 0
        self.until("k8s", ["127.0.0.3:1", "127.0.0.4:1"])
        # The API fails: the targets stay and it is counted.
        watching()
        cluster.broken = 503
        cluster.interrupt("pods")
        wait_for("failures", lambda: self.metric("prometheus_sd_kubernetes_failures_total"))
        assert [labels["__address__"] for labels in self.targets("k8s")] == ["127.0.0.3:1", "127.0.0.4:1"]
        cluster.broken = None
        cluster.change("pods", "ADDED", pod("e", address="127.0.0.6"))
        self.until("k8s", ["127.0.0.3:1", "127.0.0.4:1", "127.0.0.6:1"])
        cluster.close()

    def ten_thousand_pods(self):
        cluster = Kubernetes()
        for i in range(10000):
            cluster.change("pods", "ADDED", pod("p%05d" % i, {"app": "web%d" % (i % 100), "keep": "yes" if i % 1000 == 0 else "no"},
                                                address="127.0.%d.%d" % (1 + i // 250, 1 + i % 250)))
        empty = {"none": {"static_configs": []}}
        self.start(empty)
        pid = self.server.program.process.pid
        memory, spent = resident_bytes(pid), processor_seconds(pid)
        self.write({"k8s": {"kubernetes_sd_configs": [{"api_server": "http://" + cluster.host, "role": "pod"}], "keep_dropped_targets": 10,
                            "relabel_configs": [{"source_labels": ["__meta_kubernetes_pod_label_keep"], "regex": "yes", "action": "keep"}]}})
        self.server.post("/-/reload")
        wait_for("ten of ten thousand", lambda: len(self.targets("k8s")) == 10)
        wait_for("a watch", lambda: cluster.watchers.get("pods"))
        spent, memory = processor_seconds(pid) - spent, resident_bytes(pid) - memory
        print("     10,000 pods: %.2f s of processor time, %.1f MB" % (spent, memory / 2 ** 20))
        # Bounds that a sanitized build on a busy machine keeps as well.
        assert spent < 30 and memory < 600 * 2 ** 20, (spent, memory)
        before = processor_seconds(pid)
        for i in range(100):
            cluster.change("pods", "MODIFIED", pod("p%05d" % i, {"app": "web", "keep": "yes"}, address="127.0.1.%d" % (i + 1)))
        wait_for("the changes", lambda: len(self.targets("k8s")) == 109)
        print("     100 of them changed: %.2f s of processor time" % (processor_seconds(pid) - before))
        assert cluster.lists["pods"] == 1
        cluster.close()

    def http(self):
        """http_sd against a real nginx: users, and answers that are no lists of targets."""
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(nginx):
            return self.checks.skip("http_sd", "nginx is not installed")
        port, root = free_port(), os.path.join(self.folder, "www")
        os.makedirs(root)
        with open(os.path.join(self.folder, "users"), "w") as file:
            file.write("me:{PLAIN}secret\n")
        with open(os.path.join(self.folder, "nginx.conf"), "w") as file:
            file.write("""daemon off; pid nginx.pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  types { application/json json; }
  server { listen 127.0.0.1:%d; root www; auth_basic x; auth_basic_user_file users; location /fails { return 500; } }
}
""" % port)
        os.chmod(self.folder, 0o755)
        self.checks.own(Program("nginx", [nginx, "-p", self.folder, "-c", os.path.join(self.folder, "nginx.conf")], self.folder))

        def publish(text, name="targets.json"):
            with open(os.path.join(root, name + ".new"), "w") as file:
                file.write(text)
            os.replace(os.path.join(root, name + ".new"), os.path.join(root, name))

        publish('[{"targets": ["127.0.0.1:1"], "labels": {"team": "a"}}]')
        url = "http://127.0.0.1:%d/" % port
        section = {"url": url + "targets.json", "refresh_interval": "1s", "basic_auth": {"username": "me", "password": "secret"}}
        self.start({"http": {"http_sd_configs": [section]}, "stranger": {"http_sd_configs": [{**section, "basic_auth": {"username": "you"}}]},
                    "fails": {"http_sd_configs": [{**section, "url": url + "fails"}]}})
        self.until("http", ["127.0.0.1:1"])
        labels = self.targets("http")[0]
        assert labels["team"] == "a" and labels["__meta_url"] == url + "targets.json", labels
        publish('[{"targets": ["127.0.0.1:1", "127.0.0.1:2"]}]')
        self.until("http", ["127.0.0.1:1", "127.0.0.1:2"])
        for bad in ("nonsense [", '{"targets": []}', '[{"targets": "x"}]'):
            failures = self.metric("prometheus_sd_http_failures_total")
            publish(bad)
            wait_for("failures", lambda failures=failures: self.metric("prometheus_sd_http_failures_total") >= failures + 6)
            assert [labels["__address__"] for labels in self.targets("http")] == ["127.0.0.1:1", "127.0.0.1:2"]
        publish("[]")
        self.until("http", [])
        assert self.targets("stranger") == [] and self.targets("fails") == []
        page = get(self.server.url + "/metrics").decode()
        for name in ("prometheus_sd_discovered_targets", "prometheus_sd_last_update_timestamp_seconds", "prometheus_sd_failed_configs",
                     "prometheus_sd_received_updates_total", "prometheus_sd_updates_total", "prometheus_sd_updates_delayed_total",
                     "prometheus_sd_refresh_failures_total", "prometheus_sd_refresh_duration_seconds",
                     "prometheus_sd_refresh_duration_histogram_seconds", "prometheus_target_sync_length_seconds",
                     "prometheus_target_sync_length_histogram_seconds", "prometheus_target_sync_failed_total",
                     "prometheus_target_scrape_pool_sync_total", "prometheus_target_scrape_pool_targets",
                     "prometheus_target_scrape_pool_target_limit", "prometheus_target_interval_length_histogram_seconds",
                     "prometheus_target_scrape_pools_total", "prometheus_target_scrape_pools_failed_total",
                     "prometheus_target_scrape_pool_reloads_total", "prometheus_target_scrape_pool_reloads_failed_total",
                     "prometheus_target_scrape_pool_exceeded_target_limit_total",
                     "prometheus_target_interval_length_seconds", "prometheus_target_metadata_cache_entries"):
            assert "# TYPE %s " % name in page, name

    def reload(self):
        """What did not change keeps its connection and its schedule; secrets in files are read at each use."""
        target, secret = Target(), os.path.join(self.folder, "secret")
        with open(secret, "w") as file:
            file.write("one\n")
        stays = {"static_configs": [{"targets": [target.address]}], "authorization": {"credentials_file": secret}}
        flags = ["--enable-feature=auto-reload-config", "--config.auto-reload-interval=1s"]
        self.start({"stays": stays, "goes": {"static_configs": [{"targets": ["127.0.0.1:1"]}]}}, *flags)
        wait_for("scrapes", lambda: len(target.headers) >= 2)
        with open(secret, "w") as file:
            file.write("two\n")
        wait_for("the new secret", lambda: target.headers[-1]["Authorization"] == "Bearer two")
        assert target.headers[0]["Authorization"] == "Bearer one"
        changed = {"static_configs": [{"targets": ["127.0.0.1:1"]}], "scrape_interval": "2s"}
        self.write({"stays": stays, "goes": changed})
        self.server.post("/-/reload")
        wait_for("a job that was scraped in another way",
                 lambda: 'prometheus_target_reload_length_seconds_count{interval="2s"}' in get(self.server.url + "/metrics").decode())
        for number, how in enumerate(("post", "signal", "by itself")):
            job = "new%d" % number
            self.write({"stays": stays, job: {"static_configs": [{"targets": ["127.0.0.1:2"]}]}})
            if how == "post":
                self.server.post("/-/reload")
            elif how == "signal":
                self.server.program.process.send_signal(signal.SIGHUP)
            self.until(job, ["127.0.0.1:2"])
        seen = len(target.headers)
        wait_for("more scrapes", lambda: len(target.headers) >= seen + 2)
        assert target.connections == 1, target.connections

        # No scrape is left out over a reload and none made twice: the distances are the interval. On a busy machine not at once.
        def gaps():
            self.write({"stays": stays, "new%d" % len(target.headers): {"static_configs": [{"targets": ["127.0.0.1:2"]}]}})
            self.server.post("/-/reload")
            reloaded = len(target.headers)
            wait_for("more scrapes", lambda: len(target.headers) >= reloaded + 3)
            samples = self.server.query('up{job="stays"}[4500ms]')[0]["values"]
            return [round(later - earlier, 1) for (earlier, _), (later, _) in zip(samples, samples[1:])]
        becomes("an undisturbed schedule", gaps, lambda all: len(all) >= 3 and all_between(all, 0.5, 1.5))
        target.close()


def main(checks, options):
    tests = Discovery(options.server, checks)
    for test in (tests.docker, tests.swarm, tests.consul, tests.ec2, tests.ec2_roles, tests.kubernetes, tests.watches, tests.ten_thousand_pods,
                 tests.http, tests.reload):
        checks.run(test.__name__, test)


if __name__ == "__main__":
    script(main, __doc__)
