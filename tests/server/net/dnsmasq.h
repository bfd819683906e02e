#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "server/net/dns.h"

namespace meerkat::net {

// A real name server for the zone `test` on a loopback port. Tests skip where it is not installed.
class Dnsmasq {
 public:
  Dnsmasq() {
    for (const char* path : {"/usr/sbin/dnsmasq", "/usr/bin/dnsmasq"}) {
      if (std::filesystem::exists(path)) program_ = path;
    }
    if (program_.empty()) return;
    pid_file_ = std::filesystem::temp_directory_path() /
                ("dnsmasq-" + std::to_string(getpid()) + "-" + std::to_string(FreePort()));
    // Somebody else may take the port that was free a moment ago.
    for (int i = 0; i < 10 && !running(); ++i) Start();
  }
  ~Dnsmasq() { Stop(); }
  Dnsmasq(const Dnsmasq&) = delete;
  Dnsmasq& operator=(const Dnsmasq&) = delete;

  bool installed() const { return !program_.empty(); }
  bool running() const { return pid_ > 0; }
  DnsOptions options() const {
    return {.servers = "127.0.0.1:" + std::to_string(port_), .timeout = Millis(10'000), .tries = 2};
  }

  void Stop() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    // Not our child, so its end shows only in its socket: as long as it is there, so is the
    // process.
    while (pid_ > 0 && kill(pid_, 0) == 0) sched_yield();
    pid_ = 0;
    std::filesystem::remove(pid_file_);
  }

 private:
  static int FreePort() {
    const int probe = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    bind(probe, raw, size);
    getsockname(probe, raw, &size);
    close(probe);
    return ntohs(address.sin_port);
  }

  void Start() {
    port_ = FreePort();
    const passwd* const user = getpwuid(getuid());
    std::vector<std::string> args = {
        program_,
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--no-ping",
        "--bind-interfaces",
        "--listen-address=127.0.0.1",
        "--port=" + std::to_string(port_),
        "--pid-file=" + pid_file_.string(),
        "--user=" + std::string(user == nullptr ? "nobody" : user->pw_name),
        "--local=/test/",
        "--local-ttl=60",
        "--host-record=both.test,127.0.0.1,::1",
        "--host-record=short.test,127.0.0.1,0",
        "--srv-host=_web._tcp.test,both.test,8080,10,5",
        "--mx-host=mail.test,mx1.test,10",
        // An NS record: ns1.test as it goes over the wire.
        "--dns-rr=ns.test,2,03:6e:73:31:04:74:65:73:74:00",
    };
    std::vector<char*> raw;
    for (std::string& arg : args) raw.push_back(arg.data());
    raw.push_back(nullptr);
    pid_t child = 0;
    if (posix_spawn(&child, program_.c_str(), nullptr, nullptr, raw.data(), environ) != 0) return;
    // It goes to the background once it listens.
    int status = 0;
    waitpid(child, &status, 0);
    if (status == 0) std::ifstream(pid_file_) >> pid_;
  }

  std::string program_;
  std::filesystem::path pid_file_;
  int port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace meerkat::net
