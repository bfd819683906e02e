#include "server/host/system_bus.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

// Messages, little endian (D-Bus specification, "Message Protocol"):
//   message := 'l', type: u8, flags: u8, version: u8 = 1, body length: u32, serial: u32,
//              length of fields: u32, fields, padding to 8, body
//   field   := aligned to 8: code: u8, signature of its value, value
namespace meerkat::host {
namespace {

constexpr std::size_t kMaxMessage = 32 << 20;
constexpr std::uint8_t kMethodCall = 1;
constexpr std::uint8_t kMethodReturn = 2;
constexpr std::uint8_t kError = 3;
enum Field : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kReplySerial = 5,
  kDestination = 6,
  kSignature = 8
};

class BusWriter {
 public:
  void Align(std::size_t to) {
    while (bytes_.size() % to != 0) bytes_ += '\0';
  }
  void Byte(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void U32(std::uint32_t value) {
    Align(4);
    for (unsigned shift = 0; shift < 32; shift += 8)
      Byte(static_cast<std::uint8_t>(value >> shift));
  }
  void String(std::string_view text) {
    U32(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
    bytes_ += '\0';
  }
  void Signature(std::string_view text) {
    Byte(static_cast<std::uint8_t>(text.size()));
    bytes_ += text;
    bytes_ += '\0';
  }
  void Text(Field field, std::string_view type, std::string_view value) {
    Align(8);
    Byte(field);
    Signature(type);
    if (type == "g") {
      Signature(value);
    } else {
      String(value);
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

Error Failed(std::string_view what) {
  return {Code::kUnavailable, "system bus: " + std::string(what) + ": " + std::strerror(errno)};
}
Error Malformed() {
  return {Code::kUnavailable, "system bus: malformed message"};
}

}  // namespace

std::string_view BusReader::Take(std::size_t size) {
  if (!ok_ || size > bytes_.size() - at_) {
    ok_ = false;
    return {};
  }
  at_ += size;
  return bytes_.substr(at_ - size, size);
}

void BusReader::Align(std::size_t to) {
  const std::size_t aligned = (at_ + to - 1) / to * to;
  Take(aligned - at_);
}

std::uint8_t BusReader::Byte() {
  const std::string_view bytes = Take(1);
  return bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes[0]);
}

std::uint32_t BusReader::U32() {
  Align(4);
  const std::string_view bytes = Take(4);
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    value = value << 8U | static_cast<std::uint8_t>(bytes[i - 1]);
  return value;
}

std::uint64_t BusReader::U64() {
  Align(8);
  const std::uint64_t low = U32();
  return static_cast<std::uint64_t>(U32()) << 32U | low;
}

std::string_view BusReader::String() {
  const std::string_view text = Take(U32());
  Byte();
  return text;
}

std::string_view BusReader::Signature() {
  const std::string_view text = Take(Byte());
  Byte();
  return text;
}

SystemBus::SystemBus(SystemBus&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), serial_(other.serial_) {}

SystemBus::~SystemBus() {
  if (socket_ >= 0) close(socket_);
}

Result<SystemBus> SystemBus::Connect(const std::filesystem::path& path, Millis timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof(address.sun_path)) return Error(Code::kInvalid, "path too long");
  std::copy(text.begin(), text.end(), address.sun_path);
  SystemBus bus(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bus.socket_ < 0) return Failed("socket");
  timeval limit{};
  limit.tv_sec = timeout.count() / 1000;
  limit.tv_usec = timeout.count() % 1000 * 1000;
  setsockopt(bus.socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(bus.socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (connect(bus.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Failed("connect " + text);
  }
  if (auto done = bus.Authenticate(); !done) return std::move(done).error();
  constexpr Method kHello = {"org.freedesktop.DBus", "/org/freedesktop/DBus",
                             "org.freedesktop.DBus", "Hello"};
  if (auto hello = bus.Call(kHello, {}); !hello) return std::move(hello).error();
  return bus;
}

// The kernel vouches for the user; the name is its decimal number, digit by digit in hexadecimal.
Result<> SystemBus::Authenticate() {
  std::string hex;
  for (const char digit : std::to_string(geteuid())) (hex += '3') += digit;
  const std::string greeting = std::string(1, '\0') + "AUTH EXTERNAL " + hex + "\r\n";
  if (auto sent = Send(greeting); !sent) return sent;
  std::string line;
  while (!line.ends_with("\r\n")) {
    auto byte = Receive(1);
    if (!byte) return std::move(byte).error();
    line += *byte;
    if (line.size() > 1024) return Malformed();
  }
  if (!line.starts_with("OK ")) {
    return Error(Code::kUnavailable, "system bus: authentication refused");
  }
  return Send("BEGIN\r\n");
}

Result<> SystemBus::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Failed("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> SystemBus::Receive(std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = recv(socket_, bytes.data() + have, size - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return Error(Code::kUnavailable, "system bus: closed");
    if (got < 0) return Failed("receive");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<std::string> SystemBus::Call(const Method& method,
                                    const std::vector<std::string_view>& arguments) {
  BusWriter body;
  for (const std::string_view argument : arguments) body.String(argument);
  BusWriter fields;
  fields.Text(kPath, "o", method.path);
  fields.Text(kInterface, "s", method.interface);
  fields.Text(kMember, "s", method.member);
  fields.Text(kDestination, "s", method.destination);
  if (!arguments.empty()) fields.Text(kSignature, "g", std::string(arguments.size(), 's'));
  BusWriter message;
  message.Byte('l');
  message.Byte(kMethodCall);
  message.Byte(0);
  message.Byte(1);
  message.U32(static_cast<std::uint32_t>(body.bytes().size()));
  message.U32(++serial_);
  message.U32(static_cast<std::uint32_t>(fields.bytes().size()));
  std::string whole = message.bytes() + fields.bytes();
  whole.resize((whole.size() + 7) / 8 * 8);
  if (auto sent = Send(whole + body.bytes()); !sent) return std::move(sent).error();

  while (true) {  // signals and the like come in between
    auto start = Receive(16);
    if (!start) return std::move(start).error();
    BusReader head(*start);
    const bool little = head.Byte() == 'l';
    const std::uint8_t type = head.Byte();
    head.Byte();
    head.Byte();
    const std::size_t body_size = head.U32();
    head.U32();
    const std::size_t fields_size = head.U32();
    if (!little || body_size > kMaxMessage || fields_size > kMaxMessage) return Malformed();
    // 16 bytes are a multiple of 8, so the fields can be read on their own.
    auto rest = Receive((fields_size + 7) / 8 * 8 + body_size);
    if (!rest) return std::move(rest).error();
    BusReader reader(std::string_view(*rest).substr(0, fields_size));
    std::uint32_t reply_to = 0;
    while (reader.ok() && reader.at() < fields_size) {
      reader.Align(8);
      const std::uint8_t code = reader.Byte();
      const std::string_view signature = reader.Signature();
      if (signature == "u") {
        const std::uint32_t value = reader.U32();
        if (code == kReplySerial) reply_to = value;
      } else if (signature == "g") {
        reader.Signature();
      } else {
        reader.String();
      }
    }
    if (!reader.ok()) return Malformed();
    if (reply_to != serial_) continue;
    std::string answer = rest->substr(rest->size() - body_size);
    if (type == kMethodReturn) return answer;
    if (type != kError) continue;
    return Error(Code::kUnavailable, "system bus: " + std::string(method.member) + ": " +
                                         std::string(BusReader(answer).String()));
  }
}

}  // namespace meerkat::host
