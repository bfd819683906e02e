#pragma once

#include <string>

namespace meerkat::app {

// What the kernel says of this process: limits and what is used of them, memory, threads with their
// CPU time. Plain text for people, behind /debug/process.
std::string ProcessReport();

}  // namespace meerkat::app
