#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "alerting/alert.h"
#include "base/result.h"
#include "base/state_store.h"

namespace meerkat::alerting {

// Every alert that is known, by fingerprint. What would be missed after a crash is written at once:
// new alerts, changed texts, starts and ends. That a firing alert was told again is not. Not
// thread-safe: the alert manager's lock guards it.
class AlertStore {
 public:
  // At most `per_name` unresolved alerts of one alertname; 0: any number.
  AlertStore(StateStore& store, std::size_t per_name) : store_(store), per_name_(per_name) {}

  // Reads what an earlier life left. A firing alert whose time ran out while nobody could listen
  // gets `grace` more, so that its sender can repeat it before anybody hears that it ended.
  Result<> Load(Timestamp now, Millis grace);

  struct Change {
    AlertPtr alert;      // null: refused by the limit
    bool began = false;  // it was unknown or resolved, now it fires
    bool ended = false;  // it fired, now it is resolved
  };
  // Merges an update in. Nothing is in the store before Write.
  Change Put(Alert alert, Timestamp now);
  // The end that came by itself, because nobody repeated the alert. False: it was known already.
  bool NoteEnd(Fingerprint fingerprint, Timestamp now);
  Result<> Write();

  // Forgets resolved alerts that `needed` does not ask for; gives them back.
  std::vector<AlertPtr> Collect(Timestamp now, const std::function<bool(const Alert&)>& needed);

  AlertPtr Find(Fingerprint fingerprint) const;
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const auto& [fingerprint, entry] : alerts_) visit(entry.alert);
  }

 private:
  struct Entry {
    AlertPtr alert;
    bool known_ended = false;  // the end is written
  };
  bool OverLimit(const Alert& alert, Timestamp now);

  StateStore& store_;
  const std::size_t per_name_;
  std::map<Fingerprint, Entry> alerts_;
  std::unordered_map<std::string, std::size_t> per_name_counts_;
  std::vector<StateStore::Change> pending_;
};

}  // namespace meerkat::alerting
