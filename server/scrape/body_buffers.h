#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace meerkat::scrape {

// Memory of bodies that are done, for those to come: the one used last first, for it is still in
// the processor's cache. A handful serves thousands of targets, whose scrapes are spread out.
// Threads: any.
class BodyBuffers {
 public:
  std::string Take() EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    if (kept_.empty()) return {};
    std::string buffer = std::move(kept_.back());
    kept_.pop_back();
    return buffer;
  }
  void Give(std::string buffer) EXCLUDES(mu_) {
    if (buffer.capacity() > kMaxBytes) return;
    const MutexLock lock(mu_);
    if (kept_.size() < kMaxKept) kept_.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t kMaxKept = 4;
  static constexpr std::size_t kMaxBytes = 8 << 20;

  Mutex mu_;
  std::vector<std::string> kept_ GUARDED_BY(mu_);
};

}  // namespace meerkat::scrape
