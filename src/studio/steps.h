// The steps of a project as commands of the program.
#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"
#include "studio/jobs.h"
#include "studio/projects.h"

namespace bertune::studio {

// Throw Refusal (422) where a file, or a model, was not chosen yet.
Job check_job(const OrderedJson& settings);
Job plan_job(const fs::path& project, const OrderedJson& settings);
Job noise_job(const OrderedJson& settings);
Job comparison_job(const std::string& one, const std::string& other);
// Labels a file of the project: the result is labelled.csv among what can be made again.
Job label_job(const std::string& run, const std::string& file);
inline constexpr char kLabelled[] = "labelled.csv";
// Measures whether more labels would help a training, by its options; the curve comes into its report too.
Job curve_job(const std::string& run, const OrderedJson& options);
// Chooses texts of a file to label next: the result is suggested.csv among what can be made again, and the
// first of them come into the training's report.
Job suggestions_job(const std::string& run, const std::string& file, std::uint64_t count);
inline constexpr char kSuggested[] = "suggested.csv";

// Returns what a training is started with: the options of `bertune train`, by their names. With a kBudget
// they are those of `bertune tune`, which searches for better settings.
OrderedJson training_options(const fs::path& project, const OrderedJson& settings);

// The answer of a trained model to one input, with the words that it comes from. `asked`: {"text"}, {"text",
// "text_pair"} or {"question", "context"}. Throws Refusal (422) for what the model cannot be asked.
OrderedJson explain(const fs::path& program, const fs::path& project, const std::string& run,
                    const Json& asked);

}  // namespace bertune::studio
