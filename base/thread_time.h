#pragma once

#include <time.h>

#include <chrono>

namespace meerkat {

// What the calling thread has computed so far: it measures work on a machine that does other work
// besides. For differences of two readings on one thread.
inline std::chrono::nanoseconds ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace meerkat
