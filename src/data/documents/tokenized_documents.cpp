#include "data/documents/tokenized_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "bertune/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/utf8.h"
#include "data/documents/sentences.h"

namespace bertune::data {

namespace {

constexpr int kVersion = 1;  // of the files

}  // namespace

TokenizedDocuments::TokenizedDocuments(std::int64_t id_limit, std::int64_t max_sentence_tokens)
    : TokenizedDocuments(id_limit, max_sentence_tokens, {}) {}

TokenizedDocuments::TokenizedDocuments(std::int64_t id_limit, std::int64_t max_sentence_tokens,
                                       const fs::path& folder)
    : id_limit_(id_limit),
      max_sentence_tokens_(std::clamp(max_sentence_tokens, std::int64_t{1}, kLongestSentence)),
      folder_(folder),
      ids_(id_limit) {
  if (!folder_.empty()) {
    ids_.write_to(folder_ / "tokens");
    sentence_sizes_.write_to(folder_ / "sentences");
    anchors_.write_to(folder_ / "anchors");
    document_begins_.write_to(folder_ / "documents");
  }
  document_begins_.push_back(0);
}

TokenizedDocuments TokenizedDocuments::open(const fs::path& folder) {
  const fs::path path = folder / kCorpusFile;
  const Json corpus = parse_json(read_file(path, 1 << 24), path.string());
  try {
    if (corpus.at("version") != kVersion)
      throw Error(fmt::format("{}: is of another version", path.string()));
    TokenizedDocuments documents(corpus.at("id_limit"));
    documents.folder_ = folder;
    documents.ids_.map(folder / "tokens");
    documents.sentence_sizes_.map(folder / "sentences");
    documents.anchors_.map(folder / "anchors");
    documents.document_begins_.map(folder / "documents");
    documents.fingerprint_ = corpus.at("fingerprint").get<std::uint64_t>();
    documents.notes = corpus.at("notes");
    const bool whole = documents.tokens() == corpus.at("tokens") &&
                       documents.sentences() == corpus.at("sentences") &&
                       documents.size() == corpus.at("documents") && documents.size() > 0 &&
                       documents.document_begins_.back() == documents.sentences() &&
                       static_cast<std::int64_t>(documents.anchors_.size()) ==
                           (documents.sentences() + kAnchorEvery - 1) / kAnchorEvery;
    if (!whole) throw Error(fmt::format("{}: does not describe the files beside it", path.string()));
    return documents;
  } catch (const Json::exception&) {
    throw Error(fmt::format("{}: is damaged", path.string()));
  }
}

void TokenizedDocuments::finish() {
  if (folder_.empty()) return;
  ids_.finish();
  sentence_sizes_.finish();
  anchors_.finish();
  document_begins_.finish();
  fingerprint_ = hash_of_all();
  write_file_atomically(folder_ / kCorpusFile, dump_json({{"version", kVersion},
                                                          {"id_limit", id_limit_},
                                                          {"documents", size()},
                                                          {"sentences", sentences()},
                                                          {"tokens", tokens()},
                                                          {"fingerprint", *fingerprint_},
                                                          {"notes", notes}}));
}

void TokenizedDocuments::release_pages() const {
  ids_.release_pages();
  sentence_sizes_.release_pages();
  anchors_.release_pages();
  document_begins_.release_pages();
}

void TokenizedDocuments::add_sentence(std::span<const std::int32_t> ids) {
  while (!ids.empty()) {
    const auto part = ids.first(std::min(ids.size(), static_cast<std::size_t>(max_sentence_tokens_)));
    if (sentences() % kAnchorEvery == 0) anchors_.push_back(ids_.size());
    sentence_sizes_.push_back(static_cast<std::uint16_t>(part.size()));
    ids_.append(part);
    ids = ids.subspan(part.size());
  }
}

bool TokenizedDocuments::end_document() {
  if (sentences() == document_begins_.back()) return false;
  document_begins_.push_back(sentences());
  return true;
}

std::int64_t TokenizedDocuments::sentence_begin(std::int64_t sentence) const {
  std::int64_t begin = anchors_[static_cast<std::size_t>(sentence / kAnchorEvery)];
  for (std::int64_t s = sentence - sentence % kAnchorEvery; s < sentence; ++s) begin += sentence_size(s);
  return begin;
}

std::int64_t TokenizedDocuments::memory_bytes() const {
  const std::int64_t ids = ids_.in_file() ? 0 : ids_.size() * ids_.bytes_per_id();
  return ids + static_cast<std::int64_t>(sentence_sizes_.memory_bytes() + anchors_.memory_bytes() +
                                         document_begins_.memory_bytes());
}

std::uint64_t TokenizedDocuments::fingerprint() const { return fingerprint_ ? *fingerprint_ : hash_of_all(); }

std::uint64_t TokenizedDocuments::hash_of_all() const {
  constexpr std::int64_t kPart = 1 << 16, kRelease = 1 << 24;  // ids
  std::uint64_t hash = 0;
  const auto add = [&](std::span<const std::byte> bytes) {
    hash = mixed_hash(hash, quick_hash({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  };
  add(std::as_bytes(document_begins_.all()));
  add(std::as_bytes(sentence_sizes_.all()));
  std::vector<std::int32_t> part;
  for (std::int64_t first = 0; first < tokens(); first += kPart) {
    if (first % kRelease == 0) release_pages();
    part.resize(static_cast<std::size_t>(std::min(tokens() - first, kPart)));
    copy(first, part);
    add(std::as_bytes(std::span(part)));
  }
  release_pages();
  return hash;
}

namespace {

// Gathers sentences until they are worth handing to all cores.
class Tokenizing : public DocumentSink {
 public:
  Tokenizing(const BertTokenizer& tokenizer, TokenizedDocuments& documents, const std::stop_token& stop)
      : tokenizer_(tokenizer), documents_(documents), stop_(stop) {
    options_.add_special_tokens = false;
    options_.split_special_tokens = true;
    options_.is_split_into_words = true;  // a sentence mostly stands behind a space, which cutting took away
  }

  void sentence(std::string_view text) override {
    std::string clean;
    if (find_invalid_utf8(text) != std::string_view::npos) {
      clean = replace_invalid_utf8(text, replaced_);
      text = clean;
    }
    while (text.size() > kLongest) {
      const std::size_t size = cut(text);
      keep(text.substr(0, size));
      text.remove_prefix(size);
    }
    keep(text);
    if (text_.size() >= kWave) flush();
  }
  void end_document() override { document_ends_.push_back(ends_.size()); }

  void flush() {
    if (stop_.stop_requested()) throw Interrupted("stopped while tokenizing");
    std::vector<std::string_view> texts;
    texts.reserve(ends_.size());
    for (std::size_t i = 0, begin = 0; i < ends_.size(); begin = ends_[i++]) {
      texts.push_back(std::string_view(text_).substr(begin, ends_[i] - begin));
    }
    rows_.input_ids.clear(), rows_.lengths.clear(), rows_.begins.assign(1, 0);
    tokenizer_.encode_packed(texts, {}, options_, rows_);
    std::size_t sentence = 0;
    const auto add_until = [&](std::size_t end) {
      for (; sentence < end; ++sentence) {
        const auto begin = static_cast<std::size_t>(rows_.begins[sentence]);
        const auto size = static_cast<std::size_t>(rows_.begins[sentence + 1]) - begin;
        documents_.add_sentence(std::span(rows_.input_ids).subspan(begin, size));
      }
    };
    for (const std::size_t end : document_ends_) {
      add_until(end);
      empty_documents_ += documents_.end_document() ? 0 : 1;
    }
    add_until(texts.size());
    text_.clear(), ends_.clear(), document_ends_.clear();
  }

  std::uint64_t replaced() const { return replaced_; }
  std::int64_t empty_documents() const { return empty_documents_; }

 private:
  // The parts have far more than max_length tokens, and few enough for the tokenizer to take at once.
  static constexpr std::size_t kLongest = std::size_t{1} << 15, kWave = std::size_t{8} << 20;

  void keep(std::string_view text) {
    text_ += text;
    ends_.push_back(text_.size());
  }
  // Returns where to cut a text that is too long: at a blank, or else between two characters.
  static std::size_t cut(std::string_view text) {
    if (const std::size_t blank = text.find_last_of(" \t\r\n", kLongest - 1);
        blank != std::string_view::npos) {
      return blank + 1;
    }
    std::size_t size = kLongest;
    while (size > 1 && continues_character(text[size])) --size;
    return size;
  }

  const BertTokenizer& tokenizer_;
  TokenizedDocuments& documents_;
  const std::stop_token& stop_;
  EncodeOptions options_;
  std::string text_;                        // of the sentences that wait, end to end
  std::vector<std::size_t> ends_;           // of each in text_
  std::vector<std::size_t> document_ends_;  // how many of the waiting sentences come before each
  PackedEncodings rows_;
  std::uint64_t replaced_ = 0;
  std::int64_t empty_documents_ = 0;
};

}  // namespace

TokenizedDocuments tokenize_documents(const std::vector<fs::path>& paths, const BertTokenizer& tokenizer,
                                      const DocumentOptions& options, std::int64_t max_sentence_tokens,
                                      const fs::path& folder, const std::stop_token& stop) {
  TokenizedDocuments documents(tokenizer.vocab_size(), max_sentence_tokens, folder);
  Tokenizing sink(tokenizer, documents, stop);
  DocumentReader reader(options);
  for (const fs::path& path : paths) reader.read(path, sink);
  sink.flush();
  documents.notes = reader.notes();
  if (sink.replaced() > 0) {
    documents.notes.push_back(
        fmt::format("{} sequences of bytes that are not UTF-8 were replaced by U+FFFD", sink.replaced()));
  }
  if (sink.empty_documents() > 0) {
    documents.notes.push_back(fmt::format("{} empty documents were skipped", sink.empty_documents()));
  }
  if (documents.size() == 0) {
    throw Error(paths.empty()
                    ? "no file to train on"
                    : fmt::format("{}: no document has a token that the vocabulary knows how to write",
                                  paths[0].string()));
  }
  documents.finish();
  return documents;
}

}  // namespace bertune::data
