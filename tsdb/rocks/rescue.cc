#include "tsdb/rocks/rescue.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tsdb/chunk/frame.h"
#include "tsdb/import/big_endian.h"
#include "tsdb/rocks/status.h"

namespace meerkat::tsdb {

namespace {

constexpr std::string_view kList = "MANIFEST-";

std::filesystem::path NotesOf(const std::filesystem::path& path) {
  return path.string() + ".known";
}

std::string ReadFile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What CURRENT names, or "".
std::string CurrentList(const std::filesystem::path& path) {
  std::string name = ReadFile(path / "CURRENT");
  if (!name.starts_with(kList) || !name.ends_with('\n')) return "";
  name.pop_back();
  return std::filesystem::exists(path / name) ? name : "";
}

// RocksDB's log format: blocks of 32 KiB, which no record crosses; of each record its checksum
// (masked CRC-32C of type and body), length and type in front of its body.
constexpr std::uintmax_t kLogBlock = 32 << 10;
constexpr std::size_t kLogHeader = 7;

std::uint32_t LittleEndian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

// The bytes of the record that `bytes` begins with; beyond the end of them when it claims so.
std::size_t LogRecordSize(std::string_view bytes) {
  return kLogHeader + LittleEndian(bytes.substr(4, 2));
}

bool IsLogRecord(std::string_view bytes) {
  const std::size_t size = LogRecordSize(bytes);
  const char type = bytes[6];
  if (type < 1 || type > 4 || size > bytes.size()) return false;
  const std::uint32_t sum = Crc32c(bytes.substr(6, size - 6));
  return (sum >> 15 | sum << 17) + 0xA282EAD8U == LittleEndian(bytes.substr(0, 4));
}

bool LosesRecords(std::string_view block) {
  while (block.size() >= kLogHeader && LogRecordSize(block) <= block.size()) {
    block.remove_prefix(LogRecordSize(block));
  }
  for (; block.size() > kLogHeader; block.remove_prefix(1)) {
    if (IsLogRecord(block)) return true;
  }
  return false;
}

}  // namespace

void NoteLengths(const std::filesystem::path& path, bool stopped) {
  std::ostringstream notes;
  const std::string list = CurrentList(path);
  for (const auto& file : FilesIn(path)) {
    const std::string name = file.filename();
    if (name != list && !(stopped && file.extension() == ".log")) continue;
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!error) notes << name << ' ' << size << '\n';
  }
  const std::string text = notes.str();
  const auto fresh = NotesOf(path).string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << text << "checksum " << Checksum(text) << '\n';
    if (!out.flush()) return;
  }
  std::error_code ignored;
  std::filesystem::rename(fresh, NotesOf(path), ignored);
}

std::string FindTornFile(const std::filesystem::path& path, bool& list_is_torn) {
  list_is_torn = false;
  const std::string notes = ReadFile(NotesOf(path));
  const std::size_t end = notes.rfind("checksum ");
  if (end == std::string::npos) return "";
  const std::string text = notes.substr(0, end);
  if (notes.substr(end) != "checksum " + std::to_string(Checksum(text)) + "\n") return "";
  const std::string list = CurrentList(path);
  std::istringstream lines(text);
  std::string name;
  std::uintmax_t size = 0;
  std::string torn;
  while (lines >> name >> size) {
    std::error_code error;
    const auto now = std::filesystem::file_size(path / name, error);
    if (error || now >= size) continue;  // what is gone as a whole was not needed any more
    list_is_torn = list_is_torn || name == list;
    if (torn.empty()) {
      torn = name + " ends at byte " + std::to_string(now) + ", it had " + std::to_string(size);
    }
  }
  return torn;
}

std::string FindLostRecords(const std::filesystem::path& path) {
  const std::string list = CurrentList(path);
  for (const auto& file : FilesIn(path)) {
    const std::string name = file.filename();
    if (name != list && file.extension() != ".log") continue;
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error || size == 0) continue;
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>((size - 1) / kLogBlock * kLogBlock));
    const std::string block{std::istreambuf_iterator<char>(in), {}};
    if (LosesRecords(block)) {
      return name + " has whole records behind one that reaches beyond its end";
    }
  }
  return "";
}

bool MendCurrent(const std::filesystem::path& path) {
  if (!CurrentList(path).empty()) return false;
  std::string newest;
  for (const auto& file : FilesIn(path)) {
    if (file.filename().string().starts_with(kList)) newest = file.filename();
  }
  if (newest.empty()) return false;
  std::ofstream out(path / "CURRENT", std::ios::binary | std::ios::trunc);
  out << newest << '\n';
  return true;
}

bool IsTable(const std::string& file) {
  rocksdb::SstFileReader reader((rocksdb::Options()));
  return reader.Open(file).ok();
}

Result<std::vector<std::filesystem::path>> RebuildList(
    const std::filesystem::path& path, const rocksdb::DBOptions& options,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  std::vector<std::filesystem::path> aside;
  const auto rescued = path.parent_path() / "rescued";
  for (const auto& file : FilesIn(path)) {
    if (file.extension() != ".sst") continue;
    rocksdb::SstFileReader reader((rocksdb::Options()));
    if (!reader.Open(file.string()).ok()) continue;  // RocksDB puts it aside itself
    if (!reader.GetTableProperties()->column_family_name.empty()) continue;
    std::error_code error;
    std::filesystem::create_directories(rescued, error);
    std::filesystem::rename(file, rescued / file.filename(), error);
    if (error) return Error(Code::kUnavailable, "setting aside " + file.string());
    aside.push_back(rescued / file.filename());
  }
  const rocksdb::Status repaired = rocksdb::RepairDB(path.string(), options, families);
  if (!repaired.ok()) return ToError(repaired).Within("repairing " + path.string());
  return aside;
}

}  // namespace meerkat::tsdb
