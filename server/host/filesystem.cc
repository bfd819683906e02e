#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

struct Mount {
  std::string device, point, type, options;
};

// Octal escapes of /proc/mounts: \040 is a space.
std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3') {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// node_exporter's defaults: what holds no files of anybody.
bool IsIgnored(const Mount& mount) {
  constexpr std::array<std::string_view, 25> kTypes = {
      "autofs",   "binfmt_misc", "bpf",     "cgroup",    "cgroup2",    "configfs",   "debugfs",
      "devpts",   "devtmpfs",    "fusectl", "hugetlbfs", "iso9660",    "mqueue",     "nsfs",
      "overlay",  "proc",        "procfs",  "pstore",    "rpc_pipefs", "securityfs", "selinuxfs",
      "squashfs", "erofs",       "sysfs",   "tracefs"};
  if (std::find(kTypes.begin(), kTypes.end(), mount.type) != kTypes.end()) return true;
  const std::string_view point = mount.point;
  const auto beneath = [point](std::string_view root) {
    return point.starts_with(root) && point.size() > root.size() + 1 && point[root.size()] == '/';
  };
  for (const std::string_view root : {"/dev", "/proc", "/sys"}) {
    if (point == root || beneath(root)) return true;
  }
  return beneath("/run/credentials") || beneath("/var/lib/docker") ||
         beneath("/var/lib/containers/storage");
}

// Which device stands behind a mount, by number: "23 1 254:0 / /mnt rw - ext4 /dev/vda rw".
void AddMountInfo(const Host& host, Page& page) {
  auto text = ReadText(host.roots.proc / "1/mountinfo");
  if (!text) text = ReadText(host.roots.proc / "self/mountinfo");
  if (!text) return;
  std::set<std::pair<std::string, std::string>> seen;
  page.Family("node_filesystem_mount_info", Page::Type::kGauge, "Filesystem mount information.");
  for (const std::string_view line : Lines(*text)) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto fields = FieldsOf(line.substr(0, dash));
    const auto behind = FieldsOf(line.substr(dash + 3));
    if (fields.size() < 6 || behind.size() < 2) continue;
    const Mount mount{Unescape(behind[1]), Unescape(fields[4]), std::string(behind[0]), ""};
    if (IsIgnored(mount) || !seen.emplace(mount.device, mount.point).second) continue;
    const std::size_t colon = std::min(fields[2].find(':'), fields[2].size() - 1);
    page.Sample(1, {{"device", mount.device},
                    {"major", fields[2].substr(0, colon)},
                    {"minor", fields[2].substr(colon + 1)},
                    {"mountpoint", mount.point}});
  }
}

}  // namespace

bool CollectFilesystems(const Host& host, Page& page) {
  // Mounts of the machine, not those of a container this process may run in.
  auto text = ReadText(host.roots.proc / "1/mounts");
  if (!text) text = ReadText(host.roots.proc / "self/mounts");
  if (!text) return false;
  struct Answer {
    struct statvfs stat{};
    int result = -1;
  };
  struct Row {
    Mount mount;
    std::shared_ptr<Answer> answer;
    std::string error;  // "" when the file system answered
  };
  std::vector<Row> rows;
  for (const std::string_view line : Lines(*text)) {
    const auto fields = FieldsOf(line);
    if (fields.size() < 4) continue;
    Row row{
        {Unescape(fields[0]), Unescape(fields[1]), std::string(fields[2]), std::string(fields[3])},
        std::make_shared<Answer>(),
        ""};
    if (IsIgnored(row.mount)) continue;
    const bool seen = std::any_of(rows.begin(), rows.end(), [&](const Row& other) {
      return other.mount.point == row.mount.point && other.mount.device == row.mount.device;
    });
    if (seen) continue;
    const bool answered = host.mounts->Run(
        row.mount.point, [statfs = host.statfs, point = row.mount.point, answer = row.answer] {
          answer->result = statfs(point.c_str(), &answer->stat);
        });
    if (!answered) {
      row.error = "mountpoint timeout";
      row.answer = nullptr;  // somebody else's from now on
    } else if (row.answer->result != 0) {
      row.error = "cannot be read";
    }
    rows.push_back(std::move(row));
  }
  const auto family = [&](std::string_view name, std::string_view help, auto value,
                          bool also_failed = false) {
    page.Family(name, Page::Type::kGauge, help);
    for (const Row& row : rows) {
      if (!row.error.empty() && !also_failed) continue;
      page.Sample(value(row), {{"device", row.mount.device},
                               {"device_error", row.error},
                               {"fstype", row.mount.type},
                               {"mountpoint", row.mount.point}});
    }
  };
  const auto bytes = [](const Row& row, fsblkcnt_t blocks) {
    return static_cast<double>(blocks) * static_cast<double>(row.answer->stat.f_frsize);
  };
  family("node_filesystem_size_bytes", "Filesystem size in bytes.",
         [&](const Row& row) { return bytes(row, row.answer->stat.f_blocks); });
  family("node_filesystem_free_bytes", "Filesystem free space in bytes.",
         [&](const Row& row) { return bytes(row, row.answer->stat.f_bfree); });
  family("node_filesystem_avail_bytes", "Filesystem space available to non-root users in bytes.",
         [&](const Row& row) { return bytes(row, row.answer->stat.f_bavail); });
  family("node_filesystem_files", "Filesystem total file nodes.",
         [](const Row& row) { return static_cast<double>(row.answer->stat.f_files); });
  family("node_filesystem_files_free", "Filesystem total free file nodes.",
         [](const Row& row) { return static_cast<double>(row.answer->stat.f_ffree); });
  family("node_filesystem_purgeable_bytes",
         "Filesystem space available including purgeable space (MacOS specific).",
         [](const Row&) { return 0.0; });
  family("node_filesystem_readonly", "Filesystem read-only status.", [](const Row& row) {
    return row.mount.options == "ro" || row.mount.options.starts_with("ro,") ? 1.0 : 0.0;
  });
  family(
      "node_filesystem_device_error",
      "Whether an error occurred while getting statistics for the given device.",
      [](const Row& row) { return row.error.empty() ? 0.0 : 1.0; }, true);
  AddMountInfo(host, page);
  return true;
}

}  // namespace meerkat::host
