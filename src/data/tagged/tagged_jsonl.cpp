// Rows of JSON: {"tokens": [...], "tags": [...]}, or {"text": "...", "entities": [{"start", "end", "label"}]}
// with offsets in code points.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/json.h"
#include "core/utf8.h"
#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/records.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/tagged_keys.h"
#include "data/tagged/words.h"

namespace bertune::data {
namespace {

constexpr std::array<std::string_view, 1> kTextKey = {"text"};
constexpr std::array<std::string_view, 3> kStartKeys = {"start", "start_offset", "begin"};
constexpr std::array<std::string_view, 3> kEndKeys = {"end", "end_offset", "stop"};
constexpr std::array<std::string_view, 7> kLabelKeys = {"label",  "type", "entity_group", "entity",
                                                        "labels", "tag",  "class"};

// An entity as a file gives it, in bytes of the text.
struct Annotation {
  std::uint32_t begin = 0, end = 0;
  std::string label;
};

class TaggedJsonReader {
 public:
  explicit TaggedJsonReader(TaggedFile& file) : file_(file) {}

  void read() {
    std::string_view input = file_.rest();
    std::string clean;
    if (find_invalid_utf8(input) != std::string_view::npos) {
      std::uint64_t replaced = 0;
      clean = replace_invalid_utf8(input, replaced);
      file_.note(
          fmt::format("{}: {} bytes that are not UTF-8 were replaced by U+FFFD", file_.path(), replaced));
      input = clean;
    }
    JsonRows rows(file_.path(), file_.options().lines_before);
    JsonMends mends;
    for (JsonRow row; !file_.is_full() && rows.next(input, true, row) == Parse::record;) {
      line_ = row.line;
      file_.bad().reads([&] { read_row(plain_row(parse_json_row(row.text, file_.where(line_), mends))); });
    }
    const bool lines = rows.shape().form == JsonForm::lines;
    if (const std::string note = note_of(rows.shape()); !note.empty())
      file_.note(fmt::format("{}: {} (detected)", file_.path(), note));
    file_.note(
        fmt::format("{}: {}: {}", file_.where(1), lines ? "JSON Lines, an object a line" : "JSON", form_));
    if (mends.surrogates > 0)
      file_.note(
          fmt::format("{}: {} halves of surrogate pairs became U+FFFD", file_.path(), mends.surrogates));
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { file_.refuse(line_, what); }

  void read_row(const Json& row) {
    if (!row.is_object()) refuse("not a JSON object: each line is one, {...}");
    TaggedSentence sentence;
    sentence.line = line_;
    const Json* tokens = find_key(row, kTokenKeys);
    // Tokens with their places, of which entities are made.
    const bool has_places = tokens != nullptr && tokens->is_array() && !tokens->empty() &&
                            tokens->front().is_object() && row.contains("text") &&
                            (row.contains("spans") || row.contains("entities"));
    if (tokens != nullptr && !has_places) {
      read_tokens(row, *tokens, sentence);
    } else {
      read_text(row, sentence);
    }
    file_.add(std::move(sentence));
  }

  // The value under label_column, or else under the first of the usual keys that is there; null where none is
  // needed.
  const Json* find_labels(const Json& row, std::span<const std::string_view> usual) const {
    if (!file_.options().labels_required) return nullptr;
    const std::string_view given = file_.options().label_column;
    const Json* labels = given.empty() ? find_key(row, usual) : find_key(row, std::array{given});
    if (labels == nullptr) {
      refuse(given.empty()
                 ? fmt::format("no tags: none of the keys \"{}\" is there (`label_column` names another)",
                               fmt::join(usual, "\", \""))
                 : fmt::format("the key \"{}\" (`label_column`) is not there", given));
    }
    return labels;
  }

  void read_tokens(const Json& row, const Json& tokens, TaggedSentence& sentence) {
    form_ = "lists of tokens and their tags";
    if (!tokens.is_array()) refuse("\"tokens\" is not a list");
    for (const Json& token : tokens) {
      const auto text = token.is_object() ? token.find("text") : token.end();
      const Json& word = token.is_object() && text != token.end() ? *text : token;
      if (!word.is_string()) refuse(fmt::format("token {} is not a string", sentence.words.size() + 1));
      sentence.words.push_back(file_.keep(word.get_ref<const std::string&>()));
    }
    if (const Json* text = find_key(row, kTextKey); text != nullptr && text->is_string()) {
      sentence.text = file_.keep(text->get_ref<const std::string&>());
      sentence.spans = locate_words(sentence.text, sentence.words);
      if (sentence.spans.empty()) sentence.text = {};
    }
    const Json* tags = find_labels(row, kTagKeys);
    if (tags == nullptr) return;
    if (!tags->is_array() || tags->size() != tokens.size()) {
      refuse(tags->is_array() ? fmt::format("{} tokens but {} tags", tokens.size(), tags->size())
                              : "the tags are not a list");
    }
    for (const Json& tag : *tags) {
      const bool named = tag.is_string() && !tag.get_ref<const std::string&>().empty();
      if (!named && !tag.is_number_integer()) {
        refuse(fmt::format("tag {} is neither a name nor a whole number", sentence.tags.size() + 1));
      }
      sentence.tags.push_back(file_.keep_tag(named ? tag.get<std::string>() : tag.dump()));
    }
  }

  void read_text(const Json& row, TaggedSentence& sentence) {
    form_ = "texts and their entities, which are put on the words that BERT's tokenizer sees";
    const Json* text = find_key(row, kTagTextKeys);
    if (text == nullptr || !text->is_string()) refuse("neither \"tokens\" nor \"text\" is there");
    sentence.text = file_.keep(text->get_ref<const std::string&>());
    sentence.spans = split_words(sentence.text);
    for (const Span span : sentence.spans) {
      sentence.words.push_back(sentence.text.substr(span.begin, span.end - span.begin));
    }
    const Json* entities = find_labels(row, kEntityKeys);
    if (entities == nullptr) return;
    if (!entities->is_array()) refuse("the entities are not a list");
    tag_words(read_annotations(*entities, sentence.text), sentence);
  }

  // Returns the annotations in the order of the text.
  std::vector<Annotation> read_annotations(const Json& entities, std::string_view text) {
    std::vector<Annotation> annotations;
    if (entities.empty()) return annotations;
    std::vector<std::uint32_t> bytes;  // where each code point begins, and the end
    for (std::size_t i = 0; i < text.size(); i += decode_utf8(text, i).bytes) {
      bytes.push_back(static_cast<std::uint32_t>(i));
    }
    bytes.push_back(static_cast<std::uint32_t>(text.size()));
    for (const Json& entity : entities) annotations.push_back(read_annotation(entity, bytes));
    std::ranges::sort(annotations, {}, &Annotation::begin);
    for (std::size_t i = 1; i < annotations.size(); ++i) {
      const Annotation &left = annotations[i - 1], &right = annotations[i];
      if (right.begin >= left.end) continue;
      const auto shown = [&](const Annotation& one) { return text.substr(one.begin, one.end - one.begin); };
      refuse(fmt::format("the entities \"{}\" ({}) and \"{}\" ({}) overlap; a word has one tag", shown(left),
                         left.label, shown(right), right.label));
    }
    return annotations;
  }

  // {"start", "end", "label"}, or [start, end, label] as Doccano writes it.
  Annotation read_annotation(const Json& entity, const std::vector<std::uint32_t>& bytes) const {
    const Json *start = nullptr, *end = nullptr, *label = nullptr;
    if (entity.is_object()) {
      start = find_key(entity, kStartKeys), end = find_key(entity, kEndKeys);
      label = find_key(entity, kLabelKeys);
      if (label != nullptr && label->is_array() && label->size() == 1) label = &label->front();
    } else if (entity.is_array() && entity.size() == 3) {
      start = &entity[0], end = &entity[1], label = &entity[2];
    }
    const bool whole = start != nullptr && end != nullptr && label != nullptr && start->is_number_integer() &&
                       end->is_number_integer() && label->is_string() &&
                       !label->get_ref<const std::string&>().empty();
    if (!whole) refuse(R"(an entity is not {"start": number, "end": number, "label": name})");
    const auto length = static_cast<std::int64_t>(bytes.size()) - 1;
    const auto from = as_offset(*start), to = as_offset(*end);
    if (from < 0 || to <= from || to > length) {
      refuse(fmt::format("the entity {} .. {} does not lie in the text of {} characters", start->dump(),
                         end->dump(), length));
    }
    return {bytes[static_cast<std::size_t>(from)], bytes[static_cast<std::size_t>(to)],
            label->get<std::string>()};
  }

  // -1 for what is no offset into any text.
  static std::int64_t as_offset(const Json& number) {
    if (number.is_number_unsigned() && number.get<std::uint64_t>() > UINT32_MAX) return -1;
    return number.get<std::int64_t>();
  }

  void tag_words(const std::vector<Annotation>& annotations, TaggedSentence& sentence) {
    sentence.tags.assign(sentence.words.size(), file_.keep_tag("O"));
    std::size_t word = 0;
    for (const Annotation& entity : annotations) {
      const std::vector<Span>& spans = sentence.spans;
      while (word < spans.size() && spans[word].end <= entity.begin) ++word;
      const std::size_t first = word;
      for (; word < spans.size() && spans[word].begin < entity.end; ++word) {
        const bool cut = spans[word].begin < entity.begin || spans[word].end > entity.end;
        if (cut) file_.count("an entity begins or ends inside a word: the whole word was taken", line_);
        sentence.tags[word] = file_.keep_tag((word == first ? "B-" : "I-") + entity.label);
      }
      if (word == first) file_.count("an entity without a word of its own was left out", line_);
    }
  }

  TaggedFile& file_;
  std::int64_t line_ = 1;                      // of the row that is read
  std::string_view form_ = "nothing in them";  // of the last row
};

}  // namespace

void read_tagged_jsonl(TaggedFile& file) { TaggedJsonReader(file).read(); }

}  // namespace bertune::data
