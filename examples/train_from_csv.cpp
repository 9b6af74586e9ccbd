// Fine-tune a BERT on a CSV file with the columns text and label, test it on another, and ask it:
//
//     train_from_csv MODEL_FOLDER TRAIN.csv TEST.csv OUTPUT_FOLDER [EPOCHS]
#include <cstdlib>
#include <iostream>

#include "bertune/error.h"
#include "bertune/predictor.h"
#include "bertune/trainer.h"

int main(int argc, char** argv) try {
  if (argc < 5) throw bertune::UsageError("give MODEL_FOLDER TRAIN.csv TEST.csv OUTPUT_FOLDER [EPOCHS]");
  bertune::TrainOptions options;
  options.model = argv[1], options.train = argv[2], options.test = argv[3];
  options.overwrite = true;
  options.arguments.output_dir = argv[4];
  options.arguments.num_train_epochs = argc > 5 ? std::atof(argv[5]) : 3;
  options.arguments.learning_rate = 8e-4;  // of a small model; 5e-5 is usual
  options.on_event = [](const bertune::Event& event) {
    if (const auto* evaluation = std::get_if<bertune::EvaluationEvent>(&event))
      std::cout << "step " << evaluation->step << ": " << evaluation->metrics.value("accuracy") << '\n';
  };
  const bertune::TrainResult result = bertune::fine_tune(options);
  std::cout << "accuracy on the test set: " << result.test->value("accuracy") << '\n';

  const bertune::Predictor predictor(result.folder);
  const auto answer = predictor.predict({.text = "My parcel has been stuck at the depot since Monday."});
  const auto& label = std::get<bertune::Label>(answer);
  std::cout << "a parcel that is stuck: " << label.label << " (" << label.score << ")\n";
} catch (const std::exception& error) {
  std::cerr << "train_from_csv: " << error.what() << '\n';
  return 1;
}
