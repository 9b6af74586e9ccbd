// Documents as the texts by which they are compared.
#pragma once

#include <cstdint>
#include <string>

#include "data/documents/tokenized_documents.h"
#include "data/texts/texts.h"

namespace bertune::data {

// A hash of the tokens stands for each document, so that nothing is kept of `documents`, which may go. The
// place of a document is its number in the set, from 1. Of very many documents the first ones alone are
// given, whose hashes take little memory.
inline constexpr std::int64_t kMostDocumentTexts = 1'000'000;
Texts texts_of(const TokenizedDocuments& documents, const std::string& set);

}  // namespace bertune::data
