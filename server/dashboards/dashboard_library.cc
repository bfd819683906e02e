#include "server/dashboards/dashboard_library.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <tuple>

#include "server/dashboards/dashboard_json.h"

namespace meerkat::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFileBytes = 16 << 20;
constexpr std::string_view kArea = "dashboard/";         // dashboard/<uid>: the newest
constexpr std::string_view kHistory = "dashboardhist/";  // dashboardhist/<uid>/<version>
constexpr std::string_view kStars = "dashboardstar/";

Result<std::string> ReadFile(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return Error(Code::kUnavailable, error.message());
  if (size > kMaxFileBytes) return Error(Code::kInvalid, "larger than 16 MiB");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error(Code::kUnavailable, "cannot be read");
  return std::move(text).str();
}

// Stored form: saved-at millis, version, folder, message, each on a line of its own, then the JSON.
std::string Pack(const DashboardSummary& summary, std::string_view message, std::string_view json) {
  const auto line = [](std::string_view text) {
    std::string out(text);
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out + "\n";
  };
  return std::to_string(ToMillis(summary.updated)) + "\n" + std::to_string(summary.version) + "\n" +
         line(summary.folder) + line(message) + std::string(json);
}

struct Unpacked {
  Timestamp saved{};
  int version = 0;
  std::string folder, message;
  std::string_view json;
};

std::optional<Unpacked> Unpack(std::string_view packed) {
  std::vector<std::string_view> lines;
  for (int i = 0; i < 4; ++i) {
    const std::size_t end = packed.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    lines.push_back(packed.substr(0, end));
    packed.remove_prefix(end + 1);
  }
  Unpacked out;
  out.saved = FromMillis(std::strtoll(std::string(lines[0]).c_str(), nullptr, 10));
  out.version = static_cast<int>(std::strtol(std::string(lines[1]).c_str(), nullptr, 10));
  out.folder = lines[2];
  out.message = lines[3];
  out.json = packed;
  return out;
}

std::string HistoryKey(std::string_view uid, int version) {
  std::string number = std::to_string(version);
  number.insert(0, number.size() < 8 ? 8 - number.size() : 0, '0');  // key order is version order
  return std::string(kHistory) + std::string(uid) + "/" + number;
}

}  // namespace

DashboardLibrary::DashboardLibrary(std::vector<DashboardFolder> folders,
                                   std::vector<std::string> builtin, StateStore& state,
                                   const Clock& clock, Logger log)
    : folders_(std::move(folders)), state_(state), clock_(clock), log_(std::move(log)) {
  MutexLock lock(mu_);
  for (std::string& json : builtin) {
    auto summary = ReadDashboard(json);
    if (!summary) continue;
    summary->slug = SlugOf(summary->title);
    std::string uid = summary->uid;
    builtin_[uid] = Entry{std::move(*summary), std::move(json), {}};
  }
  LoadStored();
}

void DashboardLibrary::LoadStored() {
  const auto stored = state_.Scan(kArea, [&](std::string_view key, std::string_view value)
                                             MEERKAT_THREAD(no_thread_safety_analysis) {
                                               const auto packed = Unpack(value);
                                               if (!packed) return true;
                                               auto summary = ReadDashboard(packed->json);
                                               if (!summary) return true;
                                               summary->uid = std::string(key.substr(kArea.size()));
                                               summary->slug = SlugOf(summary->title);
                                               summary->folder = packed->folder;
                                               summary->stored = true;
                                               summary->version = packed->version;
                                               summary->updated = packed->saved;
                                               stored_[summary->uid] =
                                                   Entry{*summary, std::string(packed->json), {}};
                                               return true;
                                             });
  if (!stored) log_.Error("stored dashboards cannot be read", {{"err", stored.error().message()}});
}

void DashboardLibrary::ScanFolder(const DashboardFolder& folder,
                                  std::map<std::string, FileSeen>& seen) {
  std::vector<fs::path> files;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder.path, options, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".json" && at->is_regular_file(error))
      files.push_back(at->path());
  }
  if (error)
    log_.Warn("dashboards folder cannot be read",
              {{"path", folder.path.string()}, {"err", error.message()}});
  std::sort(files.begin(), files.end());

  for (const fs::path& file : files) {
    FileSeen now{fs::last_write_time(file, error), fs::file_size(file, error), std::nullopt};
    const auto before = files_seen_.find(file.string());
    if (before != files_seen_.end() && before->second.modified == now.modified &&
        before->second.size == now.size) {
      now.summary = before->second.summary;
    } else {
      auto text = ReadFile(file);
      auto summary =
          text ? ReadDashboard(*text) : Result<DashboardSummary>(std::move(text).error());
      if (summary) {
        now.summary = std::move(*summary);
        now.summary->updated =
            std::chrono::time_point_cast<Millis>(std::chrono::file_clock::to_sys(now.modified));
      } else {
        log_.Warn("dashboard file skipped",
                  {{"file", file.string()}, {"err", summary.error().message()}});
      }
    }
    if (now.summary) {
      Entry entry{*now.summary, {}, file};
      DashboardSummary& summary = entry.summary;
      if (!IsUsableUid(summary.uid) || from_files_.contains(summary.uid)) {
        for (int copy = 1; copy == 1 || from_files_.contains(summary.uid); ++copy)
          summary.uid = UidFromName(file.stem().string(), copy);
      }
      if (summary.title.empty()) summary.title = file.stem().string();
      summary.slug = SlugOf(summary.title);
      summary.folder = folder.folder;
      const fs::path relative = fs::relative(file.parent_path(), folder.path, error);
      if (folder.folders_from_files_structure && !error && !relative.empty() && relative != ".") {
        summary.folder = relative.begin()->string();
      }
      from_files_.emplace(summary.uid, std::move(entry));
    }
    seen.emplace(file.string(), std::move(now));
  }
}

void DashboardLibrary::Rescan() {
  Millis interval = std::chrono::seconds(10);
  for (const DashboardFolder& folder : folders_)
    interval = std::min(interval, folder.update_interval);
  const Timestamp now = clock_.Now();
  if (scanned_ && now - *scanned_ < interval && now >= *scanned_) return;
  scanned_ = now;
  from_files_.clear();
  std::map<std::string, FileSeen> seen;
  for (const DashboardFolder& folder : folders_) ScanFolder(folder, seen);
  files_seen_ = std::move(seen);
}

const DashboardLibrary::Entry* DashboardLibrary::Find(std::string_view uid) const {
  for (const auto* entries : {&stored_, &from_files_, &builtin_}) {
    const auto at = entries->find(uid);
    if (at != entries->end()) return &at->second;
  }
  return nullptr;
}

std::vector<DashboardSummary> DashboardLibrary::List() {
  std::vector<std::string> starred;
  const auto stars = state_.Scan(kStars, [&](std::string_view key, std::string_view) {
    starred.emplace_back(key.substr(kStars.size()));
    return true;
  });
  if (!stars) log_.Warn("stars cannot be read", {{"err", stars.error().message()}});

  MutexLock lock(mu_);
  Rescan();
  std::vector<DashboardSummary> list;
  for (const auto* entries : {&stored_, &from_files_, &builtin_}) {
    for (const auto& [uid, entry] : *entries) {
      if (Find(uid) != &entry) continue;
      list.push_back(entry.summary);
      list.back().starred = std::binary_search(starred.begin(), starred.end(), uid);
    }
  }
  std::sort(list.begin(), list.end(), [](const DashboardSummary& a, const DashboardSummary& b) {
    return std::tie(a.folder, a.title, a.uid) < std::tie(b.folder, b.title, b.uid);
  });
  return list;
}

std::optional<Dashboard> DashboardLibrary::Get(std::string_view uid) {
  Dashboard dashboard;
  fs::path file;
  {
    MutexLock lock(mu_);
    Rescan();
    const Entry* entry = Find(uid);
    if (entry == nullptr) return std::nullopt;
    dashboard = {entry->summary, entry->json};
    file = entry->file;
  }
  if (!file.empty()) {
    auto text = ReadFile(file);
    if (!text) return std::nullopt;
    dashboard.json = UnwrapDashboard(*text);
  }
  const auto star = state_.Read(std::string(kStars) + std::string(uid));
  dashboard.summary.starred = star.ok() && star->has_value();
  return dashboard;
}

Result<DashboardSummary> DashboardLibrary::Save(std::string_view json, std::string_view folder,
                                                std::string_view message,
                                                std::optional<int> base_version) {
  if (json.size() > kMaxFileBytes)
    return Error(Code::kInvalid, "the dashboard is larger than 16 MiB");
  auto summary = ReadDashboard(json);
  if (!summary) return std::move(summary).error();
  std::string text = UnwrapDashboard(json);

  MutexLock lock(mu_);
  Rescan();
  if (summary->title.empty()) return Error(Code::kInvalid, "the dashboard has no title");
  if (!IsUsableUid(summary->uid)) {
    for (int copy = 1; copy == 1 || Find(summary->uid) != nullptr; ++copy)
      summary->uid = UidFromName(summary->title, copy);
  }
  const Entry* before = Find(summary->uid);
  const int newest = before == nullptr ? 0 : before->summary.version;
  if (base_version && before != nullptr && *base_version != newest) {
    return Error(Code::kConflict, "the dashboard was saved by somebody else meanwhile: version " +
                                      std::to_string(newest) + " is newer than version " +
                                      std::to_string(*base_version));
  }
  summary->slug = SlugOf(summary->title);
  summary->folder = folder;
  summary->stored = true;
  summary->version = newest + 1;
  summary->updated = clock_.Now();
  text = WithUid(text, summary->uid);

  const std::string packed = Pack(*summary, message, text);
  auto written = state_.Write({{std::string(kArea) + summary->uid, packed},
                               {HistoryKey(summary->uid, summary->version), packed}});
  if (!written) return std::move(written).error().Within("the dashboard was not saved");
  stored_[summary->uid] = Entry{*summary, std::move(text), {}};
  return *summary;
}

Result<> DashboardLibrary::Delete(std::string_view uid) {
  MutexLock lock(mu_);
  const auto at = stored_.find(uid);
  if (at == stored_.end()) {
    Rescan();
    if (Find(uid) == nullptr)
      return Error(Code::kNotFound, "no dashboard has the uid " + std::string(uid));
    return Error(Code::kInvalid, "the dashboard comes from a file: delete the file");
  }
  std::vector<StateStore::Change> changes = {
      {std::string(kArea) + std::string(uid), std::nullopt},
      {std::string(kStars) + std::string(uid), std::nullopt}};
  auto scanned = state_.Scan(std::string(kHistory) + std::string(uid) + "/",
                             [&](std::string_view key, std::string_view) {
                               changes.push_back({std::string(key), std::nullopt});
                               return true;
                             });
  if (!scanned) return scanned;
  auto written = state_.Write(std::move(changes));
  if (written) stored_.erase(at);
  return written;
}

Result<> DashboardLibrary::Star(std::string_view uid, bool starred) {
  {
    MutexLock lock(mu_);
    Rescan();
    if (Find(uid) == nullptr)
      return Error(Code::kNotFound, "no dashboard has the uid " + std::string(uid));
  }
  std::optional<std::string> value;
  if (starred) value = "";
  return state_.Write({{std::string(kStars) + std::string(uid), std::move(value)}});
}

std::vector<DashboardVersion> DashboardLibrary::Versions(std::string_view uid) {
  std::vector<DashboardVersion> versions;
  const auto scanned =
      state_.Scan(std::string(kHistory) + std::string(uid) + "/",
                  [&](std::string_view, std::string_view value) {
                    if (const auto packed = Unpack(value))
                      versions.push_back({packed->version, packed->saved, packed->message});
                    return true;
                  });
  if (!scanned)
    log_.Warn("versions cannot be read",
              {{"uid", std::string(uid)}, {"err", scanned.error().message()}});
  std::reverse(versions.begin(), versions.end());
  return versions;
}

std::optional<std::string> DashboardLibrary::VersionJson(std::string_view uid, int version) {
  const auto value = state_.Read(HistoryKey(uid, version));
  if (!value.ok() || !value->has_value()) return std::nullopt;
  const auto packed = Unpack(**value);
  if (!packed) return std::nullopt;
  return std::string(packed->json);
}

}  // namespace meerkat::server
