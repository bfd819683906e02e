#include "server/setup/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace meerkat::setup {
namespace {

Error Failed(const char* what, const std::filesystem::path& path) {
  return {Code::kUnavailable, std::string(what) + " " + path.string() + ": " + strerror(errno)};
}

}  // namespace

Result<> ReplaceFile(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return Error(Code::kUnavailable, path.parent_path().string() + ": " + error.message());
  std::filesystem::path fresh = path;
  fresh += ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("open", fresh);
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      Error failed = Failed("write", fresh);
      close(fd);
      return failed;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fsync(fd) != 0) {
    Error failed = Failed("sync", fresh);
    close(fd);
    return failed;
  }
  close(fd);
  if (rename(fresh.c_str(), path.c_str()) != 0) return Failed("rename", fresh);
  return {};
}

}  // namespace meerkat::setup
