#include <array>

#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

// node_exporter leaves these out by default: RAM disks, loop devices, floppies and partitions.
bool IsIgnored(std::string_view device) {
  const auto digits_behind = [&](std::string_view prefix) {
    if (!device.starts_with(prefix) || device.size() == prefix.size()) return false;
    return device.find_first_not_of("0123456789", prefix.size()) == std::string_view::npos;
  };
  for (const std::string_view prefix : {"z80ram", "ram", "loop", "fd", "zram"}) {
    if (digits_behind(prefix)) return true;
  }
  // hda1, sda1, vda1, xvda1: a letter name, then digits.
  for (const std::string_view prefix : {"hd", "sd", "vd", "xvd"}) {
    if (!device.starts_with(prefix)) continue;
    const std::size_t letters =
        device.find_first_not_of("abcdefghijklmnopqrstuvwxyz", prefix.size());
    if (letters != std::string_view::npos && letters > prefix.size()) return true;
  }
  // nvme0n1p1, mmcblk0p1
  const std::size_t p = device.rfind('p');
  const bool numbered = device.starts_with("nvme") || device.starts_with("mmcblk");
  return numbered && p != std::string_view::npos && p + 1 < device.size() && p > 4 &&
         device.find_first_not_of("0123456789", p + 1) == std::string_view::npos;
}

// What udev found out about a block device: lines `E:ID_MODEL=…`.
class Udev {
 public:
  Udev(const Host& host, std::string_view major, std::string_view minor)
      : text_(ReadText(host.roots.root / "run/udev/data" /
                       ("b" + std::string(major) + ":" + std::string(minor)))
                  .value_or("")) {}

  std::string Get(std::string_view key) const {
    for (const std::string_view line : Lines(text_)) {
      if (line.starts_with("E:") && line.substr(2).starts_with(key) &&
          line.size() > key.size() + 2 && line[key.size() + 2] == '=') {
        return std::string(line.substr(key.size() + 3));
      }
    }
    return "";
  }
  // The disk's own first; that of its controller when it tells none.
  std::string Serial() const {
    std::string serial = Get("SCSI_IDENT_SERIAL");
    return serial.empty() ? Get("ID_SERIAL_SHORT") : serial;
  }

 private:
  std::string text_;
};

struct Column {
  std::string_view name, help;
  double factor;
  bool counter;
};
constexpr double kSector = 512;
constexpr double kMillis = 0.001;
// The columns of /proc/diskstats behind the device's name.
constexpr std::array<Column, 17> kColumns = {{
    {"node_disk_reads_completed_total", "The total number of reads completed successfully.", 1,
     true},
    {"node_disk_reads_merged_total", "The total number of reads merged.", 1, true},
    {"node_disk_read_bytes_total", "The total number of bytes read successfully.", kSector, true},
    {"node_disk_read_time_seconds_total", "The total number of seconds spent by all reads.",
     kMillis, true},
    {"node_disk_writes_completed_total", "The total number of writes completed successfully.", 1,
     true},
    {"node_disk_writes_merged_total", "The number of writes merged.", 1, true},
    {"node_disk_written_bytes_total", "The total number of bytes written successfully.", kSector,
     true},
    {"node_disk_write_time_seconds_total",
     "This is the total number of seconds spent by all writes.", kMillis, true},
    {"node_disk_io_now", "The number of I/Os currently in progress.", 1, false},
    {"node_disk_io_time_seconds_total", "Total seconds spent doing I/Os.", kMillis, true},
    {"node_disk_io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.",
     kMillis, true},
    {"node_disk_discards_completed_total", "The total number of discards completed successfully.",
     1, true},
    {"node_disk_discards_merged_total", "The total number of discards merged.", 1, true},
    {"node_disk_discarded_sectors_total", "The total number of sectors discarded successfully.", 1,
     true},
    {"node_disk_discard_time_seconds_total",
     "This is the total number of seconds spent by all discards.", kMillis, true},
    {"node_disk_flush_requests_total", "The total number of flush requests completed successfully",
     1, true},
    {"node_disk_flush_requests_time_seconds_total",
     "This is the total number of seconds spent by all flush requests.", kMillis, true},
}};

}  // namespace

bool CollectDisks(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "diskstats");
  if (!text) return false;
  std::vector<std::vector<std::string_view>> rows;
  for (const std::string_view line : Lines(*text)) {
    auto fields = FieldsOf(line);
    if (fields.size() >= 14 && !IsIgnored(fields[2])) rows.push_back(std::move(fields));
  }
  for (std::size_t column = 0; column < kColumns.size(); ++column) {
    const Column& shown = kColumns[column];
    bool begun = false;
    for (const auto& row : rows) {
      if (row.size() <= column + 3) continue;
      if (!begun)
        page.Family(shown.name, shown.counter ? Page::Type::kCounter : Page::Type::kGauge,
                    shown.help);
      begun = true;
      page.Sample(Number(row[column + 3]) * shown.factor, {{"device", row[2]}});
    }
  }
  page.Family("node_disk_info", Page::Type::kGauge, "Info of /sys/block/<block_device>.");
  std::vector<Udev> known;
  for (const auto& row : rows) {
    const Udev& udev = known.emplace_back(host, row[0], row[1]);
    const auto device = host.roots.sys / "block" / std::string(row[2]);
    page.Sample(1, {{"device", row[2]},
                    {"major", row[0]},
                    {"minor", row[1]},
                    {"path", udev.Get("ID_PATH")},
                    {"model", udev.Get("ID_MODEL")},
                    {"serial", udev.Serial()},
                    {"revision", udev.Get("ID_REVISION")},
                    {"wwn", udev.Get("ID_WWN")},
                    {"rotational", ReadWord(device / "queue/rotational")}});
  }
  bool begun = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string type = known[i].Get("ID_FS_TYPE");
    if (type.empty()) continue;
    if (!begun)
      page.Family("node_disk_filesystem_info", Page::Type::kGauge, "Info about disk filesystem.");
    begun = true;
    page.Sample(1, {{"device", rows[i][2]},
                    {"type", type},
                    {"usage", known[i].Get("ID_FS_USAGE")},
                    {"uuid", known[i].Get("ID_FS_UUID")},
                    {"version", known[i].Get("ID_FS_VERSION")}});
  }
  begun = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string name = known[i].Get("DM_NAME");
    if (name.empty()) continue;
    if (!begun)
      page.Family("node_disk_device_mapper_info", Page::Type::kGauge,
                  "Info about disk device mapper.");
    begun = true;
    page.Sample(1, {{"device", rows[i][2]},
                    {"name", name},
                    {"uuid", known[i].Get("DM_UUID")},
                    {"vg_name", known[i].Get("DM_VG_NAME")},
                    {"lv_name", known[i].Get("DM_LV_NAME")},
                    {"lv_layer", known[i].Get("DM_LV_LAYER")}});
  }
  return true;
}

}  // namespace meerkat::host
