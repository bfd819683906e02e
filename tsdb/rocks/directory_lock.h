#pragma once

#include <filesystem>

#include "base/result.h"

namespace meerkat::tsdb {

// Keeps a second process away from a data directory by an flock on the file "lock" in it, which
// holds the owner's process id and is removed when it is let go in order.
class DirectoryLock {
 public:
  // kConflict: another process has it.
  static Result<DirectoryLock> Take(const std::filesystem::path& directory);
  DirectoryLock() = default;
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

  // Whether the owner before did not let go in order.
  bool was_stale() const { return was_stale_; }
  bool held() const { return fd_ >= 0; }
  void Release();

 private:
  std::filesystem::path file_;
  int fd_ = -1;
  bool was_stale_ = false;
};

}  // namespace meerkat::tsdb
