// Tokenizers, by themselves and of models.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bertune/lora.h"
#include "capi/boundary.h"
#include "capi/handles.h"
#include "options/encoding_options.h"
#include "options/hub_flags.h"

struct bertune_encodings {
  std::vector<bertune::Encoding> values;
};

namespace bertune::capi {
namespace {

static_assert(sizeof(int) == sizeof(std::int32_t) && sizeof(Span) == 2 * sizeof(unsigned int));

bertune_tokenizer* load_tokenizer(const char* model, const char* const* names_and_values) {
  require(model, "the name of the model");
  options::HubFlags flags;
  Command command("tokenize");
  flags.add_to(*command);
  options::give_values(*command, values_of(names_and_values));
  HubOptions hub = flags.values();
  hub.weights = false;
  const std::filesystem::path folder = resolve_model(model, hub);
  auto tokenizer = std::make_unique<bertune_tokenizer>();
  tokenizer->owned = std::make_unique<const BertTokenizer>(
      BertTokenizer::from_pretrained(is_adapter(folder) ? tokenizer_folder(folder) : folder));
  tokenizer->tokenizer = tokenizer->owned.get();
  return tokenizer.release();
}

std::vector<std::string_view> views_of(const bertune_text* texts, size_t count) {
  std::vector<std::string_view> views;
  for (size_t i = 0; i < count; ++i) views.push_back(view_of(texts[i]));
  return views;
}

bertune_encodings* encode(const bertune_tokenizer* tokenizer, const bertune_text* texts,
                          const bertune_text* pairs, size_t count, const char* const* names_and_values) {
  require(tokenizer, "the tokenizer");
  if (count > 0) require(texts, "the array of texts");
  options::EncodingOptions flags;
  Command command("tokenize");
  flags.add_to(*command);
  options::give_values(*command, values_of(names_and_values));
  EncodeOptions options = flags.values();
  options.return_offsets = true;
  auto result = std::make_unique<bertune_encodings>();
  result->values = tokenizer->tokenizer->encode_batch(
      views_of(texts, count), pairs == nullptr ? std::vector<std::string_view>() : views_of(pairs, count),
      options);
  return result.release();
}

const Encoding* encoding_at(const bertune_encodings* encodings, size_t index, size_t* count) {
  const bool is_here = encodings != nullptr && index < encodings->values.size();
  const Encoding* encoding = is_here ? &encodings->values[index] : nullptr;
  if (count != nullptr) *count = is_here ? encoding->input_ids.size() : 0;
  return encoding;
}

}  // namespace
}  // namespace bertune::capi

bertune_status bertune_tokenizer_load(const char* model, const char* const* options,
                                      bertune_tokenizer** result) {
  return bertune::capi::guarded([&] {
    bertune::capi::require(result, "the result");
    *result = bertune::capi::load_tokenizer(model, options);
  });
}
void bertune_tokenizer_free(bertune_tokenizer* tokenizer) { delete tokenizer; }

bertune_status bertune_encode(const bertune_tokenizer* tokenizer, const bertune_text* texts,
                              const bertune_text* pairs, size_t count, const char* const* options,
                              bertune_encodings** result) {
  return bertune::capi::guarded([&] {
    bertune::capi::require(result, "the result");
    *result = bertune::capi::encode(tokenizer, texts, pairs, count, options);
  });
}
void bertune_encodings_free(bertune_encodings* encodings) { delete encodings; }

const int* bertune_encoding_ids(const bertune_encodings* encodings, size_t index, size_t* count) {
  const bertune::Encoding* encoding = bertune::capi::encoding_at(encodings, index, count);
  return encoding == nullptr ? nullptr : encoding->input_ids.data();
}
const int* bertune_encoding_type_ids(const bertune_encodings* encodings, size_t index, size_t* count) {
  const bertune::Encoding* encoding = bertune::capi::encoding_at(encodings, index, count);
  return encoding == nullptr ? nullptr : encoding->token_type_ids.data();
}
const unsigned int* bertune_encoding_offsets(const bertune_encodings* encodings, size_t index,
                                             size_t* count) {
  const bertune::Encoding* encoding = bertune::capi::encoding_at(encodings, index, count);
  return encoding == nullptr ? nullptr : reinterpret_cast<const unsigned int*>(encoding->offsets.data());
}

bertune_status bertune_decode(const bertune_tokenizer* tokenizer, const int* ids, size_t count,
                              int skip_special_tokens, char** result) {
  return bertune::capi::guarded([&] {
    bertune::capi::require(tokenizer, "the tokenizer");
    bertune::capi::require(result, "the result");
    if (count > 0) bertune::capi::require(ids, "the array of ids");
    *result =
        bertune::capi::copy_of(tokenizer->tokenizer->decode({ids, ids + count}, skip_special_tokens != 0));
  });
}
const char* bertune_token(const bertune_tokenizer* tokenizer, int id) {
  thread_local std::string token;  // a view of the vocabulary has no '\0' at its end
  const char* found = nullptr;
  const bertune_status status = bertune::capi::guarded([&] {
    bertune::capi::require(tokenizer, "the tokenizer");
    token = tokenizer->tokenizer->id_to_token(id);
    found = token.c_str();
  });
  return status == BERTUNE_OK ? found : nullptr;
}
