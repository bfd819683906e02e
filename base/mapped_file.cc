#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace meerkat {
namespace {

Error Failed(const std::filesystem::path& path) {
  return {errno == ENOENT ? Code::kNotFound : Code::kUnavailable,
          path.string() + ": " + std::strerror(errno)};
}

}  // namespace

Result<MappedFile> MappedFile::Open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failed(path);
  struct stat status;
  if (::fstat(file, &status) != 0) {
    Error error = Failed(path);
    ::close(file);
    return error;
  }
  MappedFile mapped;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > 0) {
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) {
      Error error = Failed(path);
      ::close(file);
      return error;
    }
    mapped.bytes_ = {static_cast<const char*>(memory), size};
  }
  ::close(file);
  return mapped;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace meerkat
