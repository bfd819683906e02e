#pragma once

#include <fstream>
#include <string>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "promql/engine.h"
#include "server/net/http.h"

namespace meerkat::web {

// The file of global.query_log_file: one JSON object a line for each query of the API and of rules.
// Threads: any.
class QueryLog {
 public:
  explicit QueryLog(Registry& registry);

  // Another file from now on; "" for none.
  Result<> Open(const std::string& path) EXCLUDES(mu_);
  bool enabled() const EXCLUDES(mu_);

  // One query that ran.
  struct Entry {
    std::string_view query;
    const promql::QueryOptions& options;
    const promql::QueryStats& stats;
    std::string_view error;  // "" for an answer
    Timestamp now;
  };
  // Who asked by HTTP.
  struct Client {
    std::string ip, method, path;
  };
  static Client ClientOf(const net::Request& request);
  void WriteRequest(const Client& client, const Entry& entry) EXCLUDES(mu_);
  void WriteRule(std::string_view file, std::string_view group, const Entry& entry) EXCLUDES(mu_);

 private:
  static std::string Begin(const Entry& entry);
  void Append(std::string line) EXCLUDES(mu_);

  Gauge& enabled_gauge_;
  Counter& failures_;
  mutable Mutex mu_;
  std::string path_ GUARDED_BY(mu_);
  std::ofstream file_ GUARDED_BY(mu_);
};

}  // namespace meerkat::web
