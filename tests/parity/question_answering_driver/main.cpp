// Our side of question_answering_parity.py: what is made of a file of questions, as JSON lines.
//
//   question_answering_driver normalize < JSON strings, one a line
//   question_answering_driver metrics FILE 1.1|2.0 THRESHOLD < {"id": ["prediction", null odds], ...}
//   question_answering_driver features MODEL FILE MAX_LENGTH DOC_STRIDE
//   question_answering_driver answers MODEL FILE MAX_LENGTH DOC_STRIDE N_BEST MAX_ANSWER_LENGTH NEGATIVE
//   THRESHOLD
//
// The last reads for each window its start logits and its end logits as 32-bit floats from standard input.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "core/json.h"
#include "data/questions/question_answering.h"
#include "tasks/question_answering/answers.h"
#include "tasks/question_answering/examples.h"
#include "tasks/question_answering/metrics.h"
#include "tasks/question_answering/normalize_answer.h"

namespace {

using namespace bertune;
using namespace bertune::tasks;
using Arguments = std::vector<std::string>;

void print(const Json& line) { std::cout << line.dump() << '\n'; }

Json pair_of(Span span) { return {span.begin, span.end}; }

data::QuestionAnsweringDataset read(const std::string& path) {
  data::QuestionAnsweringDataset dataset = data::read_question_answering(path);
  for (const std::string& note : dataset.notes) std::cerr << note << '\n';
  return dataset;
}

void normalize() {
  for (std::string line; std::getline(std::cin, line);)
    print(normalize_answer(parse_json(line, "input").get<std::string>()));
}

void metrics(const Arguments& arguments) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const Json predictions = parse_json(text, "predictions");
  SquadMetrics metrics(arguments[2] == "1.1" ? SquadVersion::v1_1 : SquadVersion::v2_0,
                       std::stod(arguments[3]));
  const data::QuestionAnsweringDataset dataset = read(arguments[1]);
  for (const data::QuestionAnsweringExample& example : dataset.examples) {
    std::vector<std::string_view> golds;
    for (const data::Answer& answer : example.answers) golds.push_back(answer.text);
    const Json& prediction = predictions.at(std::string(example.id));
    metrics.add(golds, prediction[0].get<std::string>(), prediction[1].get<double>());
  }
  Json line;
  for (const auto& [name, value] : metrics.result()) line[name] = value;
  print(line);
}

QuestionAnsweringFeatures features_of(const data::QuestionAnsweringDataset& dataset,
                                      const Arguments& arguments) {
  const auto tokenizer = BertTokenizer::from_pretrained(arguments[1]);
  const QuestionAnswering task{std::stoll(arguments[3]), std::stoll(arguments[4])};
  QuestionAnsweringFeatures features = make_features(dataset, tokenizer, task, dataset.has_answers);
  for (const std::string& note : features.notes) std::cerr << note << '\n';
  return features;
}

void features(const Arguments& arguments) {
  const data::QuestionAnsweringDataset dataset = read(arguments[2]);
  const QuestionAnsweringFeatures all = features_of(dataset, arguments);
  for (std::int64_t row = 0; row < all.rows(); ++row) {
    const auto place = static_cast<std::size_t>(row);
    const auto begin = all.input_ids.begin() + all.begins[place],
               end = all.input_ids.begin() + all.begins[place + 1];
    const auto type = all.token_type_ids.begin() + all.begins[place];
    const ContextWindow window = all.window(row);
    Json code_points = Json::array(), bytes = Json::array();
    for (const Span span : window.code_points) code_points.push_back(pair_of(span));
    for (const Span span : window.bytes) bytes.push_back(pair_of(span));
    print({{"id", dataset.examples[static_cast<std::size_t>(all.examples[place])].id},
           {"input_ids", std::vector<std::int32_t>(begin, end)},
           {"token_type_ids", std::vector<std::int32_t>(type, type + (end - begin))},
           {"start", all.start_positions[place]},
           {"end", all.end_positions[place]},
           {"begin", window.begin},
           {"offsets", code_points},
           {"bytes", bytes}});
  }
}

Json line_of(const AnswerCandidate& candidate) {
  return {{"text", candidate.text},
          {"probability", candidate.score},
          {"start_logit", candidate.start_logit},
          {"end_logit", candidate.end_logit},
          {"offsets", pair_of(candidate.code_points)},
          {"bytes", pair_of(candidate.bytes)}};
}

void answers(const Arguments& arguments) {
  const data::QuestionAnsweringDataset dataset = read(arguments[2]);
  const QuestionAnsweringFeatures all = features_of(dataset, arguments);
  const AnswerOptions options{std::stoll(arguments[5]), std::stoll(arguments[6]), arguments[7] == "1",
                              std::stod(arguments[8])};
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const data::QuestionAnsweringExample& example = dataset.examples[static_cast<std::size_t>(i)];
    const std::int64_t first = all.first_rows[static_cast<std::size_t>(i)],
                       last = all.first_rows[static_cast<std::size_t>(i) + 1];
    std::vector<float> starts, ends;
    for (std::int64_t row = first; row < last; ++row) {
      const auto place = static_cast<std::size_t>(row);
      const auto size = static_cast<std::size_t>(all.begins[place + 1] - all.begins[place]);
      for (std::vector<float>* logits : {&starts, &ends}) {
        logits->resize(logits->size() + size);
        if (std::fread(logits->data() + (logits->size() - size), sizeof(float), size, stdin) != size)
          throw Error("logits are missing");
      }
    }
    const AnswerPrediction prediction = predict_answer(all, i, example.context, starts, ends, options);
    Json n_best = Json::array();
    for (const AnswerCandidate& candidate : prediction.n_best) n_best.push_back(line_of(candidate));
    print({{"id", example.id},
           {"best", line_of(prediction.best)},
           {"best_non_null", line_of(prediction.best_non_null)},
           {"null_odds", prediction.null_odds ? Json(*prediction.null_odds) : Json()},
           {"n_best", n_best}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv + 1, argv + argc);
  const std::string command = arguments.empty() ? "" : arguments[0];
  try {
    if (command == "normalize") {
      normalize();
    } else if (command == "metrics" && arguments.size() == 4) {
      metrics(arguments);
    } else if (command == "features" && arguments.size() == 5) {
      features(arguments);
    } else if (command == "answers" && arguments.size() == 9) {
      answers(arguments);
    } else {
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
