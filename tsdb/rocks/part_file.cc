#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include "tsdb/rocks/status.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

struct PartFile::State {
  rocksdb::Options options;
  std::unique_ptr<rocksdb::SstFileWriter> writer;
};

PartFile::PartFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
PartFile::~PartFile() = default;

Result<std::unique_ptr<PartFile>> PartFile::Create(const std::filesystem::path& file) {
  auto state = std::make_unique<State>();
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 4 << 10;  // most values are larger: each has a checksum of its own
  table.format_version = 5;
  state->options.compression = rocksdb::kNoCompression;  // blocks are compressed already
  state->options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  state->writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), state->options);
  const rocksdb::Status status = state->writer->Open(file.string());
  if (!status.ok()) return ToError(status).Within("creating " + file.string());
  return std::unique_ptr<PartFile>(new PartFile(std::move(state)));
}

Result<> PartFile::Put(std::string_view key, std::string_view value) {
  const rocksdb::Status status = state_->writer->Put(rocksdb::Slice(key.data(), key.size()),
                                                     rocksdb::Slice(value.data(), value.size()));
  if (!status.ok()) return ToError(status).Within("writing a part");
  return {};
}

Result<std::uint64_t> PartFile::Finish() {
  rocksdb::ExternalSstFileInfo info;
  const rocksdb::Status status = state_->writer->Finish(&info);
  if (!status.ok()) return ToError(status).Within("writing a part");
  return info.file_size;
}

}  // namespace meerkat::tsdb
