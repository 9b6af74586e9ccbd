#include "bertune/trainer.h"
#include "data/files/text_file.h"
#include "insight/data/long_text_choice.h"
#include "runs/public_result.h"

namespace bertune {

LongTextOptions choose_long_text(const TrainOptions& options) {
  runs::TrainOptions run = runs::run_options(options);
  const data::KeptPipes pipes;
  runs::Callback observer(options.on_event);
  const runs::BaseModel base = runs::open_base_model(run);
  run.stop = options.stop, run.arguments.resume = false;
  insight::settle_long_text(run, base, *runs::task_of(run).task, observer, false);
  return run.files.long_text;
}

}  // namespace bertune
