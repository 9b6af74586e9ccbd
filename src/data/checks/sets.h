// What is done with whole sets of tagged sentences or of questions, as split.h and check.h do it with texts:
// holding out a validation set, and finding what is there twice.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/questions/question_answering.h"
#include "data/splits/split.h"
#include "data/tagged/tagged.h"

namespace bertune::data {

// Holds out a share of the sentences (equal ones stay on one side), or of the questions (those about one
// context do). Depends on the set, share or fold, and seed only.
Split split_sentences(const TaggedDataset& dataset, double validation_share, std::uint64_t seed,
                      const Fold& fold = {});
Split split_questions(const QuestionAnsweringDataset& dataset, double validation_share, std::uint64_t seed,
                      const Fold& fold = {});

// The sentences or questions of these numbers. Tags, scheme, and whether questions may be without an answer
// remain those of the whole; notes are left behind.
TaggedDataset subset(const TaggedDataset& dataset, std::span<const std::int64_t> sentences);
QuestionAnsweringDataset subset(const QuestionAnsweringDataset& dataset,
                                std::span<const std::int64_t> questions);

// One line for each kind of repetition that there is, with its number and first case: sentences of at least
// five words (shorter ones are often said), or questions with their contexts, that repeat an earlier one, or
// one that is tagged or answered otherwise. Texts are compared by case-folded words.
std::vector<std::string> repeat_notes(std::string_view name, const TaggedDataset& dataset);
std::vector<std::string> repeat_notes(std::string_view name, const QuestionAnsweringDataset& dataset);

// The same for what a set shares with the one that is trained on; of questions, contexts too.
std::vector<std::string> leak_notes(std::string_view name, const TaggedDataset& dataset,
                                    const TaggedDataset& train);
std::vector<std::string> leak_notes(std::string_view name, const QuestionAnsweringDataset& dataset,
                                    const QuestionAnsweringDataset& train);

}  // namespace bertune::data
