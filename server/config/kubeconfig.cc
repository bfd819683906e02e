#include "server/config/kubeconfig.h"

#include <filesystem>

#include "server/config/fields.h"
#include "server/config/prometheus_config.h"
#include "server/config/yaml_reader.h"
#include "server/net/base64.h"

namespace meerkat::config {
namespace {

struct Context {
  std::string cluster;
  std::string user;
  std::string name_space;
};

struct Document {
  std::string current;
  std::map<std::string, Context> contexts;
  std::map<std::string, Kubeconfig> clusters;  // server and CA
  std::map<std::string, net::HttpClientConfig> users;
};

// PEM in base64, as kubeconfig files embed it.
void ReadData(YamlMap& map, std::string_view key, std::string& out) {
  std::string text;
  if (!map.Read(key, text) || text.empty()) return;
  auto bytes = net::Base64Decode(text);
  if (bytes) {
    out = *std::move(bytes);
  } else {
    map.Fail(key, "not base64");
  }
}

void ReadCluster(YamlMap& map, const std::string& directory, Kubeconfig& cluster) {
  map.Read("server", cluster.server);
  map.Read("insecure-skip-tls-verify", cluster.http.tls.insecure_skip_verify);
  map.Read("tls-server-name", cluster.http.tls.server_name);
  map.Read("certificate-authority", cluster.http.tls.ca_file);
  cluster.http.tls.ca_file = JoinDirectory(directory, cluster.http.tls.ca_file);
  ReadData(map, "certificate-authority-data", cluster.http.tls.ca);
  if (!cluster.http.tls.ca.empty()) cluster.http.tls.ca_file.clear();
}

void ReadUser(YamlMap& map, const std::string& directory, net::HttpClientConfig& http) {
  std::string token, token_file, username, password, key;
  map.Read("token", token);
  map.Read("tokenFile", token_file);
  map.Read("username", username);
  map.Read("password", password);
  map.Read("client-certificate", http.tls.cert_file);
  map.Read("client-key", http.tls.key.file);
  http.tls.cert_file = JoinDirectory(directory, http.tls.cert_file);
  http.tls.key.file = JoinDirectory(directory, http.tls.key.file);
  ReadData(map, "client-certificate-data", http.tls.cert);
  ReadData(map, "client-key-data", key);
  if (!http.tls.cert.empty()) http.tls.cert_file.clear();
  if (!key.empty()) http.tls.key = {.value = net::Secret(key), .file = {}};
  if (!token.empty() || !token_file.empty()) {
    http.authorization =
        net::Authorization{.type = "Bearer",
                           .credentials = {.value = net::Secret(token_file.empty() ? token : ""),
                                           .file = JoinDirectory(directory, token_file)}};
  } else if (!username.empty()) {
    http.basic_auth = net::BasicAuth{.username = username,
                                     .username_file = {},
                                     .password = {.value = net::Secret(password), .file = {}}};
  }
  for (const std::string_view helper : {"exec", "auth-provider"}) {
    if (map.Find(helper)) map.Fail(helper, "credential helpers are not run; use a token file");
  }
}

void ReadDocument(YamlMap& map, const std::string& directory, Document& document) {
  map.Read("current-context", document.current);
  const auto named = [&map](std::string_view list, std::string_view inner, auto read) {
    map.Each(list, [&](const YamlValue& item) {
      item.Block([&](YamlMap& entry) {
        std::string name;
        entry.Read("name", name);
        entry.Block(inner, [&](YamlMap& block) { read(name, block); });
      });
    });
  };
  named("contexts", "context", [&](const std::string& name, YamlMap& block) {
    Context& context = document.contexts[name];
    block.Read("cluster", context.cluster);
    block.Read("user", context.user);
    block.Read("namespace", context.name_space);
  });
  named("clusters", "cluster", [&](const std::string& name, YamlMap& block) {
    ReadCluster(block, directory, document.clusters[name]);
  });
  named("users", "user", [&](const std::string& name, YamlMap& block) {
    ReadUser(block, directory, document.users[name]);
  });
}

}  // namespace

Result<Kubeconfig> ReadKubeconfig(const std::string& path) {
  auto text = ReadFile(path);
  if (!text) return std::move(text).error();
  Document document;
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const auto outcome =
      ReadYamlMap(path, *text, [&](YamlMap& map) { ReadDocument(map, directory, document); },
                  {.ignore_unknown_keys = true});
  if (!outcome) return outcome.error();
  const auto context = document.contexts.find(document.current);
  if (context == document.contexts.end()) {
    return Error(Code::kInvalid, path + ": no context \"" + document.current + "\"");
  }
  const auto cluster = document.clusters.find(context->second.cluster);
  if (cluster == document.clusters.end()) {
    return Error(Code::kInvalid, path + ": no cluster \"" + context->second.cluster + "\"");
  }
  Kubeconfig config = cluster->second;
  config.name_space = context->second.name_space;
  while (config.server.ends_with('/')) config.server.pop_back();
  if (const auto user = document.users.find(context->second.user); user != document.users.end()) {
    const net::TlsConfig cluster_tls = config.http.tls;
    config.http = user->second;
    config.http.tls.ca = cluster_tls.ca;
    config.http.tls.ca_file = cluster_tls.ca_file;
    config.http.tls.server_name = cluster_tls.server_name;
    config.http.tls.insecure_skip_verify = cluster_tls.insecure_skip_verify;
  }
  return config;
}

}  // namespace meerkat::config
