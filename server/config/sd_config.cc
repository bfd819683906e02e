#include "server/config/sd_config.h"

#include <algorithm>

#include "base/quote.h"
#include "base/utf8.h"
#include "server/config/http_client_config.h"
#include "server/config/kubernetes_selector.h"
#include "server/net/url.h"

namespace meerkat::config {
namespace {

using namespace discovery;  // NOLINT(google-build-using-namespace): this file is about its structs

constexpr std::string_view kElsewhere[] = {
    "aws",     "azure",    "digitalocean", "ecs",       "elasticache", "eureka",   "gce",
    "hetzner", "ionos",    "kuma",         "lightsail", "linode",      "marathon", "msk",
    "nerve",   "nomad",    "oci",          "openstack", "outscale",    "ovhcloud", "puppetdb",
    "rds",     "scaleway", "serverset",    "stackit",   "triton",      "uyuni",    "vultr"};

// Upstream takes any number; relabeling may still make an address of it.
void CheckPort(Fields& fields, int port) {
  if (fields.reading() && (port < 0 || port > 65535)) {
    fields.map().Warn("port", "not a port: " + std::to_string(port));
  }
}

void FilterFields(Fields& fields, Filters& filters, bool values_needed) {
  if (!fields.reading() && filters.empty()) {
    fields.out().Add("filters", YamlOut::List());
    return;
  }
  fields.Blocks<Filters::value_type>(
      "filters", filters, [values_needed](Fields& item, Filters::value_type& f) {
        item.Field("name", f.first, Show::kAlways);
        item.Field("values", f.second);
        if (values_needed && f.second.empty()) {
          item.Fail("values", "EC2 SD configuration filter values cannot be empty");
        }
      });
}

void GroupFields(Fields& fields, TargetGroup& group) {
  std::vector<std::string> addresses;
  for (const Labels& target : group.targets) addresses.emplace_back(target.Get("__address__"));
  std::map<std::string, std::string> labels;
  for (const Label label : group.labels) labels.emplace(label.name, label.value);
  fields.Field("targets", addresses, Show::kAlways);
  fields.Field("labels", labels);
  if (!fields.reading()) return;
  group.targets.clear();
  std::vector<Label> list;
  for (const auto& [name, value] : labels) {
    if (name.empty() || !IsValidUtf8(name)) {
      fields.Fail("labels", Quote(name) + " is not a valid label name");
    }
    list.push_back({name, value});
  }
  group.labels = Labels::From(std::move(list));
  for (const std::string& address : addresses) {
    group.targets.push_back(Labels{{"__address__", address}});
  }
}

void FileFields(Fields& fields, FileSd& sd) {
  fields.Paths("files", sd.files);
  fields.Field("refresh_interval", sd.refresh_interval);
  if (sd.files.empty()) {
    fields.Fail("files", "file service discovery config must contain at least one path name");
  }
  for (const std::string& path : sd.files) {
    const auto ends = [&](std::string_view suffix) { return path.ends_with(suffix); };
    const std::size_t star = path.find('*');
    const bool star_in_name =
        star == std::string::npos || path.find('/', star) == std::string::npos;
    if (!star_in_name || path.find('*', star + 1) != std::string::npos ||
        !(ends(".json") || ends(".yml") || ends(".yaml"))) {
      fields.Fail("files", "path name " + Quote(path) + " is not valid for file discovery");
    }
  }
}

void HttpFields(Fields& fields, HttpSd& sd) {
  HttpClientFields(fields, sd.http);
  fields.Field("refresh_interval", sd.refresh_interval);
  fields.Field("url", sd.url, Show::kAlways);
  if (sd.url.empty()) return fields.Fail("url", "URL is missing");
  CheckUrl(fields, "url", sd.url);
}

void DnsFields(Fields& fields, DnsSd& sd) {
  using Type = DnsSd::Type;
  static constexpr std::pair<std::string_view, Type> kTypes[] = {{"SRV", Type::kSrv},
                                                                 {"A", Type::kA},
                                                                 {"AAAA", Type::kAaaa},
                                                                 {"MX", Type::kMx},
                                                                 {"NS", Type::kNs}};
  fields.Field("names", sd.names);
  fields.Field("refresh_interval", sd.refresh_interval);
  // Any case is taken.
  std::string type;
  for (const auto& [name, known] : kTypes) {
    if (known == sd.type) type = name;
  }
  if (fields.Field("type", type, Show::kAlways)) {
    std::ranges::transform(type, type.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    const auto found = std::ranges::find(kTypes, std::string_view(type),
                                         &std::pair<std::string_view, Type>::first);
    if (found == std::end(kTypes)) {
      fields.Fail("type", "invalid DNS-SD records type " + type);
    } else {
      sd.type = found->second;
    }
  }
  fields.Field("port", sd.port, Show::kAlways);
  if (sd.names.empty()) {
    fields.Fail("names", "DNS-SD config must contain at least one SRV record name");
  }
  if (sd.type != Type::kSrv && sd.port == 0) {
    fields.Fail("port", "a port is required in DNS-SD configs for all record types except SRV");
  }
  CheckPort(fields, sd.port);
}

void CheckHost(Fields& fields, const std::string& host) {
  if (host.empty()) return fields.Fail("host", "host missing");
  if (auto url = net::Url::Parse(host); !url) fields.Fail("host", url.error().message());
}

void DockerFields(Fields& fields, DockerSd& sd) {
  HttpClientFields(fields, sd.http);
  fields.Field("host", sd.host, Show::kAlways);
  fields.Field("port", sd.port, Show::kAlways);
  FilterFields(fields, sd.filters, false);
  fields.Field("host_networking_host", sd.host_networking_host, Show::kAlways);
  fields.Field("refresh_interval", sd.refresh_interval, Show::kAlways);
  fields.Field("match_first_network", sd.match_first_network, Show::kAlways);
  CheckHost(fields, sd.host);
  CheckPort(fields, sd.port);
}

void DockerSwarmFields(Fields& fields, DockerSwarmSd& sd) {
  using Role = DockerSwarmSd::Role;
  static constexpr std::pair<std::string_view, Role> kRoles[] = {
      {"services", Role::kServices}, {"tasks", Role::kTasks}, {"nodes", Role::kNodes}};
  HttpClientFields(fields, sd.http);
  fields.Field("host", sd.host, Show::kAlways);
  const bool role =
      fields.Enum<Role>("role", sd.role, kRoles, Show::kAlways, [](const std::string& text) {
        return "invalid role " + text + ", expected tasks, services, or nodes";
      });
  fields.Field("port", sd.port, Show::kAlways);
  FilterFields(fields, sd.filters, false);
  fields.Field("refresh_interval", sd.refresh_interval, Show::kAlways);
  CheckHost(fields, sd.host);
  CheckPort(fields, sd.port);
  if (!role) fields.Fail("role", "role missing (one of: tasks, services, nodes)");
}

void ConsulFields(Fields& fields, ConsulSd& sd) {
  fields.Field("server", sd.server);
  fields.Field("path_prefix", sd.path_prefix);
  fields.Field("token", sd.token);
  fields.Field("datacenter", sd.datacenter);
  fields.Field("namespace", sd.name_space);
  fields.Field("partition", sd.partition);
  fields.Field("tag_separator", sd.tag_separator);
  fields.Field("scheme", sd.scheme);
  if (fields.reading()) {
    std::string username;
    net::Secret password;
    fields.Field("username", username);
    fields.Field("password", password);
    if (!username.empty() || !password.empty()) {
      sd.http.basic_auth = net::BasicAuth{
          .username = username, .username_file = {}, .password = {.value = password, .file = {}}};
    }
  }
  fields.Field("allow_stale", sd.allow_stale, Show::kAlways);
  fields.Field("refresh_interval", sd.refresh_interval);
  fields.Field("services", sd.services);
  fields.Field("tags", sd.tags);
  fields.Field("node_meta", sd.node_meta);
  fields.Field("filter", sd.filter);
  fields.Field("health_filter", sd.health_filter);
  HttpClientFields(fields, sd.http);
  if (sd.server.empty()) {
    fields.Fail("server", "consul SD configuration requires a server address");
  }
}

void KubernetesFields(Fields& fields, KubernetesSd& sd) {
  using Role = KubernetesSd::Role;
  static constexpr std::pair<std::string_view, Role> kRoles[] = {
      {"node", Role::kNode},
      {"pod", Role::kPod},
      {"service", Role::kService},
      {"endpoints", Role::kEndpoints},
      {"endpointslice", Role::kEndpointSlice},
      {"ingress", Role::kIngress}};
  const auto unknown = [](const std::string& text) {
    return "unknown Kubernetes SD role " + Quote(text);
  };
  fields.Field("api_server", sd.api_server, Show::kAlways);
  const bool has_role = fields.Enum<Role>("role", sd.role, kRoles, Show::kAlways, unknown);
  fields.Path("kubeconfig_file", sd.kubeconfig_file);
  HttpClientFields(fields, sd.http);
  fields.Block("namespaces", [&](Fields& namespaces) {
    namespaces.Field("own_namespace", sd.own_namespace, Show::kAlways);
    namespaces.Field("names", sd.namespaces);
  });
  fields.Blocks<KubernetesSd::Selector>(
      "selectors", sd.selectors, [&](Fields& item, KubernetesSd::Selector& selector) {
        if (!item.Enum<Role>("role", selector.role, kRoles, Show::kAlways, unknown)) {
          item.Fail("role", "role missing");
        }
        item.Field("label", selector.label);
        item.Field("field", selector.field);
        if (auto good = CheckLabelSelector(selector.label); !good) {
          item.Fail("label", good.error().message());
        }
        if (auto good = CheckFieldSelector(selector.field); !good) {
          item.Fail("field", good.error().message());
        }
      });
  fields.Block("attach_metadata", [&](Fields& attach) {
    attach.Field("node", sd.attach_node);
    attach.Field("namespace", sd.attach_namespace);
    attach.Field("deployment", sd.attach_deployment);
    attach.Field("job", sd.attach_job);
    attach.Field("cronjob", sd.attach_cronjob);
  });

  if (!has_role) {
    fields.Fail("role",
                "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
  }
  const bool own_client = !(sd.http == net::HttpClientConfig{});
  if (sd.api_server.empty() && sd.kubeconfig_file.empty() && own_client) {
    fields.Fail("",
                "to use custom HTTP client configuration please provide the 'api_server' URL "
                "explicitly");
  }
  if (!sd.api_server.empty() && !sd.kubeconfig_file.empty()) {
    fields.Fail("kubeconfig_file", "cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  }
  if (!sd.kubeconfig_file.empty() && own_client) {
    fields.Fail("kubeconfig_file",
                "cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  }
  if (!sd.api_server.empty() && sd.own_namespace) {
    fields.Fail("api_server",
                "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
  }
  if (!sd.kubeconfig_file.empty() && sd.own_namespace) {
    fields.Fail("kubeconfig_file",
                "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
  }
  if (const auto url = net::Url::Parse(sd.api_server); !url) {
    fields.Fail("api_server", url.error().message());
  } else if (fields.reading() && !sd.api_server.empty() && url->host.empty()) {
    fields.map().Warn("api_server", Quote(sd.api_server) + " is no http or https URL");
  }
  const auto allowed = [&](Role role) {
    switch (sd.role) {
      case Role::kPod:
        return role == Role::kPod || role == Role::kNode;
      case Role::kEndpoints:
        return role == Role::kEndpoints || role == Role::kPod || role == Role::kService ||
               role == Role::kNode;
      case Role::kEndpointSlice:
        return role == Role::kEndpointSlice || role == Role::kPod || role == Role::kService ||
               role == Role::kNode;
      default:
        return role == sd.role;
    }
  };
  std::vector<Role> seen;
  for (const auto& selector : sd.selectors) {
    if (!allowed(selector.role)) {
      fields.Fail("selectors", "selector role is not supported by the role of this configuration");
    }
    if (std::ranges::find(seen, selector.role) != seen.end()) {
      fields.Fail("selectors", "duplicated selector role");
    }
    seen.push_back(selector.role);
  }
}

void Ec2Fields(Fields& fields, Ec2Sd& sd) {
  fields.Field("endpoint", sd.endpoint, Show::kAlways);
  fields.Field("region", sd.region, Show::kAlways);
  fields.Field("access_key", sd.access_key);
  fields.Field("secret_key", sd.secret_key);
  fields.Field("profile", sd.profile);
  fields.Field("role_arn", sd.role_arn);
  fields.Field("external_id", sd.external_id);
  fields.Field("refresh_interval", sd.refresh_interval);
  fields.Field("port", sd.port, Show::kAlways);
  FilterFields(fields, sd.filters, true);
  HttpClientFields(fields, sd.http);
  CheckPort(fields, sd.port);
}

template <typename T>
void KindFields(Fields& fields, std::string_view key, SdConfigs& configs,
                void (*describe)(Fields&, T&)) {
  std::vector<T> list;
  if (!fields.reading()) {
    for (SdConfig& config : configs) {
      if (T* const one = std::get_if<T>(&config)) list.push_back(*one);
    }
  }
  fields.Blocks<T>(key, list, describe, "empty or null section in " + std::string(key));
  if (fields.reading()) configs.insert(configs.end(), list.begin(), list.end());
}

void StaticFields(Fields& fields, SdConfigs& configs) {
  std::vector<TargetGroup> groups;
  if (!fields.reading()) {
    for (const SdConfig& config : configs) {
      if (const auto* const sd = std::get_if<StaticSd>(&config)) groups = sd->groups;
    }
  }
  if (!fields.Blocks<TargetGroup>("static_configs", groups, GroupFields,
                                  "empty or null section in static_configs")) {
    return;
  }
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i].source = std::to_string(i);
  configs.emplace_back(StaticSd{std::move(groups)});
}

}  // namespace

void SdFields(Fields& fields, SdConfigs& configs) {
  if (fields.reading()) {
    fields.map().ForEachKey([&](std::string_view key, const YamlValue&) {
      constexpr std::string_view kSuffix = "_sd_configs";
      if (!key.ends_with(kSuffix)) return;
      const std::string_view kind = key.substr(0, key.size() - kSuffix.size());
      if (std::ranges::find(kElsewhere, kind) != std::end(kElsewhere)) {
        fields.Fail(key,
                    "this kind of service discovery is not built in; let a small service answer "
                    "for it and name that in http_sd_configs");
      }
    });
  }
  KindFields<ConsulSd>(fields, "consul_sd_configs", configs, ConsulFields);
  KindFields<DnsSd>(fields, "dns_sd_configs", configs, DnsFields);
  KindFields<DockerSd>(fields, "docker_sd_configs", configs, DockerFields);
  KindFields<DockerSwarmSd>(fields, "dockerswarm_sd_configs", configs, DockerSwarmFields);
  KindFields<Ec2Sd>(fields, "ec2_sd_configs", configs, Ec2Fields);
  KindFields<FileSd>(fields, "file_sd_configs", configs, FileFields);
  KindFields<HttpSd>(fields, "http_sd_configs", configs, HttpFields);
  KindFields<KubernetesSd>(fields, "kubernetes_sd_configs", configs, KubernetesFields);
  StaticFields(fields, configs);
}

void CheckStaticTargets(Fields& fields, const SdConfigs& configs) {
  for (const discovery::SdConfig& config : configs) {
    const auto* const sd = std::get_if<StaticSd>(&config);
    if (sd == nullptr) continue;
    for (std::size_t i = 0; i < sd->groups.size(); ++i) {
      const std::vector<Labels>& targets = sd->groups[i].targets;
      for (std::size_t j = 0; j < targets.size(); ++j) {
        const std::string_view address = targets[j].Get("__address__");
        if (address.find('/') == std::string_view::npos) continue;
        fields.FailAt({"static_configs", i, "targets", j},
                      Quote(address) + " is not a valid hostname");
      }
    }
  }
}

}  // namespace meerkat::config
