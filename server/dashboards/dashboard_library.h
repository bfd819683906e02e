#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"

namespace meerkat::server {

// A folder of Grafana dashboards, as --dashboards.path or a provisioning file names it.
struct DashboardFolder {
  std::filesystem::path path;
  std::string folder;                        // title shown for its dashboards; "" is the top
  bool folders_from_files_structure = true;  // sub-folder names become folder titles
  Millis update_interval = std::chrono::seconds(10);  // how often files are looked at again
};

// What a list shows of a dashboard.
struct DashboardSummary {
  std::string uid;
  std::string title;
  std::string slug;
  std::string folder;
  std::vector<std::string> tags;
  bool stored = false;  // saved here, not read from a file
  bool starred = false;
  int version = 0;  // counts saves from 1; 0 for a file that was never saved here
  Timestamp updated{};
};

struct Dashboard {
  DashboardSummary summary;
  std::string json;  // the text as it came, byte for byte
};

struct DashboardVersion {
  int version = 0;
  Timestamp saved{};
  std::string message;
};

// All dashboards the server knows: files of folders that others write, and those saved through the
// API, which live in the StateStore with their history. A saved one hides a file of the same uid.
//
// uid: the dashboard's own when it is 1 to 40 of A-Za-z0-9_- and not taken by a file earlier in the
// order of names; else the file's name without .json, runs of other characters as one '-', cut
// at 40. Threads: every method, from any thread (reads files: not on an I/O thread).
class DashboardLibrary {
 public:
  // `state`, `clock` and `log` outlive the library. `builtin`: texts that come with the binary,
  // shown when nothing else has their uid.
  DashboardLibrary(std::vector<DashboardFolder> folders, std::vector<std::string> builtin,
                   StateStore& state, const Clock& clock, Logger log);

  // By folder and title. Files are looked at again when their update interval has passed.
  std::vector<DashboardSummary> List();
  std::optional<Dashboard> Get(std::string_view uid);

  // Imports or saves. A text without a usable uid gets one that nothing has. kInvalid: not a
  // dashboard; kConflict: base_version is given and is not the newest (somebody else saved
  // meanwhile).
  Result<DashboardSummary> Save(std::string_view json, std::string_view folder,
                                std::string_view message, std::optional<int> base_version);
  // kNotFound; kInvalid for one that is a file.
  Result<> Delete(std::string_view uid);
  Result<> Star(std::string_view uid, bool starred);

  std::vector<DashboardVersion> Versions(std::string_view uid);  // newest first
  std::optional<std::string> VersionJson(std::string_view uid, int version);

 private:
  struct Entry {
    DashboardSummary summary;
    std::string json;            // empty for files: read when asked for
    std::filesystem::path file;  // empty for stored ones
  };
  struct FileSeen {
    std::filesystem::file_time_type modified;
    std::uintmax_t size = 0;
    std::optional<DashboardSummary> summary;  // nullopt: not a dashboard, said in the log once
  };

  void Rescan() REQUIRES(mu_);
  void ScanFolder(const DashboardFolder& folder, std::map<std::string, FileSeen>& seen)
      REQUIRES(mu_);
  void LoadStored() REQUIRES(mu_);
  const Entry* Find(std::string_view uid) const REQUIRES(mu_);

  const std::vector<DashboardFolder> folders_;
  StateStore& state_;
  const Clock& clock_;
  const Logger log_;

  Mutex mu_;
  std::optional<Timestamp> scanned_ GUARDED_BY(mu_);
  std::map<std::string, FileSeen> files_seen_ GUARDED_BY(mu_);  // by path
  std::map<std::string, Entry, std::less<>> from_files_ GUARDED_BY(mu_);
  std::map<std::string, Entry, std::less<>> stored_ GUARDED_BY(mu_);
  std::map<std::string, Entry, std::less<>> builtin_ GUARDED_BY(mu_);
};

}  // namespace meerkat::server
