#pragma once

#include <condition_variable>
#include <mutex>

// clang checks these (-Wthread-safety); for g++ they are nothing.
#if defined(__clang__)
#define MEERKAT_THREAD(x) __attribute__((x))
#else
#define MEERKAT_THREAD(x)
#endif
#define CAPABILITY(x) MEERKAT_THREAD(capability(x))
#define SCOPED_CAPABILITY MEERKAT_THREAD(scoped_lockable)
#define GUARDED_BY(x) MEERKAT_THREAD(guarded_by(x))
#define REQUIRES(...) MEERKAT_THREAD(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) MEERKAT_THREAD(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) MEERKAT_THREAD(acquire_capability(__VA_ARGS__))
#define RELEASE(...) MEERKAT_THREAD(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS MEERKAT_THREAD(no_thread_safety_analysis)

namespace meerkat {

// std::mutex that the thread-safety analysis knows.
class CAPABILITY("mutex") Mutex {
 public:
  void Lock() ACQUIRE() { mu_.lock(); }
  void Unlock() RELEASE() { mu_.unlock(); }
  // The spelling of BasicLockable, for std::condition_variable_any.
  void lock() ACQUIRE() {
    mu_.lock();
  }  // NOLINT(readability-identifier-naming): the standard's name
  void unlock() RELEASE() {
    mu_.unlock();
  }  // NOLINT(readability-identifier-naming): the standard's name

 private:
  std::mutex mu_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) ACQUIRE(mu) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() RELEASE() { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

}  // namespace meerkat
