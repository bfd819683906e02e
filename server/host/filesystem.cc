#include <sys/statvfs.h>

#include <algorithm>
#include <array>

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

// node_exporter's defaults: what holds no files of anybody. Network file systems are left out
// besides, because asking them may hang for as long as their server is gone.
bool IsIgnored(const Mount& mount) {
  constexpr std::array<std::string_view, 41> kTypes = {
      "autofs",     "binfmt_misc", "bpf",       "cgroup",    "cgroup2",    "configfs",
      "debugfs",    "devpts",      "devtmpfs",  "fusectl",   "hugetlbfs",  "iso9660",
      "mqueue",     "nsfs",        "overlay",   "proc",      "procfs",     "pstore",
      "rpc_pipefs", "securityfs",  "selinuxfs", "squashfs",  "erofs",      "sysfs",
      "tracefs",    "efivarfs",    "nfs",       "nfs4",      "cifs",       "smb3",
      "smbfs",      "9p",          "ceph",      "glusterfs", "fuse.sshfs", "fuse.glusterfs",
      "afs",        "ncpfs",       "lustre",    "fuse.s3fs", "fuse.rclone"};
  if (std::find(kTypes.begin(), kTypes.end(), mount.type) != kTypes.end()) return true;
  constexpr std::array<std::string_view, 7> kPoints = {"/dev",
                                                       "/proc",
                                                       "/run/credentials",
                                                       "/sys",
                                                       "/var/lib/docker",
                                                       "/var/lib/containers/storage",
                                                       "/var/lib/kubelet/pods"};
  return std::any_of(kPoints.begin(), kPoints.end(), [&](std::string_view point) {
    return mount.point == point ||
           (mount.point.starts_with(point) && mount.point[point.size()] == '/');
  });
}

}  // namespace

bool CollectFilesystems(const Roots& roots, Page& page) {
  const auto text = ReadText(roots.proc / "self/mounts");
  if (!text) return false;
  struct Row {
    Mount mount;
    struct statvfs stat{};
    bool failed = false;
  };
  std::vector<Row> rows;
  for (const std::string_view line : Lines(*text)) {
    const auto fields = FieldsOf(line);
    if (fields.size() < 4) continue;
    Row row{
        {Unescape(fields[0]), Unescape(fields[1]), std::string(fields[2]), std::string(fields[3])}};
    if (IsIgnored(row.mount)) continue;
    const bool seen = std::any_of(rows.begin(), rows.end(), [&](const Row& other) {
      return other.mount.point == row.mount.point && other.mount.device == row.mount.device;
    });
    if (seen) continue;
    row.failed = statvfs(row.mount.point.c_str(), &row.stat) != 0;
    rows.push_back(std::move(row));
  }
  const auto family = [&](std::string_view name, std::string_view help, auto value,
                          bool also_failed = false) {
    page.Family(name, Page::Type::kGauge, help);
    for (const Row& row : rows) {
      if (row.failed && !also_failed) continue;
      page.Sample(value(row), {{"device", row.mount.device},
                               {"device_error", row.failed ? "cannot be read" : ""},
                               {"fstype", row.mount.type},
                               {"mountpoint", row.mount.point}});
    }
  };
  const auto bytes = [](const Row& row, fsblkcnt_t blocks) {
    return static_cast<double>(blocks) * static_cast<double>(row.stat.f_frsize);
  };
  family("node_filesystem_size_bytes", "Filesystem size in bytes.",
         [&](const Row& row) { return bytes(row, row.stat.f_blocks); });
  family("node_filesystem_free_bytes", "Filesystem free space in bytes.",
         [&](const Row& row) { return bytes(row, row.stat.f_bfree); });
  family("node_filesystem_avail_bytes", "Filesystem space available to non-root users in bytes.",
         [&](const Row& row) { return bytes(row, row.stat.f_bavail); });
  family("node_filesystem_files", "Filesystem total file nodes.",
         [](const Row& row) { return static_cast<double>(row.stat.f_files); });
  family("node_filesystem_files_free", "Filesystem total free file nodes.",
         [](const Row& row) { return static_cast<double>(row.stat.f_ffree); });
  family("node_filesystem_readonly", "Filesystem read-only status.", [](const Row& row) {
    return row.mount.options == "ro" || row.mount.options.starts_with("ro,") ? 1.0 : 0.0;
  });
  family(
      "node_filesystem_device_error",
      "Whether an error occurred while getting statistics for the given device.",
      [](const Row& row) { return row.failed ? 1.0 : 0.0; }, true);
  return true;
}

}  // namespace meerkat::host
