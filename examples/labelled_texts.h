// The data of article.cpp: sentences with labels, written down here or read from a file of your own.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Example {
  std::string text, label;
};

inline std::vector<Example> film_reviews() {
  return {
      {"A warm and funny film, I loved every minute.", "good"},
      {"A terrible film with a stupid plot.", "bad"},
      {"The best thing I have seen all year.", "good"},
      {"Dull, loud and far too long.", "bad"},
      {"Beautifully acted and a joy to watch.", "good"},
      {"The plot makes no sense and the jokes are awful.", "bad"},
      {"A clever story with a wonderful ending.", "good"},
      {"I fell asleep, what a terrible bore.", "bad"},
      {"Charming from the first scene to the last.", "good"},
      {"A lazy, ugly mess of a film.", "bad"},
      {"Wonderful music, a great cast, and so funny!", "good"},
      {"Awful acting and an even worse story.", "bad"},
      {"One of the finest and most beautiful films of the decade.", "good"},
      {"A boring waste of time.", "bad"},
      {"I loved it: great fun for the whole family.", "good"},
      {"The worst film of the year, ugly and boring.", "bad"},
  };
}

// A header, then a text and its label a line. What stands in quotes may hold commas, line ends and, doubled,
// quotes.
inline std::vector<Example> read_csv(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<Example> rows;
  std::vector<std::string> cells(1);
  const auto end_row = [&] {
    if (cells.size() >= 2) rows.push_back({cells[0], cells[1]});
    cells.assign(1, "");
  };
  bool quoted = false;
  for (char c = 0; file.get(c);) {
    if (c == '"' && quoted && file.peek() == '"') {
      cells.back() += static_cast<char>(file.get());
    } else if (c == '"') {
      quoted = !quoted;
    } else if (quoted || (c != ',' && c != '\n' && c != '\r')) {
      cells.back() += c;
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\n') {
      end_row();
    }
  }
  end_row();  // the last line may lack its end
  if (rows.size() < 5) throw std::runtime_error(path + " holds too few rows of text,label");
  rows.erase(rows.begin());
  return rows;
}
