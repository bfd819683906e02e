#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/net/http_client.h"

namespace meerkat::setup {

struct FoundExporter {
  std::string job;      // "redis"
  std::string title;    // "Redis"
  std::string address;  // "127.0.0.1:9121"
  std::size_t samples = 0;
};

// What a page of metrics comes from, by the metrics only that exporter has; nullopt when the text
// is no such page. `address` is taken over.
std::optional<FoundExporter> Recognise(std::string_view page, std::string address);

// Looks for exporters on this machine: GET http://127.0.0.1:PORT/metrics on every port that
// listens, but those below 1024 and those of databases and brokers, which do not speak HTTP.
// Nothing happens before Find or Look is called. Threads: any but the io thread; both wait, a
// second at most.
class ExporterSearch {
 public:
  using Ports = std::function<std::vector<std::uint16_t>()>;
  // `io` and `blocking` outlive the search.
  ExporterSearch(net::IoThread& io, net::ThreadPool& blocking, Ports listening);

  // In the order of the ports.
  std::vector<FoundExporter> Find();
  std::optional<FoundExporter> Look(std::uint16_t port);

 private:
  net::IoThread& io_;
  net::HttpClient client_;
  const Ports listening_;
};

}  // namespace meerkat::setup
