#include "tsdb/rocks/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace meerkat::tsdb {

Result<DirectoryLock> DirectoryLock::Take(const std::filesystem::path& directory) {
  DirectoryLock lock;
  lock.file_ = directory / "lock";
  lock.was_stale_ = std::filesystem::exists(lock.file_);
  lock.fd_ = ::open(lock.file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock.fd_ < 0) {
    return Error(Code::kUnavailable,
                 "lock DB directory: open " + lock.file_.string() + ": " + std::strerror(errno));
  }
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    char owner[32] = {};
    const ssize_t size = ::read(lock.fd_, owner, sizeof owner - 1);
    std::string who =
        size > 0 ? " (process " + std::string(owner, static_cast<std::size_t>(size)) : "";
    if (const auto end = who.find('\n'); end != std::string::npos) who.resize(end);
    if (!who.empty()) who += ")";
    ::close(std::exchange(lock.fd_, -1));
    return Error(Code::kConflict, "lock DB directory: " + directory.string() +
                                      " is in use by another process" + who);
  }
  const std::string self = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.fd_, 0) != 0 ||
      ::pwrite(lock.fd_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
    const std::string reason = std::strerror(errno);
    return Error(Code::kUnavailable,
                 "lock DB directory: write " + lock.file_.string() + ": " + reason);
  }
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : file_(std::move(other.file_)),
      fd_(std::exchange(other.fd_, -1)),
      was_stale_(other.was_stale_) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  Release();
  file_ = std::move(other.file_);
  fd_ = std::exchange(other.fd_, -1);
  was_stale_ = other.was_stale_;
  return *this;
}

DirectoryLock::~DirectoryLock() {
  Release();
}

void DirectoryLock::Release() {
  if (fd_ < 0) return;
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  ::close(std::exchange(fd_, -1));
}

}  // namespace meerkat::tsdb
