#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace meerkat::host {

// Runs work that may hang - a file system whose server is gone, a sensor that does not answer - in
// a thread of its own and waits for it only so long. What does not come back is left behind with
// its thread, and not begun again until it has. Threads: Run from one at a time.
class Patience {
 public:
  explicit Patience(Millis patience);
  // Does not wait for what hangs: such work must own what it touches.
  ~Patience();
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  // True when `work` has ended in time. False: it hangs, or an earlier one of this key still does.
  bool Run(const std::string& key, std::function<void()> work);

 private:
  struct Worker;
  struct Stuck;

  const Millis patience_;
  std::shared_ptr<Stuck> stuck_;
  std::shared_ptr<Worker> worker_;  // the idle thread; null: none yet
};

}  // namespace meerkat::host
