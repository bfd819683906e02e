#pragma once

#include "base/clock.h"
#include "server/host/files.h"
#include "server/host/page.h"

// One function a collector: reads what it is named for and writes it under node_exporter's names,
// labels and units. False: the kernel does not offer it here.
namespace meerkat::host {

bool CollectCpu(const Roots& roots, Page& page);   // cpu.cc
bool CollectStat(const Roots& roots, Page& page);  // interrupts, forks, context switches, boot time
bool CollectLoad(const Roots& roots, Page& page);
bool CollectPressure(const Roots& roots, Page& page);
bool CollectMemory(const Roots& roots, Page& page);  // memory.cc
bool CollectVmstat(const Roots& roots, Page& page);
bool CollectDisks(const Roots& roots, Page& page);           // disk.cc
bool CollectFilesystems(const Roots& roots, Page& page);     // filesystem.cc
bool CollectNetworkDevices(const Roots& roots, Page& page);  // network.cc
bool CollectNetworkClass(const Roots& roots, Page& page);
bool CollectNetstat(const Roots& roots, Page& page);
bool CollectSockets(const Roots& roots, Page& page);
bool CollectConntrack(const Roots& roots, Page& page);
bool CollectUname(const Roots& roots, Page& page);  // system.cc
bool CollectOs(const Roots& roots, Page& page);
bool CollectDescriptors(const Roots& roots, Page& page);
bool CollectEntropy(const Roots& roots, Page& page);
bool CollectTimex(const Roots& roots, Page& page);
bool CollectProcesses(const Roots& roots, Page& page);
bool CollectTemperatures(const Roots& roots, Page& page);  // hwmon and thermal zones

}  // namespace meerkat::host
