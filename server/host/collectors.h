#pragma once

#include <sys/statvfs.h>

#include <functional>
#include <string>

#include "base/clock.h"
#include "server/host/files.h"
#include "server/host/page.h"
#include "server/host/patience.h"

// One function a collector: reads what it is named for and writes it under node_exporter's names,
// labels and units. False: the kernel does not offer it here.
namespace meerkat::host {

// What the collectors look at. Copied into the thread a collector runs in.
struct Host {
  Roots roots;
  const Clock& clock;
  std::shared_ptr<Patience> mounts;  // asks each file system, which may hang
  std::function<int(const char* path, struct statvfs* result)> statfs;  // ::statvfs
  std::filesystem::path textfile_directory;                             // "": none
};

bool CollectCpu(const Host& host, Page& page);   // cpu.cc
bool CollectStat(const Host& host, Page& page);  // interrupts, forks, context switches, boot time
bool CollectLoad(const Host& host, Page& page);
bool CollectPressure(const Host& host, Page& page);
bool CollectSchedstat(const Host& host, Page& page);
bool CollectCpuFrequency(const Host& host, Page& page);
bool CollectMemory(const Host& host, Page& page);  // memory.cc
bool CollectVmstat(const Host& host, Page& page);
bool CollectDisks(const Host& host, Page& page);           // disk.cc
bool CollectFilesystems(const Host& host, Page& page);     // filesystem.cc
bool CollectNetworkDevices(const Host& host, Page& page);  // network.cc
bool CollectNetworkClass(const Host& host, Page& page);
bool CollectNetstat(const Host& host, Page& page);  // network_stack.cc
bool CollectSockets(const Host& host, Page& page);
bool CollectConntrack(const Host& host, Page& page);
bool CollectSoftnet(const Host& host, Page& page);
bool CollectUdpQueues(const Host& host, Page& page);
bool CollectArp(const Host& host, Page& page);
bool CollectUname(const Host& host, Page& page);  // system.cc
bool CollectOs(const Host& host, Page& page);
bool CollectDescriptors(const Host& host, Page& page);
bool CollectEntropy(const Host& host, Page& page);
bool CollectTime(const Host& host, Page& page);
bool CollectTimex(const Host& host, Page& page);
bool CollectSelinux(const Host& host, Page& page);
bool CollectHungTasks(const Host& host, Page& page);
bool CollectProcesses(const Host& host, Page& page);  // processes.cc
bool CollectHwmon(const Host& host, Page& page);      // sensors.cc
bool CollectThermalZones(const Host& host, Page& page);
bool CollectPowerSupplies(const Host& host, Page& page);
bool CollectSystemd(const Host& host, Page& page);    // systemd.cc
bool CollectTextfiles(const Host& host, Page& page);  // textfile.cc

}  // namespace meerkat::host
