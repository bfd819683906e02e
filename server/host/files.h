#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Small reads from /proc and /sys.
namespace meerkat::host {

// Where the kernel's files are; tests bring their own.
struct Roots {
  std::filesystem::path proc = "/proc";
  std::filesystem::path sys = "/sys";
  std::filesystem::path root = "/";  // os-release
};

// Whole file, at most 4 MiB; nullopt when it cannot be read.
std::optional<std::string> ReadText(const std::filesystem::path& path);
// The file's one number, with its white space around.
std::optional<double> ReadNumber(const std::filesystem::path& path);
// The file without white space at its end; "" when it cannot be read.
std::string ReadWord(const std::filesystem::path& path);

// Views into `text`, which must outlive them. Fields are separated by runs of blanks.
std::vector<std::string_view> Lines(std::string_view text);
std::vector<std::string_view> FieldsOf(std::string_view line);
// 0 when it is none: the kernel writes numbers where numbers belong.
double Number(std::string_view text);

// Names in a directory, sorted; none when there is no such directory.
std::vector<std::string> Names(const std::filesystem::path& directory);

}  // namespace meerkat::host
