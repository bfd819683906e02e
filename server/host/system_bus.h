#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace meerkat::host {

// Reads values of a D-Bus message body in their order; each is aligned to its own size. After the
// end everything is 0 or "" and ok() is false.
class BusReader {
 public:
  explicit BusReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint8_t Byte();
  std::uint32_t U32();
  std::uint64_t U64();
  std::string_view String();     // types s and o
  std::string_view Signature();  // type g, as it stands before the value of a variant
  void Align(std::size_t to);
  std::size_t at() const { return at_; }
  bool ok() const { return ok_; }

 private:
  std::string_view Take(std::size_t size);
  const std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

// A connection to the D-Bus system bus, enough to ask services for something. Blocks, for at most
// the timeout on each exchange. Threads: one at a time.
class SystemBus {
 public:
  static Result<SystemBus> Connect(const std::filesystem::path& socket, Millis timeout);
  SystemBus(SystemBus&& other) noexcept;
  SystemBus& operator=(SystemBus&&) = delete;
  ~SystemBus();

  struct Method {
    std::string_view destination, path, interface, member;
  };
  // The body of the reply. Arguments are strings.
  Result<std::string> Call(const Method& method, const std::vector<std::string_view>& arguments);

 private:
  explicit SystemBus(int socket) : socket_(socket) {}
  Result<> Authenticate();
  Result<> Send(std::string_view bytes) const;
  Result<std::string> Receive(std::size_t size) const;

  int socket_;
  std::uint32_t serial_ = 0;
};

}  // namespace meerkat::host
