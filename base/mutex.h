#pragma once

#include <condition_variable>
#include <mutex>
#include <shared_mutex>

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
#define ACQUIRE_SHARED(...) MEERKAT_THREAD(acquire_shared_capability(__VA_ARGS__))
#define RELEASE_SHARED(...) MEERKAT_THREAD(release_shared_capability(__VA_ARGS__))
#define RELEASE_GENERIC(...) MEERKAT_THREAD(release_generic_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) MEERKAT_THREAD(requires_shared_capability(__VA_ARGS__))
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

// std::shared_mutex that the thread-safety analysis knows: many readers or one writer.
class CAPABILITY("shared mutex") SharedMutex {
 public:
  void Lock() ACQUIRE() { mu_.lock(); }
  void Unlock() RELEASE() { mu_.unlock(); }
  void LockShared() ACQUIRE_SHARED() { mu_.lock_shared(); }
  void UnlockShared() RELEASE_SHARED() { mu_.unlock_shared(); }

 private:
  std::shared_mutex mu_;
};

class SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mu) ACQUIRE(mu) : mu_(mu) { mu_.Lock(); }
  ~WriterLock() RELEASE() { mu_.Unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mu_;
};

class SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mu) ACQUIRE_SHARED(mu) : mu_(mu) { mu_.LockShared(); }
  ~ReaderLock() RELEASE_GENERIC() { mu_.UnlockShared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mu_;
};

}  // namespace meerkat
