#include "server/host/host_collector.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <atomic>
#include <fstream>
#include <future>

#include "base/manual_clock.h"

namespace meerkat::host {
namespace {

// With what hangs: long enough for everything else on a busy machine.
constexpr Millis kPatience = std::chrono::seconds(1);

// A machine made of files.
class HostCollectorTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(testing::TempDir()) / "host-collector";
    std::filesystem::remove_all(root_);
    options_.roots = {root_ / "proc", root_ / "sys", root_};
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void File(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void Expect(const std::string& page, const std::string& line) {
    EXPECT_NE(("\n" + page).find("\n" + line + "\n"), std::string::npos) << line << "\nin\n"
                                                                         << page;
  }
  std::string Page() { return HostCollector(clock_, options_).Collect(); }

  std::filesystem::path root_;
  HostCollector::Options options_;
  ManualClock clock_{FromMillis(1'500'000)};
};

TEST_F(HostCollectorTest, ReadsTheProcessor) {
  File("proc/stat",
       "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 100 50 300 4000 5 6 7 8 200 10\nintr 42 1 2\nctxt "
       "77\nbtime 1600000000\n"
       "processes 5\nprocs_running 2\nprocs_blocked 0\n");
  File("proc/loadavg", "0.50 0.25 0.10 1/100 1234\n");
  File("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n");
  const std::string page = Page();
  Expect(page, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 1");
  Expect(page, "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 40");
  Expect(page, "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 2");
  Expect(page, "node_intr_total 42");
  Expect(page, "node_boot_time_seconds 1.6e+09");
  Expect(page, "node_load1 0.5");
  Expect(page, "node_pressure_cpu_waiting_seconds_total 1.5");
  Expect(page, "node_time_seconds 1500");
  Expect(page, "node_scrape_collector_success{collector=\"cpu\"} 1");
  Expect(page, "node_scrape_collector_success{collector=\"meminfo\"} 0");
}

TEST_F(HostCollectorTest, ReadsMemoryInBytes) {
  File("proc/meminfo",
       "MemTotal:       1000 kB\nActive(anon):      2 kB\nHugePages_Total:       3\n");
  File("proc/vmstat", "nr_free_pages 1\npgfault 5\npswpin 6\noom_kill 7\n");
  const std::string page = Page();
  Expect(page, "node_memory_MemTotal_bytes 1.024e+06");
  Expect(page, "node_memory_Active_anon_bytes 2048");
  Expect(page, "node_memory_HugePages_Total 3");
  Expect(page, "node_vmstat_pgfault 5");
  EXPECT_EQ(page.find("nr_free_pages"), std::string::npos);
}

TEST_F(HostCollectorTest, ReadsWholeDisksOnly) {
  const std::string numbers = " 1 2 4 1000 5 6 8 2000 0 3000 4000\n";
  File("proc/diskstats", "254 0 vda" + numbers + "254 1 vda1" + numbers + "7 0 loop0" + numbers +
                             "259 0 nvme0n1" + numbers + "259 1 nvme0n1p1" + numbers);
  const std::string page = Page();
  Expect(page, "node_disk_read_bytes_total{device=\"vda\"} 2048");
  Expect(page, "node_disk_read_time_seconds_total{device=\"vda\"} 1");
  Expect(page, "node_disk_written_bytes_total{device=\"nvme0n1\"} 4096");
  for (const char* ignored : {"vda1", "loop0", "nvme0n1p1"})
    EXPECT_EQ(page.find(ignored), std::string::npos) << ignored;
}

TEST_F(HostCollectorTest, ReadsTheNetwork) {
  File("proc/net/dev",
       "Inter-| Receive\n face |bytes\n  eth0: 10 2 0 0 0 0 0 0 20 3 0 0 0 0 0 0\n");
  File("proc/net/snmp", "Tcp: ActiveOpens CurrEstab\nTcp: 4 5\n");
  File("proc/net/sockstat", "sockets: used 7\nTCP: inuse 3 orphan 0 mem 2\n");
  File("sys/class/net/eth0/operstate", "up\n");
  File("sys/class/net/eth0/flags", "0x1003\n");
  File("sys/class/net/eth0/speed", "1000\n");
  const std::string page = Page();
  Expect(page, "node_network_receive_bytes_total{device=\"eth0\"} 10");
  Expect(page, "node_network_transmit_bytes_total{device=\"eth0\"} 20");
  Expect(page, "node_netstat_Tcp_CurrEstab 5");
  Expect(page, "node_sockstat_sockets_used 7");
  Expect(page, "node_sockstat_TCP_mem_bytes 8192");
  Expect(page, "node_network_up{device=\"eth0\"} 1");
  Expect(page, "node_network_speed_bytes{device=\"eth0\"} 1.25e+08");
}

TEST_F(HostCollectorTest, ShowsMountedFilesystemsOnce) {
  File("proc/self/mounts", "/dev/vda " + std::string("/") +
                               " ext4 rw,relatime 0 0\n/dev/vda / ext4 rw 0 0\n" +
                               "proc /proc proc rw 0 0\n/dev/gone /no\\040such ext4 ro,x 0 0\n");
  const std::string page = Page();
  const std::string labels =
      "{device=\"/dev/vda\",device_error=\"\",fstype=\"ext4\",mountpoint=\"/\"}";
  Expect(page, "node_filesystem_readonly" + labels + " 0");
  EXPECT_EQ(page.find("node_filesystem_size_bytes" + labels),
            page.rfind("node_filesystem_size_bytes" + labels));
  Expect(page,
         "node_filesystem_device_error{device=\"/dev/gone\",device_error=\"cannot be "
         "read\",fstype=\"ext4\","
         "mountpoint=\"/no such\"} 1");
  EXPECT_EQ(page.find("mountpoint=\"/proc\""), std::string::npos);
}

TEST_F(HostCollectorTest, AMountThatHangsCostsOneTimeout) {
  File("proc/1/mounts",
       "/dev/vda / ext4 rw 0 0\nserver:/x /nfs nfs4 rw 0 0\n/dev/vdb /b xfs rw 0 0\n");
  std::promise<void> answer;
  std::atomic<int> asked = 0;
  options_.mount_patience = kPatience;
  options_.patience = std::chrono::minutes(1);
  options_.statfs = [&, gone = answer.get_future().share()](const char* path, struct statvfs*) {
    if (std::string_view(path) != "/nfs") return 0;
    ++asked;
    gone.wait();
    return 0;
  };
  const std::string hanging =
      "node_filesystem_device_error{device=\"server:/x\",device_error=\"mountpoint timeout\","
      "fstype=\"nfs4\",mountpoint=\"/nfs\"} 1";
  const HostCollector collector(clock_, options_);
  for (int i = 0; i < 3; ++i) {
    const std::string page = collector.Collect();
    Expect(page, hanging);
    Expect(page,
           "node_filesystem_size_bytes{device=\"/dev/vdb\",device_error=\"\",fstype=\"xfs\","
           "mountpoint=\"/b\"} 0");
    Expect(page, "node_scrape_collector_success{collector=\"filesystem\"} 1");
  }
  EXPECT_EQ(asked, 1) << "it is not asked again while it hangs";
  answer.set_value();
  while (collector.Collect().find(hanging) != std::string::npos) {
  }
  EXPECT_GE(asked, 2);
}

TEST_F(HostCollectorTest, ACollectorThatHangsSpoilsOnlyItself) {
  File("proc/1/mounts", "/dev/vda / ext4 rw 0 0\n");
  File("proc/loadavg", "1 2 3 4/5 6\n");
  // Owned by the thread that hangs: it may outlive this test.
  const auto answer = std::make_shared<std::promise<void>>();
  options_.patience = kPatience;
  options_.mount_patience = std::chrono::minutes(1);
  options_.statfs = [gone = answer->get_future().share()](const char*, struct statvfs*) {
    gone.wait();
    return 0;
  };
  const HostCollector collector(clock_, options_);
  const std::string page = collector.Collect();
  Expect(page, "node_scrape_collector_success{collector=\"filesystem\"} 0");
  Expect(page, "node_load1 1");
  EXPECT_EQ(page.find("node_filesystem"), std::string::npos);
  answer->set_value();
  while (collector.Collect().find("node_filesystem_size_bytes") == std::string::npos) {
  }
}

TEST_F(HostCollectorTest, ReadsSensors) {
  File("sys/devices/platform/coretemp.0/hwmon/hwmon3/name", "coretemp\n");
  File("sys/devices/platform/coretemp.0/hwmon/hwmon3/temp1_input", "45500\n");
  File("sys/devices/platform/coretemp.0/hwmon/hwmon3/temp1_crit_alarm", "0\n");
  File("sys/devices/platform/coretemp.0/hwmon/hwmon3/temp1_label", "Package id 0\n");
  File("sys/devices/platform/coretemp.0/hwmon/hwmon3/in0_max", "1500\n");
  File("sys/devices/platform/coretemp.0/hwmon/hwmon3/fan2_input", "1200\n");
  std::filesystem::create_directories(root_ / "sys/class/hwmon");
  std::filesystem::create_directory_symlink(root_ / "sys/devices/platform/coretemp.0/hwmon/hwmon3",
                                            root_ / "sys/class/hwmon/hwmon3");
  std::filesystem::create_directory_symlink(
      root_ / "sys/devices/platform/coretemp.0",
      root_ / "sys/devices/platform/coretemp.0/hwmon/hwmon3/device");
  File("sys/class/thermal/thermal_zone0/temp", "27800\n");
  File("sys/class/thermal/thermal_zone0/type", "acpitz\n");
  File("sys/class/power_supply/BAT0/capacity", "88\n");
  File("sys/class/power_supply/BAT0/voltage_now", "12100000\n");
  const std::string page = Page();
  Expect(page, "node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp1\"} 45.5");
  Expect(page,
         "node_hwmon_temp_crit_alarm_celsius{chip=\"platform_coretemp_0\",sensor=\"temp1\"} 0");
  Expect(page, "node_hwmon_in_max_volts{chip=\"platform_coretemp_0\",sensor=\"in0\"} 1.5");
  Expect(page, "node_hwmon_fan_rpm{chip=\"platform_coretemp_0\",sensor=\"fan2\"} 1200");
  Expect(page, "node_hwmon_chip_names{chip=\"platform_coretemp_0\",chip_name=\"coretemp\"} 1");
  Expect(page,
         "node_hwmon_sensor_label{chip=\"platform_coretemp_0\",sensor=\"temp1\","
         "label=\"Package id 0\"} 1");
  Expect(page, "node_thermal_zone_temp{zone=\"0\",type=\"acpitz\"} 27.8");
  Expect(page, "node_power_supply_capacity{power_supply=\"BAT0\"} 88");
  Expect(page, "node_power_supply_voltage_volt{power_supply=\"BAT0\"} 12.1");
}

TEST_F(HostCollectorTest, CountsProcessesAndTheirThreads) {
  const std::string behind = " 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 ";
  File("proc/7/stat", "7 (one (x) y) S" + behind + "1 0 5 0\n");
  File("proc/8/stat", "8 (two) S" + behind + "2 0 5 0\n");
  File("proc/8/task/8/stat", "8 (two) S" + behind + "2 0 5 0\n");
  File("proc/8/task/9/stat", "9 (two) R" + behind + "2 0 5 0\n");
  const std::string page = Page();
  Expect(page, "node_processes_state{state=\"S\"} 2");
  Expect(page, "node_processes_threads 3");
  Expect(page, "node_processes_threads_state{thread_state=\"R\"} 1");
  Expect(page, "node_processes_threads_state{thread_state=\"S\"} 2");
}

TEST_F(HostCollectorTest, CollectorsCanBeSwitchedOff) {
  File("proc/loadavg", "1 2 3 4/5 6\n");
  options_.disabled = {"loadavg"};
  EXPECT_EQ(Page().find("node_load1"), std::string::npos);
  for (const std::string_view name : HostCollector::Names()) options_.disabled.emplace(name);
  EXPECT_EQ(Page().find("{collector="), std::string::npos);
  EXPECT_FALSE(HostCollector::CheckNames(std::vector<std::string>{"cpu", "loadaverage"}));
  EXPECT_TRUE(HostCollector::CheckNames(std::vector<std::string>{"cpu", "systemd"}));
}

TEST_F(HostCollectorTest, AddsTextfiles) {
  File("text/a.prom", "# HELP my_metric what\nmy_metric{of=\"a\"} 1\n");
  File("text/b.prom", "my_metric{of=\"b\"} 2\n");
  File("text/c.txt", "other 1\n");
  options_.textfile_directory = root_ / "text";
  std::string page = Page();
  Expect(page,
         "# HELP my_metric what\n# TYPE my_metric untyped\nmy_metric{of=\"a\"} "
         "1\nmy_metric{of=\"b\"} 2");
  Expect(page, "node_textfile_scrape_error 0");
  EXPECT_EQ(page.find("\nother 1"), std::string::npos);
  EXPECT_NE(page.find("node_textfile_mtime_seconds{file=\"" + (root_ / "text/a.prom").string()),
            std::string::npos);

  File("text/d.prom", "broken\n");
  File("text/e.prom", "old 1 5\n");
  page = Page();
  Expect(page, "my_metric{of=\"b\"} 2");
  Expect(page, "node_textfile_scrape_error 1");
  EXPECT_EQ(page.find("broken"), std::string::npos);
  EXPECT_EQ(page.find("\nold"), std::string::npos) << "times are refused, as node_exporter does";
}

TEST(HostCollector, ReadsThisMachine) {
  const ManualClock clock(FromMillis(0));
  const std::string page = HostCollector(clock).Collect();
  for (const char* name : {"node_cpu_seconds_total{", "node_memory_MemTotal_bytes ", "node_load1 ",
                           "node_uname_info{"}) {
    EXPECT_NE(page.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace meerkat::host
