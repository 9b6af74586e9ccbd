// Bertune's side of token_classification.py. Answers are JSON, an object a line.
//
//   token_driver features MODEL_FOLDER FILE max_length truncate|windows first|all
//     {"labels": [name of each id], "sentences": n}, then a row: {"sentence", "input_ids", "words",
//     "labels"}, then
//     {"word_tokens": [...], "words": [words of each sentence]}
//   token_driver metrics < {"scheme", "truth": [[tag]], "predicted": [[tag]], "strict": bool} a line
//     {"values": {}, "types": {type: [precision, recall, f1, support]}, "entities": [[sentence, type, first,
//     end]]}
//   token_driver predict MODEL_FOLDER < {"text", "labels": [name of each id], "logits": [[a label] a token]}
//   a line
//     what `bertune predict` writes
//   token_driver words MODEL_FOLDER < a text a line
//     {"texts": n, "different": [texts whose words do not give the tokens of the whole, a few]}
#include <cstdio>
#include <iostream>
#include <set>
#include <string>

#include "bertune/error.h"
#include "bertune/tokenizer.h"
#include "core/json.h"
#include "data/tagged/tag_labels.h"
#include "data/tagged/tagged.h"
#include "tasks/token_classification/examples.h"
#include "tasks/token_classification/metrics.h"
#include "tasks/token_classification/prediction.h"

namespace {

using bertune::BertTokenizer;
using bertune::ClassMetrics;
using bertune::Json;
using bertune::Metrics;
using namespace bertune::data;
using namespace bertune::tasks;

void print(const Json& answer) { std::cout << answer.dump() << '\n'; }

template <typename T>
std::vector<T> part(const std::vector<T>& all, std::int64_t begin, std::int64_t end) {
  return {all.begin() + begin, all.begin() + end};
}

void features(char** argv) {
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(argv[0]);
  const TaggedDataset dataset = read_tagged(argv[1]);
  const bool windows = argv[3] == std::string("windows"), all = argv[4] == std::string("all");
  TokenClassification task{build_tag_map(dataset), dataset.scheme, std::stoll(argv[2]), all};
  const std::vector<std::int32_t> ids = tag_ids(dataset, task.labels);
  const auto made = make_features(dataset.sentences, ids, tokenizer, task,
                                  windows ? LongSentences::windows : LongSentences::truncate);
  print({{"labels", task.labels.id2label()}, {"sentences", dataset.size()}});
  for (std::int64_t row = 0; row < made.rows(); ++row) {
    const std::int64_t begin = made.begins[row], end = made.begins[row + 1];
    print({{"sentence", made.sentences[row]},
           {"input_ids", part(made.input_ids, begin, end)},
           {"words", part(made.words, begin, end)},
           {"labels", part(made.labels, begin, end)}});
  }
  Json words = Json::array();
  for (const TaggedSentence& sentence : dataset.sentences) words.push_back(sentence.words.size());
  print({{"word_tokens", made.word_tokens}, {"words", words}});
}

TagScheme scheme_named(const std::string& name) {
  for (const TagScheme scheme : {TagScheme::iob1, TagScheme::iob2, TagScheme::bioes, TagScheme::bilou}) {
    if (name == to_string(scheme)) return scheme;
  }
  return TagScheme::none;
}

void metrics() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = bertune::parse_json(line, "standard input");
    using Sentences = std::vector<std::vector<std::string>>;
    const auto truth = request.at("truth").get<Sentences>(),
               predicted = request.at("predicted").get<Sentences>();
    std::set<std::string> names;
    for (const Sentences* side : {&truth, &predicted}) {
      for (const auto& tags : *side) names.insert(tags.begin(), tags.end());
    }
    const LabelMap labels({names.begin(), names.end()});
    const TagScheme scheme = scheme_named(request.at("scheme").get<std::string>());
    const auto reading = request.at("strict").get<bool>() ? EntityReading::strict : EntityReading::lenient;
    TokenMetricsAccumulator accumulator(labels, scheme, reading);
    Json found = Json::array(), types = Json::object(), values = Json::object();
    for (std::size_t i = 0; i < truth.size(); ++i) {
      std::vector<std::int32_t> right, said;
      for (const std::string& tag : truth[i]) right.push_back(*labels.id_of(tag));
      for (const std::string& tag : predicted[i]) said.push_back(*labels.id_of(tag));
      accumulator.add(right, said);
      const std::vector<std::string_view> tags(truth[i].begin(), truth[i].end());
      for (const Entity& one : entities(tags, scheme, reading)) {
        found.push_back({i, one.type, one.first_word, one.end_word});
      }
    }
    const Metrics result = accumulator.result(0);
    for (const auto& [name, value] : result.values) values[name] = value;
    for (const ClassMetrics& one : result.classes) {
      types[one.label] = {one.precision, one.recall, one.f1, one.support};
    }
    print({{"values", values}, {"types", types}, {"entities", found}});
  }
}

void predict(char** argv) {
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(argv[0]);
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = bertune::parse_json(line, "standard input");
    const auto text = request.at("text").get<std::string>();
    const auto names = request.at("labels").get<std::vector<std::string>>();
    const TokenClassification task{LabelMap(names), scheme_of_tags(names), 512};
    const std::string_view texts[] = {text};
    const std::vector<TaggedSentence> sentences = sentences_of(texts);
    const auto made = make_features(sentences, {}, tokenizer, task, LongSentences::windows);
    std::vector<float> logits;
    for (const Json& token : request.at("logits")) {
      for (const Json& logit : token) logits.push_back(logit.get<float>());
    }
    WordPredictions predictions(made, task);
    if (made.rows() > 0) predictions.add(0, logits);
    std::cout << json_line(
        sentence_json(sentences[0], bertune::tasks::predict(sentences[0], predictions.of_sentence(0), task)));
  }
}

void words(char** argv) {
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(argv[0]);
  std::int64_t texts = 0;
  Json different = Json::array();
  for (std::string line; std::getline(std::cin, line); ++texts) {
    const std::string_view views[] = {line};
    const std::vector<TaggedSentence> sentences = sentences_of(views);
    std::vector<std::int32_t> pieces;
    for (const std::string_view word : sentences[0].words) {
      const auto ids = tokenizer.encode(word, {.add_special_tokens = false}).input_ids;
      pieces.insert(pieces.end(), ids.begin(), ids.end());
    }
    const auto whole =
        tokenizer.encode(line, {.add_special_tokens = false, .split_special_tokens = true}).input_ids;
    if (pieces != whole && different.size() < 20) different.push_back(line);
  }
  std::cout << Json{{"texts", texts}, {"different", different}}.dump(-1, ' ', true,
                                                                     Json::error_handler_t::replace)
            << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::string command = argc > 1 ? argv[1] : "";
  try {
    if (command == "features" && argc == 7) {
      features(argv + 2);
    } else if (command == "metrics") {
      metrics();
    } else if (command == "predict" && argc == 3) {
      predict(argv + 2);
    } else if (command == "words" && argc == 3) {
      words(argv + 2);
    } else {
      return 2;
    }
  } catch (const bertune::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
