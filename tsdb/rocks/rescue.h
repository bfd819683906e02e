#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

// Puts a directory right that RocksDB would refuse to open, or would open having forgotten files
// that are there. Only for the .cc files of this folder.
namespace meerkat::tsdb {

// Notes beside the directory, in `path`.known, how long its list of files (MANIFEST) is, and with
// `stopped` how long its logs are: a torn end of them looks to RocksDB as if nothing had ever been
// there. Best effort.
void NoteLengths(const std::filesystem::path& path, bool stopped);

// Names the first of the noted files that is shorter now; "" when none is. A list of files that is
// torn is told through `list_is_torn`.
std::string FindTornFile(const std::filesystem::path& path, bool& list_is_torn);

// Names the first log, or list of files, in whose last block whole records follow one that claims
// to reach beyond the end; "" when there is none. RocksDB takes such a record for the write that a
// death cut off and drops what follows without a word.
std::string FindLostRecords(const std::filesystem::path& path);

// Writes the file CURRENT anew when it does not name a list of files; whether it had to.
bool MendCurrent(const std::filesystem::path& path);

// Whether the file can be opened as a table; its data are not looked at.
bool IsTable(const std::string& file);

// Makes a new list of files from the files themselves. Files that were taken over (parts) do not
// know their family: they are set aside, and their new places are returned for taking them over
// again.
Result<std::vector<std::filesystem::path>> RebuildList(
    const std::filesystem::path& path, const rocksdb::DBOptions& options,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families);

}  // namespace meerkat::tsdb
