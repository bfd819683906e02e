#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "server/net/web_config.h"

namespace meerkat::config {

// The text of a --web.config.file: TLS, headers, users, rate limit, with upstream's checks. `file`
// names it in errors and gives the directory relative paths start from.
Result<net::WebConfig> ParseWebConfig(const std::string& file, std::string_view text);

// A --web.config.file that may be edited while the server runs: Current() looks whether it has
// changed and reads it again if so. Threads: any; may read files.
class WebConfigFile {
 public:
  explicit WebConfigFile(std::string path) : path_(std::move(path)) {}
  Result<std::shared_ptr<const net::WebConfig>> Current() EXCLUDES(mu_);

 private:
  struct Stamp {
    std::filesystem::file_time_type changed{};
    std::uintmax_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  const std::string path_;
  Mutex mu_;
  Stamp stamp_ GUARDED_BY(mu_);
  std::shared_ptr<const net::WebConfig> config_ GUARDED_BY(mu_);
};

}  // namespace meerkat::config
