#include "server/host/host_collector.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/manual_clock.h"

namespace meerkat::host {
namespace {

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

TEST_F(HostCollectorTest, CollectorsCanBeSwitchedOff) {
  File("proc/loadavg", "1 2 3 4/5 6\n");
  options_.disabled = {"loadavg"};
  EXPECT_EQ(Page().find("node_load1"), std::string::npos);
  EXPECT_EQ(HostCollector::Names().size(), 20U);
}

TEST_F(HostCollectorTest, AddsTextfiles) {
  File("text/a.prom", "my_metric 1");
  File("text/b.txt", "other 1\n");
  options_.textfile_directory = root_ / "text";
  const std::string page = Page();
  Expect(page, "my_metric 1");
  Expect(page, "node_textfile_scrape_error 0");
  EXPECT_EQ(page.find("\nother 1"), std::string::npos);
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
