// JSON Lines: {"tokens": [...], "tags": [...]}, or {"text": "...", "entities": [{"start", "end", "label"}]}
// with offsets in code points.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

#include "core/json.h"
#include "core/utf8.h"
#include "data/files/records.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/words.h"

namespace bertune::data {
namespace {

// An entity as a file gives it, in bytes of the text.
struct Annotation {
  std::uint32_t begin = 0, end = 0;
  std::string label;
};

class TaggedJsonReader {
 public:
  explicit TaggedJsonReader(TaggedFile& file) : file_(file) {}

  void read() {
    for (std::string_view line; file_.next_line(line);) {
      if (trim_blanks(line).empty()) continue;
      const Json row = parse_json(file_.valid(line), file_.where(file_.line()));
      if (!row.is_object()) refuse("not a JSON object: each line is one, {...}");
      TaggedSentence sentence;
      sentence.line = file_.line();
      if (const Json* tokens = find(row, {"tokens", "words"})) {
        read_tokens(row, *tokens, sentence);
      } else {
        read_text(row, sentence);
      }
      file_.add(std::move(sentence));
    }
    file_.note(fmt::format("{}: JSON Lines, an object a line: {}", file_.where(1), form_));
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { file_.refuse(file_.line(), what); }

  static const Json* find(const Json& row, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) {
      const auto found = row.find(std::string(key));
      if (found != row.end() && !found->is_null()) return &*found;
    }
    return nullptr;
  }

  // The value under label_column, or else under the first of the usual keys that is there.
  const Json* find_labels(const Json& row, std::initializer_list<std::string_view> usual) const {
    const std::string& given = file_.options().label_column;
    const Json* labels = given.empty() ? find(row, usual) : find(row, {given});
    if (labels == nullptr && file_.options().labels_required) {
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
      if (!token.is_string()) refuse(fmt::format("token {} is not a string", sentence.words.size() + 1));
      sentence.words.push_back(file_.keep(token.get_ref<const std::string&>()));
    }
    if (const Json* text = find(row, {"text"}); text != nullptr && text->is_string()) {
      sentence.text = file_.keep(text->get_ref<const std::string&>());
      sentence.spans = locate_words(sentence.text, sentence.words);
      if (sentence.spans.empty()) sentence.text = {};
    }
    const Json* tags = find_labels(row, {"ner_tags", "tags", "labels", "pos_tags"});
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
    const Json* text = find(row, {"text"});
    if (text == nullptr || !text->is_string()) refuse("neither \"tokens\" nor \"text\" is there");
    sentence.text = file_.keep(text->get_ref<const std::string&>());
    sentence.spans = split_words(sentence.text);
    for (const Span span : sentence.spans) {
      sentence.words.push_back(sentence.text.substr(span.begin, span.end - span.begin));
    }
    const Json* entities = find_labels(row, {"entities", "spans", "label", "labels"});
    if (entities == nullptr) return;
    if (!entities->is_array()) refuse("the entities are not a list");
    tag_words(read_annotations(*entities, sentence.text), sentence);
  }

  // In the order of the text.
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
      start = find(entity, {"start", "start_offset"}), end = find(entity, {"end", "end_offset"});
      label = find(entity, {"label", "type", "entity_group"});
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
        if (cut)
          file_.count("an entity begins or ends inside a word: the whole word was taken", file_.line());
        sentence.tags[word] = file_.keep_tag((word == first ? "B-" : "I-") + entity.label);
      }
      if (word == first) file_.count("an entity without a word of its own was left out", file_.line());
    }
  }

  TaggedFile& file_;
  std::string_view form_ = "nothing in them";  // of the last row
};

}  // namespace

void read_tagged_jsonl(TaggedFile& file) { TaggedJsonReader(file).read(); }

}  // namespace bertune::data
