#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "alerting/config.h"
#include "alerting/history.h"
#include "alerting/message.h"
#include "alerting/silence.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/regex.h"
#include "base/result.h"
#include "base/state_store.h"

namespace meerkat::alerting {

class Notifier;  // alerting/receivers

// Everything the alert manager needs from the world; all of it outlives the alert manager.
struct AlertManagerWorld {
  Clock& clock;  // its executor may wait for a lock and the disk: not an io thread
  StateStore& store;
  Registry& metrics;
  Logger logger;
  SecretReader read_file;
  std::function<std::uint64_t()> random;  // under the lock only
  // The rules of a zone by its IANA name; templates ask for them.
  std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone;
  // Makes what tells the service of an integration; empty: the one of its kind.
  std::function<std::unique_ptr<Notifier>(const Integration& integration)> notifiers = {};
};

struct AlertManagerOptions {
  std::string external_url;                       // without a slash at the end
  std::string hostname = "localhost";             // in the Message-Id of mails
  Millis retention = std::chrono::hours(120);     // of expired silences, log entries, history
  Millis gc_interval = std::chrono::minutes(30);  // of resolved alerts
  Millis maintenance_interval = std::chrono::minutes(15);  // of everything else
  Millis start_delay{0};                                   // no flush before
  std::size_t alerts_per_name = 0;                         // 0: any number
  std::size_t max_silences = 0;                            // 0: any number
  std::size_t max_silence_bytes = 0;                       // 0: any size
  bool receiver_in_metrics = false;  // notifications are counted by receiver, too
};

// An alert as it is told: what is missing is made up when it arrives.
struct PostedAlert {
  Labels labels;
  Labels annotations;  // values may be empty
  Timestamp starts_at = kZeroTime;
  Timestamp ends_at = kZeroTime;
  std::string generator_url;
};

struct AlertFilter {
  std::vector<Matcher> matchers;
  std::optional<Regex> receiver;           // whole name
  std::vector<Matcher> receiver_matchers;  // on the receiver's labels
  bool active = true;
  bool silenced = true;
  bool inhibited = true;
  bool muted = true;  // groups within a time interval that mutes them
};

struct AlertView {
  AlertPtr alert;
  std::vector<std::string> receivers;
  std::vector<std::string> silenced_by;
  std::vector<std::string> inhibited_by;  // fingerprints
  std::vector<std::string> muted_by;      // time intervals, in groups only

  bool active() const { return silenced_by.empty() && inhibited_by.empty(); }
};

struct GroupView {
  Labels labels;
  std::map<std::string, std::string> route_labels;  // as written
  std::string receiver;
  std::vector<AlertView> alerts;
};

// Takes alerts, groups them, mutes what is muted, and tells receivers; what Alertmanager does, with
// its state in a store. Threads: every method from any thread; one lock guards all, and timers and
// answers take it too. Nothing waits for the network under it.
class AlertManager {
 public:
  AlertManager(AlertManagerWorld world, AlertManagerOptions options);
  ~AlertManager();
  AlertManager(const AlertManager&) = delete;
  AlertManager& operator=(const AlertManager&) = delete;

  // Reads what the store remembers of an earlier life. Once, before the first Apply.
  Result<> Load();

  // Takes a configuration: from now on, or not at all. `transport` knows the clients it names.
  Result<> Apply(std::shared_ptr<const Config> config, std::shared_ptr<Transport> transport);
  // Notes that a new configuration could not be read.
  void NoteFailedReload();
  std::shared_ptr<const Config> config() const;  // null before the first Apply
  Timestamp started() const;

  // Takes every valid alert; the error names what was wrong with the others.
  Result<> Post(std::vector<PostedAlert> alerts);
  // Unresolved alerts, by fingerprint.
  std::vector<AlertView> Alerts(const AlertFilter& filter) const;
  // Groups with unresolved alerts, by labels and receiver.
  std::vector<GroupView> Groups(const AlertFilter& filter) const;

  Result<std::string> SetSilence(Silence silence);
  Result<> ExpireSilence(std::string_view id);
  std::optional<Silence> FindSilence(std::string_view id) const;
  std::vector<Silence> AllSilences() const;
  // Silences one firing alert until it resolves, at most `at_most`; gives the silence's id.
  Result<std::string> Acknowledge(Fingerprint alert, std::string created_by, std::string comment,
                                  Millis at_most);

  Result<std::vector<HistoryEvent>> ReadHistory(TimeRange range, std::size_t limit) const;

  // Now, by the alert manager's clock.
  Timestamp Now() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace meerkat::alerting
