#include "server/scrape/failure_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "base/json_writer.h"
#include "base/rfc3339.h"

namespace meerkat::scrape {
namespace {

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() { close(fd); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

}  // namespace

Result<FailureLog> OpenFailureLog(const std::string& path, const std::string& job,
                                  const Clock& clock, net::ThreadPool& pool) {
  constexpr int kMode = 0666;
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) {
    return Error(Code::kUnavailable, "can't create json log file: open " + path + ": " +
                                         std::generic_category().message(errno));
  }
  auto file = std::make_shared<Descriptor>(fd);
  return FailureLog([file, job, &clock, &pool](const Target& target, const std::string& error) {
    std::string line;
    JsonWriter json(line);
    json.BeginObject();
    json.Key("time").String(FormatRfc3339Millis(clock.Now()));
    json.Key("level").String("ERROR");
    json.Key("msg").String(error);
    json.Key("job_name").String(job);
    json.Key("target").String(target.url);
    json.EndObject();
    line += '\n';
    pool.Submit([file, line = std::move(line)] {
      // A line that cannot be written is lost; the targets page still shows the error.
      [[maybe_unused]] const ssize_t written = write(file->fd, line.data(), line.size());
    });
  });
}

}  // namespace meerkat::scrape
