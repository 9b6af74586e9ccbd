#include "train/temperature.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/safetensors.h"
#include "core/file.h"
#include "core/model_files.h"
#include "train/model_folder.h"

namespace bertune::train {
namespace {

// The layer that makes the logits, in all families and in adapters; pre_classifier of DistilBERT is another.
bool makes_logits(std::string_view name) {
  for (const std::string_view layer : {"classifier", "classifier.out_proj"}) {
    for (const std::string_view part : {".weight", ".bias"}) {
      const std::string tensor = std::string(layer) + std::string(part);
      if (name == tensor || name.ends_with("." + tensor)) return true;
    }
  }
  return false;
}

void divide(std::span<float> values, double temperature) {
  for (float& value : values) value = static_cast<float>(value / temperature);
}

std::filesystem::path weights_of(const std::filesystem::path& folder) {
  for (const char* name : {"adapter_model.safetensors", "model.safetensors"})
    if (path_exists(folder / name)) return folder / name;
  throw Error(fmt::format("{}: its weights are not in model.safetensors; converting the model writes them so",
                          folder.string()));
}

// A folder that is replaced keeps none of its model's files by itself.
void copy_others(const std::filesystem::path& from, const std::filesystem::path& to,
                 const std::filesystem::path& weights) {
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::filesystem::path name = entry.path().filename();
    if (entry.is_regular_file() && is_model_file(name) && name != weights)
      write_file_atomically(to / name, MappedFile(entry.path()).text());
  }
}

}  // namespace

void divide_logits(BertPreTrainedModel& model, double temperature) {
  std::vector<std::string> names;
  for (const Parameter& parameter : std::as_const(model).parameters().layout())
    if (parameter.head && makes_logits(parameter.name)) names.push_back(parameter.name);
  if (names.empty()) throw Error("a temperature is of models that have classes, and this one has none");
  for (const std::string& name : names) divide(model.parameters().value(name), temperature);
}

void fold_temperature(const std::filesystem::path& folder, double temperature, const Json& settings,
                      const insight::PredictionTable& predictions) {
  const std::filesystem::path path = weights_of(folder);
  AtomicDirectory changed(folder);
  {
    const checkpoint::SafetensorsFile file(path);
    std::vector<checkpoint::TensorView> tensors;
    std::vector<std::vector<float>> divided;
    divided.reserve(file.tensors().size());
    for (std::size_t i = 0; i < file.tensors().size(); ++i) {
      const checkpoint::StoredTensor& tensor = file.tensors()[i];
      checkpoint::TensorView view{tensor.name, tensor.dtype, tensor.shape, file.bytes(i)};
      if (makes_logits(tensor.name)) {
        if (tensor.dtype != DType::f32)
          throw Error(fmt::format(
              "{}: {} is no float32, and rounding would change its scores; fold the temperature into the "
              "model in float32, and convert it then",
              path.string(), tensor.name));
        std::vector<float>& values = divided.emplace_back(tensor.elements);
        file.read_f32(i, values);
        divide(values, temperature);
        view.bytes = std::as_bytes(std::span<const float>(values));
      }
      tensors.push_back(view);
    }
    if (divided.empty())
      throw Error(fmt::format("{}: has no layer of classes to fold a temperature into", path.string()));
    checkpoint::write_safetensors(changed.path() / path.filename(), std::move(tensors), file.metadata());
  }
  copy_others(folder, changed.path(), path.filename());
  save_settings(changed.path(), settings);
  insight::write_predictions(changed.path(), predictions);
  changed.commit();
}

}  // namespace bertune::train
