#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace meerkat::setup {

// The TCP ports on which something takes connections to 127.0.0.1, in order, each once: what
// `proc`/net/tcp and tcp6 list as listening on the loopback or on any address. Empty where the
// kernel has no such files.
std::vector<std::uint16_t> ListeningPorts(const std::filesystem::path& proc = "/proc");

}  // namespace meerkat::setup
