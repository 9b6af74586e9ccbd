#include "export/model_file.h"

#include <algorithm>
#include <iterator>
#include <protozero/pbf_builder.hpp>
#include <protozero/varint.hpp>
#include <vector>

#include "core/file.h"
#include "core/parallel.h"

namespace bertune::onnx {
namespace {

using protozero::pbf_builder;

constexpr std::uint64_t kAlignment = 4096;  // of tensors in a file of their own, which programs map
constexpr std::int64_t kTile = 64;          // of a matrix that is transposed: both sides stay in the cache

// Makes the values of weights, one at a time.
class Values {
 public:
  explicit Values(const ReadTensor& read) : read_(read) {}

  std::span<const std::byte> of(const Weight& weight) {
    const std::span<const float> stored = read_(weight.tensor, weight.stored);
    if (!weight.transposed) return std::as_bytes(stored);
    transposed_.resize(stored.size());
    transpose(stored, weight.stored[0], weight.stored[1]);
    return std::as_bytes(std::span<const float>(transposed_));
  }

 private:
  void transpose(std::span<const float> from, std::int64_t rows, std::int64_t columns) {
    parallel_for(block_count(columns, kTile), [&](std::int64_t block) {
      const std::int64_t first = block * kTile, last = std::min(columns, first + kTile);
      for (std::int64_t top = 0; top < rows; top += kTile) {
        for (std::int64_t column = first; column < last; ++column) {
          for (std::int64_t row = top; row < std::min(rows, top + kTile); ++row)
            transposed_[static_cast<std::size_t>(column * rows + row)] =
                from[static_cast<std::size_t>(row * columns + column)];
        }
      }
    });
  }

  const ReadTensor& read_;
  std::vector<float> transposed_;
};

// Adds the key and the length of a field, whose bytes follow.
template <typename Field>
void add_key(std::string& to, Field field, std::uint64_t length) {
  protozero::write_varint(std::back_inserter(to), (static_cast<std::uint64_t>(field) << 3) | 2);
  protozero::write_varint(std::back_inserter(to), length);
}

// The fields of a TensorProto but for its values.
std::string tensor_fields(const Weight& weight) {
  std::string fields;
  pbf_builder<TensorField> tensor(fields);
  for (const std::int64_t extent : weight.shape()) tensor.add_int64(TensorField::dims, extent);
  tensor.add_int32(TensorField::data_type, static_cast<std::int32_t>(DataType::float32));
  tensor.add_string(TensorField::name, weight.name());
  return fields;
}

// The fields of a ModelProto but for its graph.
std::string model_fields() {
  std::string opset, fields;
  pbf_builder<OpsetField>(opset).add_int64(OpsetField::version, kOpset);
  pbf_builder<ModelField> model(fields);
  model.add_int64(ModelField::ir_version, kIrVersion);
  model.add_string(ModelField::producer_name, "bertune");
  model.add_string(ModelField::producer_version, BERTUNE_VERSION);
  model.add_message(ModelField::opset_import, opset);
  return fields;
}

std::string graph_fields(const Graph& graph) {
  std::string fields;
  pbf_builder<GraphField>(fields).add_string(GraphField::name, "bertune");
  return fields + graph.fields();
}

// The weights are in the file of the graph. Returns what comes before each of them.
std::vector<std::string> starts_of(const Graph& graph) {
  std::vector<std::string> starts;
  for (const Weight& weight : graph.weights()) {
    std::string tensor = tensor_fields(weight);
    add_key(tensor, TensorField::raw_data, weight.bytes());
    std::string& start = starts.emplace_back();
    add_key(start, GraphField::initializer, tensor.size() + weight.bytes());
    start += tensor;
  }
  return starts;
}

// The weights are in a file of their own; returns the initializers that say where.
std::string write_data(const std::filesystem::path& path, const Graph& graph, Values& values,
                       std::uint64_t& written) {
  std::string initializers;
  AtomicFile file(path);
  for (const Weight& weight : graph.weights()) {
    file.write(std::string((kAlignment - written % kAlignment) % kAlignment, '\0'));
    written += (kAlignment - written % kAlignment) % kAlignment;
    std::string tensor = tensor_fields(weight);
    pbf_builder<TensorField> more(tensor);
    const auto say = [&](const char* key, const std::string& value) {
      pbf_builder<EntryField> entry(more, TensorField::external_data);
      entry.add_string(EntryField::key, key);
      entry.add_string(EntryField::value, value);
    };
    say("location", path.filename().string());
    say("offset", std::to_string(written));
    say("length", std::to_string(weight.bytes()));
    more.add_enum(TensorField::data_location, kExternalLocation);
    add_key(initializers, GraphField::initializer, tensor.size());
    initializers += tensor;
    file.write(values.of(weight));
    written += weight.bytes();
  }
  file.commit();
  return initializers;
}

}  // namespace

std::uint64_t write_model(const std::filesystem::path& folder, const Graph& graph, const ReadTensor& read,
                          std::uint64_t largest) {
  Values values(read);
  std::string begin = model_fields(), fields = graph_fields(graph);
  std::vector<std::string> starts = starts_of(graph);
  std::uint64_t size = fields.size(), external = 0;
  for (std::size_t i = 0; i < starts.size(); ++i) size += starts[i].size() + graph.weights()[i].bytes();
  if (begin.size() + size + 16 > largest) {  // 16: more than the graph's own key takes
    fields += write_data(folder / kDataFile, graph, values, external);
    starts.clear();
    size = fields.size();
  }
  add_key(begin, ModelField::graph, size);
  AtomicFile file(folder / kModelFile);
  file.write(begin);
  file.write(fields);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    file.write(starts[i]);
    file.write(values.of(graph.weights()[i]));
  }
  file.commit();
  return begin.size() + size + external;
}

}  // namespace bertune::onnx
