// Options that several commands have, from the table of options.
#pragma once

#include "cli/screen/messages.h"
#include "options/shared_options.h"

namespace bertune::cli {

using options::add_correction_options, options::add_data_options, options::add_labels_file_option,
    options::add_long_text_options, options::add_precision_option, options::add_question_answering_options,
    options::add_task_options, options::add_text_options, options::add_threads_option, options::ScreenOptions,
    options::show_first, options::ThreadOptions;

// Applies them; throws UsageError when the number of threads is below 0.
void use_threads(const ThreadOptions& options);

}  // namespace bertune::cli
