#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace meerkat::setup {

struct Watched {
  std::string job;
  std::string address;  // "127.0.0.1:9121"
  bool operator==(const Watched&) const = default;
};

// The targets chosen on the Home page, as a file_sd file: one group a target, its job as a label.
// Groups that were written into the file by hand stay as they are. Threads: any.
class WatchList {
 public:
  explicit WatchList(std::filesystem::path file) : file_(std::move(file)) {}

  const std::filesystem::path& file() const { return file_; }
  // Empty when there is no file. kInvalid: it holds something else.
  Result<std::vector<Watched>> Read() const EXCLUDES(mu_);
  // Adds or, when the address is there, renames.
  Result<> Add(const Watched& target) EXCLUDES(mu_);
  // kNotFound: it is not there.
  Result<> Remove(const std::string& address) EXCLUDES(mu_);

 private:
  const std::filesystem::path file_;
  mutable Mutex mu_;  // of the file
};

}  // namespace meerkat::setup
