#include "server/setup/exporter_search.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <utility>

namespace meerkat::setup {
namespace {

constexpr std::uint16_t kFirstPort = 1024;
constexpr std::size_t kMostPorts = 256;
constexpr Millis kPatience = std::chrono::seconds(1);
constexpr std::uint64_t kMostBytes = 16 << 20;

// These speak protocols of their own; a request would only fill their logs.
constexpr std::array<std::uint16_t, 20> kOtherProtocols = {
    1433, 1521, 1883, 2181, 3306, 3389, 5432,  5433,  5671,  5672,
    5900, 6379, 6380, 9042, 9092, 9300, 11211, 26379, 27017, 33060};

struct Mark {
  std::string_view metric;  // the beginning of a name only this one exposes
  std::string_view job;
  std::string_view title;
};
constexpr Mark kMarks[] = {
    {"node_exporter_build_info", "node", "Node exporter"},
    {"redis_exporter_", "redis", "Redis"},
    {"pg_exporter_", "postgresql", "PostgreSQL"},
    {"postgres_exporter_", "postgresql", "PostgreSQL"},
    {"mysql_", "mysql", "MySQL"},
    {"mongodb_", "mongodb", "MongoDB"},
    {"memcached_", "memcached", "Memcached"},
    {"rabbitmq_", "rabbitmq", "RabbitMQ"},
    {"kafka_", "kafka", "Kafka"},
    {"elasticsearch_", "elasticsearch", "Elasticsearch"},
    {"nginx_", "nginx", "nginx"},
    {"apache_", "apache", "Apache"},
    {"haproxy_", "haproxy", "HAProxy"},
    {"traefik_", "traefik", "Traefik"},
    {"caddy_", "caddy", "Caddy"},
    {"cadvisor_version_info", "cadvisor", "cAdvisor"},
    {"engine_daemon_", "docker", "Docker"},
    {"flower_", "celery", "Celery (Flower)"},
    {"celery_", "celery", "Celery"},
    {"flask_", "flask", "Flask application"},
    {"django_", "django", "Django application"},
    {"blackbox_exporter_", "blackbox", "Blackbox exporter"},
    {"etcd_server_", "etcd", "etcd"},
    {"alertmanager_build_info", "alertmanager", "Alertmanager"},
    {"grafana_build_info", "grafana", "Grafana"},
    {"prometheus_build_info", "prometheus", "Prometheus"},
};

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

net::Awaitable<std::optional<FoundExporter>> Ask(net::HttpClient& client, std::uint16_t port) {
  std::string address = "127.0.0.1:" + std::to_string(port);
  net::ClientRequest request;
  request.url = "http://" + address + "/metrics";
  request.timeout = kPatience;
  request.max_body_bytes = kMostBytes;
  request.headers.Set("Accept", "text/plain;version=0.0.4");
  const auto response = co_await client.Fetch(std::move(request));
  if (!response || response->status != 200) co_return std::nullopt;
  if (!response->headers.Get("Content-Type").starts_with("text/plain") &&
      !response->headers.Get("Content-Type").starts_with("application/openmetrics-text")) {
    co_return std::nullopt;
  }
  co_return Recognise(response->body, std::move(address));
}

net::HttpClientConfig Plain() {
  net::HttpClientConfig config;
  config.follow_redirects = false;
  return config;
}

}  // namespace

std::optional<FoundExporter> Recognise(std::string_view page, std::string address) {
  FoundExporter found;
  std::size_t best = std::size(kMarks);
  while (!page.empty()) {
    const auto end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
    if (line.empty() || line.front() == '#' || line == "\r") continue;
    if (!IsNameByte(line.front()) || line.find(' ') == std::string_view::npos) return std::nullopt;
    ++found.samples;
    for (std::size_t i = 0; i < best; ++i) {
      if (line.starts_with(kMarks[i].metric)) best = i;
    }
  }
  if (found.samples == 0) return std::nullopt;
  if (best < std::size(kMarks)) {
    found.job = kMarks[best].job;
    found.title = kMarks[best].title;
  } else {
    found.job = "app";
    found.title = "/metrics on port " + address.substr(address.rfind(':') + 1);
  }
  found.address = std::move(address);
  return found;
}

ExporterSearch::ExporterSearch(net::IoThread& io, net::ThreadPool& blocking, Ports listening)
    : io_(io), client_(io, blocking, Plain()), listening_(std::move(listening)) {}

std::optional<FoundExporter> ExporterSearch::Look(std::uint16_t port) {
  return net::BlockOn(io_, Ask(client_, port));
}

std::vector<FoundExporter> ExporterSearch::Find() {
  std::vector<std::future<std::optional<FoundExporter>>> asked;
  for (const std::uint16_t port : listening_()) {
    if (port < kFirstPort || asked.size() == kMostPorts) continue;
    if (std::find(kOtherProtocols.begin(), kOtherProtocols.end(), port) != kOtherProtocols.end()) {
      continue;
    }
    asked.push_back(
        boost::asio::co_spawn(io_.context(), Ask(client_, port), boost::asio::use_future));
  }
  std::vector<FoundExporter> found;
  for (auto& answer : asked) {
    if (auto one = answer.get()) found.push_back(std::move(*one));
  }
  return found;
}

}  // namespace meerkat::setup
