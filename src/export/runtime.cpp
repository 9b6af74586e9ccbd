#include "export/runtime.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

#include "bertune/error.h"
#include "export/onnx_fields.h"

namespace bertune::onnx {
namespace {

constexpr const char *kVariable = "BERTUNE_ONNXRUNTIME", *kLibrary = "libonnxruntime.so.1";
constexpr std::uint32_t kVersionOfTable = 1;
constexpr int kWarnings = 2, kArena = 1, kDefaultMemory = 0;

struct OrtApiBase {
  const OrtFunction* (*table)(std::uint32_t version);
  const char* (*version)();
};

// Calls functions that return a status: null, or an error.
class Calls {
 public:
  explicit Calls(const OrtFunction* functions) : functions_(functions) {}

  template <typename... Arguments>
  void operator()(OrtCall which, Arguments... arguments) const {
    void* const status = function<void*(Arguments...)>(which)(arguments...);
    if (status == nullptr) return;
    const std::string message = function<const char*(void*)>(OrtCall::error_message)(status);
    release(OrtCall::release_status, status);
    throw Error(fmt::format("ONNX Runtime: {}", message));
  }
  void release(OrtCall which, void* object) const { function<void(void*)>(which)(object); }

 private:
  template <typename Signature>
  Signature* function(OrtCall which) const {
    return reinterpret_cast<Signature*>(functions_[static_cast<std::size_t>(which)]);
  }

  const OrtFunction* functions_;
};

// An object of ONNX Runtime, which it releases.
class Object {
 public:
  Object(const Calls& calls, OrtCall release) : calls_(calls), release_(release) {}
  Object(Object&& other) noexcept
      : value(std::exchange(other.value, nullptr)), calls_(other.calls_), release_(other.release_) {}
  Object& operator=(Object&&) = delete;
  ~Object() {
    if (value != nullptr) calls_.release(release_, value);
  }

  void* value = nullptr;

 private:
  const Calls& calls_;
  OrtCall release_;
};

std::vector<float> values_of(const Calls& calls, void* tensor) {
  Object shape(calls, OrtCall::release_shape);
  std::size_t size = 0;
  void* data = nullptr;
  calls(OrtCall::tensor_shape, static_cast<const void*>(tensor), &shape.value);
  calls(OrtCall::element_count, static_cast<const void*>(shape.value), &size);
  calls(OrtCall::tensor_data, tensor, &data);
  const auto* first = static_cast<const float*>(data);
  return {first, first + size};
}

}  // namespace

Runtime::Runtime() {
  const char* named = std::getenv(kVariable);
  void* library = ::dlopen(named != nullptr ? named : kLibrary, RTLD_NOW | RTLD_LOCAL);
  void* base = library == nullptr ? nullptr : ::dlsym(library, "OrtGetApiBase");
  if (base == nullptr) {
    throw Error(fmt::format(
        "`verify` runs the model with ONNX Runtime, which is not found ({}); install it, let {} name the "
        "library's file, or export without",
        ::dlerror(), kVariable));
  }
  const OrtApiBase* api = reinterpret_cast<const OrtApiBase* (*)()>(base)();
  functions_ = api->table(kVersionOfTable);
  version_ = api->version();
}

std::vector<std::vector<float>> Runtime::run(
    const std::filesystem::path& model, const std::vector<std::int64_t>& shape,
    const std::vector<std::pair<const char*, std::vector<std::int64_t>>>& inputs,
    const std::vector<const char*>& outputs) const {
  const Calls calls(functions_);
  Object environment(calls, OrtCall::release_env), options(calls, OrtCall::release_session_options),
      session(calls, OrtCall::release_session), memory(calls, OrtCall::release_memory);
  calls(OrtCall::create_env, kWarnings, "bertune", &environment.value);
  calls(OrtCall::create_session_options, &options.value);
  calls(OrtCall::create_session, static_cast<const void*>(environment.value), model.c_str(),
        static_cast<const void*>(options.value), &session.value);
  calls(OrtCall::create_cpu_memory, kArena, kDefaultMemory, &memory.value);
  std::vector<Object> objects;  // the inputs, then the outputs
  std::vector<const char*> names;
  std::vector<const void*> given;
  for (const auto& [name, values] : inputs) {
    Object& tensor = objects.emplace_back(calls, OrtCall::release_value);
    calls(OrtCall::create_tensor, static_cast<const void*>(memory.value),
          static_cast<void*>(const_cast<std::int64_t*>(values.data())), values.size() * sizeof(std::int64_t),
          shape.data(), shape.size(), static_cast<int>(DataType::int64), &tensor.value);
    names.push_back(name), given.push_back(tensor.value);
  }
  std::vector<void*> made(outputs.size());
  calls(OrtCall::run, session.value, static_cast<const void*>(nullptr), names.data(), given.data(),
        given.size(), outputs.data(), outputs.size(), made.data());
  std::vector<std::vector<float>> results;
  for (void* output : made) {
    objects.emplace_back(calls, OrtCall::release_value).value = output;
    results.push_back(values_of(calls, output));
  }
  return results;
}

}  // namespace bertune::onnx
