#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "base/manual_clock.h"
#include "server/host/host_collector.h"
#include "server/host/system_bus.h"

namespace meerkat::host {
namespace {

void Align(std::string& out, std::size_t to) {
  while (out.size() % to != 0) out += '\0';
}
void AddU32(std::string& out, std::uint32_t value) {
  Align(out, 4);
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
}
void AddString(std::string& out, std::string_view text) {
  AddU32(out, static_cast<std::uint32_t>(text.size()));
  out += text;
  out += '\0';
}
std::string TextVariant(std::string_view text) {
  std::string out("\1s\0", 3);
  AddString(out, text);
  return out;
}

// A system bus with systemd behind it: answers each call by its member and last argument, after a
// signal nobody asked for.
class FakeBus {
 public:
  explicit FakeBus(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);
    listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    thread_ = std::thread([this] { Serve(accept(listener_, nullptr, nullptr)); });
  }
  ~FakeBus() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  void AnswerTo(const std::string& what, std::string body) { answers_[what] = std::move(body); }

 private:
  static std::string Read(int peer, std::size_t size) {
    std::string bytes(size, '\0');
    if (recv(peer, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) bytes.clear();
    return bytes;
  }
  static void Send(int peer, std::uint8_t type, std::uint32_t reply_to, const std::string& body) {
    std::string message = std::string("l") + static_cast<char>(type) + std::string("\0\1", 2);
    AddU32(message, static_cast<std::uint32_t>(body.size()));
    AddU32(message, 99);
    AddU32(message, 8);
    message += std::string("\5\1u\0", 4);  // the serial this replies to
    AddU32(message, reply_to);
    Align(message, 8);
    message += body;
    EXPECT_EQ(send(peer, message.data(), message.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(message.size()));
  }
  void Serve(int peer) {
    std::string greeting;
    for (std::string byte; !greeting.ends_with("\r\n") && !(byte = Read(peer, 1)).empty();)
      greeting += byte;
    EXPECT_TRUE(greeting.starts_with(std::string("\0AUTH EXTERNAL ", 15)));
    send(peer, "OK 1234\r\n", 9, MSG_NOSIGNAL);
    EXPECT_EQ(Read(peer, 7), "BEGIN\r\n");
    for (std::string head; !(head = Read(peer, 16)).empty();) {
      BusReader reader(head);
      reader.U32();
      const std::uint32_t body_size = reader.U32();
      const std::uint32_t serial = reader.U32();
      const std::string rest = Read(peer, (reader.U32() + 7) / 8 * 8 + body_size);
      Send(peer, 4, 0, "");
      const auto answer = std::find_if(answers_.begin(), answers_.end(), [&](const auto& each) {
        return rest.find(each.first) != std::string::npos;
      });
      std::string refusal;
      AddString(refusal, "no such thing");
      if (answer == answers_.end()) {
        Send(peer, 3, serial, refusal);
      } else {
        Send(peer, 2, serial, answer->second);
      }
    }
    close(peer);
  }

  int listener_ = -1;
  std::map<std::string, std::string> answers_;
  std::thread thread_;
};

TEST(Systemd, UnitsComeFromTheSystemBus) {
  const auto root = std::filesystem::path(testing::TempDir()) / "systemd";
  std::string units;
  const auto unit = [&units](std::string_view name, std::string_view load,
                             std::string_view active) {
    Align(units, 8);
    for (const std::string_view text : {name, std::string_view("Some unit"), load, active,
                                        std::string_view("sub"), std::string_view(""), name}) {
      AddString(units, text);
    }
    AddU32(units, 0);
    AddString(units, "");
    AddString(units, "/");
  };
  unit("ssh.service", "loaded", "active");
  unit("backup.timer", "loaded", "failed");
  unit("gone.service", "not-found", "inactive");
  unit("home.mount", "loaded", "active");
  std::string listed;
  AddU32(listed, static_cast<std::uint32_t>(units.size()));
  Align(listed, 8);

  FakeBus bus(root / "run/dbus/system_bus_socket");
  bus.AnswerTo("Hello", "");
  bus.AnswerTo("ListUnits", listed + units);
  bus.AnswerTo("SystemState", TextVariant("running"));
  bus.AnswerTo("Version", TextVariant("252.38-1~deb12u1"));
  bus.AnswerTo("systemd1.Service", TextVariant("notify"));
  std::string trigger("\1t\0\0\0\0\0\0", 8);
  AddU32(trigger, 2'500'000);
  AddU32(trigger, 0);
  bus.AnswerTo("LastTriggerUSec", trigger);

  const ManualClock clock(FromMillis(0));
  HostCollector::Options options;
  options.roots = {root / "proc", root / "sys", root};
  const std::string page = HostCollector(clock, options).Collect();
  for (const char* const line :
       {"node_systemd_unit_state{name=\"ssh.service\",state=\"active\",type=\"notify\"} 1",
        "node_systemd_unit_state{name=\"ssh.service\",state=\"failed\",type=\"notify\"} 0",
        "node_systemd_unit_state{name=\"backup.timer\",state=\"failed\",type=\"\"} 1",
        "node_systemd_timer_last_trigger_seconds{name=\"backup.timer\"} 2.5",
        "node_systemd_units{state=\"active\"} 2", "node_systemd_units{state=\"inactive\"} 1",
        "node_systemd_system_running 1",
        "node_systemd_version{version=\"252.38-1~deb12u1\"} 252.38",
        "node_scrape_collector_success{collector=\"systemd\"} 1"}) {
    EXPECT_NE(("\n" + page).find(std::string("\n") + line + "\n"), std::string::npos) << line;
  }
  EXPECT_EQ(page.find("home.mount"), std::string::npos);
  EXPECT_EQ(page.find("gone.service"), std::string::npos);
  std::filesystem::remove_all(root);
}

TEST(BusReader, StopsAtTheEnd) {
  BusReader reader(std::string_view("\xFF\xFF\xFF\x7Fxx", 6));
  EXPECT_EQ(reader.String(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U64(), 0U);
}

}  // namespace
}  // namespace meerkat::host
