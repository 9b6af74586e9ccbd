// Fine-tune BERT on your own sentences, step by step: the loop that every article on fine-tuning shows, in
// C++.
//
//     article [MODEL_FOLDER] [DATA.csv]
//
// MODEL_FOLDER is a BERT checkpoint as Hugging Face publishes it; `make checkpoint` fetches a small one.
// DATA.csv has the columns text and label below a header; try examples/support_tickets/train.csv. All that
// this program does beside printing, examples/train_from_csv.cpp has the library do.
#include <algorithm>
#include <iostream>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bertune/dataset.h"
#include "bertune/model.h"
#include "bertune/optim.h"
#include "bertune/tokenizer.h"

using Example = bertune::LabelledInput;

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : ".cache/all-MiniLM-L6-v2";
  const std::string file = argc > 2 ? argv[2] : "examples/film_reviews.csv";
  std::vector<Example> data = bertune::read_dataset(file, bertune::Architecture::sequence_classification);
  std::set<std::string> names;
  for (const Example& example : data) names.insert(example.labels.front());
  const std::vector<std::string> labels(names.begin(), names.end());

  // A pre-trained encoder, and on top of it a classifier for our labels, which knows nothing yet.
  const auto tokenizer = bertune::BertTokenizer::from_pretrained(folder);
  bertune::LoadOptions head;
  head.id2label = labels;
  head.ignore_mismatched_sizes = true;  // a classifier that the checkpoint may bring was for other labels
  auto model = bertune::BertForSequenceClassification::from_pretrained(folder, head);

  // Text becomes tokens, and tokens become numbers; of a very long text BERT sees the beginning.
  const bertune::EncodeOptions options{
      .truncation = bertune::Truncation::longest_first,
      .max_length = std::min<std::int64_t>(128, model.config().max_length())};
  const auto encoding = tokenizer.encode(data[0].input.text, options);
  std::cout << "text: " << data[0].input.text << "\ntokens:";
  for (const auto id : encoding.input_ids) std::cout << ' ' << tokenizer.id_to_token(id);
  std::cout << "\nids:";
  for (const auto id : encoding.input_ids) std::cout << ' ' << id;

  // A batch is the tokens of its texts, end to end, and the number of each text's label. There is no padding.
  const auto make_batch = [&](std::span<const Example> examples) {
    bertune::Batch batch;
    for (const Example& example : examples) {
      batch.add(tokenizer.encode(example.input.text, options));
      const auto label = std::ranges::find(labels, example.labels.front());
      batch.labels.push_back(static_cast<std::int32_t>(label - labels.begin()));
    }
    return batch;
  };

  // The model gives every label a score, the logit; the loss says how wrong these are.
  const auto output = model.forward(make_batch({data.data(), 1}));
  std::cout << "\nlogits:";
  for (const float logit : output.logits) std::cout << ' ' << logit;
  std::cout << "\nloss: " << output.loss << '\n';

  // Three quarters are to learn from; the rest will show what was learned.
  std::mt19937 random(42);
  std::ranges::shuffle(data, random);
  const auto train = std::span(data).first(data.size() * 3 / 4),
             held_out = std::span(data).subspan(train.size());
  const std::size_t batch_size = train.size() < 100 ? 4 : 16, epochs = train.size() < 100 ? 8 : 3;

  auto optimizer = bertune::optim::adam(model.parameters(), {.lr = 1e-4});
  model.train();
  for (std::size_t epoch = 1; epoch <= epochs; ++epoch) {
    float sum = 0;
    for (std::size_t i = 0; i < train.size(); i += batch_size) {
      const auto batch = make_batch(train.subspan(i, std::min(batch_size, train.size() - i)));
      optimizer->zero_grad();
      sum += model.forward(batch).loss * static_cast<float>(batch.sequences());
      model.backward();
      optimizer->step();
    }
    std::cout << "epoch " << epoch << ": loss " << sum / static_cast<float>(train.size()) << '\n';
    std::ranges::shuffle(train, random);
  }

  model.eval();
  std::size_t right = 0;
  for (const Example& example : held_out) {
    const auto logits = model.forward(make_batch({&example, 1})).logits;
    const auto best = static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
    if (labels[best] == example.labels.front()) ++right;
  }
  std::cout << "accuracy: " << static_cast<double>(right) / static_cast<double>(held_out.size()) << " ("
            << right << " of " << held_out.size() << " texts that it has not seen)\n";
} catch (const std::exception& error) {
  std::cerr << "article: " << error.what() << '\n';
  return 1;
}
