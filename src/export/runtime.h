// ONNX Runtime, loaded by whoever asks for it: Bertune links none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace bertune::onnx {

// The functions of ONNX Runtime's C interface by their places in its table (OrtApi), which never change: new
// ones are put behind the others.
enum class OrtCall : std::size_t {
  error_message = 2,
  create_env = 3,
  create_session = 7,
  run = 9,
  create_session_options = 10,
  create_tensor = 49,
  tensor_data = 51,
  element_count = 64,
  tensor_shape = 65,
  create_cpu_memory = 69,
  release_env = 92,
  release_status = 93,
  release_memory = 94,
  release_session = 95,
  release_value = 96,
  release_shape = 99,
  release_session_options = 100
};

using OrtFunction = void (*)();

class Runtime {
 public:
  // Loads the library that the variable BERTUNE_ONNXRUNTIME names, or else libonnxruntime.so.1. Throws Error
  // where there is none.
  Runtime();

  const std::string& version() const { return version_; }
  // Runs a model once: integers [shape] by the names of its inputs; returns the values of these outputs.
  // Throws Error with what ONNX Runtime says.
  std::vector<std::vector<float>> run(
      const std::filesystem::path& model, const std::vector<std::int64_t>& shape,
      const std::vector<std::pair<const char*, std::vector<std::int64_t>>>& inputs,
      const std::vector<const char*>& outputs) const;

 private:
  const OrtFunction* functions_ = nullptr;
  std::string version_;
};

}  // namespace bertune::onnx
