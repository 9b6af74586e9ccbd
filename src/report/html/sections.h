// The parts of a report, in their order: each a question, its answer in a sentence or two, and the evidence.
// A part that a run has no data for is empty.
#pragma once

#include <string>

#include "core/json.h"

namespace bertune::report::html {

// `facts` are those of insight::run_facts.
std::string headline(
    const OrderedJson& facts);  // the result as a sentence, with its interval and the baselines
std::string plan_section(const OrderedJson& facts);
std::string training_section(const OrderedJson& facts);
std::string seeds_section(const OrderedJson& facts);
std::string tuning_section(const OrderedJson& facts);
std::string labels_section(const OrderedJson& facts);
std::string confusion_section(const OrderedJson& facts);
std::string numbers_section(const OrderedJson& facts);
std::string calibration_section(const OrderedJson& facts);
std::string abstention_section(const OrderedJson& facts);
std::string mistakes_section(const OrderedJson& facts);
std::string suspicious_section(const OrderedJson& facts);
std::string learning_curve_section(const OrderedJson& facts);
std::string suggestions_section(const OrderedJson& facts);
std::string lengths_section(const OrderedJson& facts);
std::string data_section(const OrderedJson& facts);
std::string repeat_section(const OrderedJson& facts);

std::string title_of(const OrderedJson& facts);  // as text, not HTML
// Names rows as a person does: "row", "rows", "sentences".
std::string units(const OrderedJson& facts, bool several = true);

}  // namespace bertune::report::html
