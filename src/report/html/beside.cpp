#include "report/html/beside.h"

#include "core/file.h"
#include "core/writing.h"
#include "insight/results/prediction_table.h"
#include "report/model_card.h"

namespace bertune::report::html {

OrderedJson write_beside(const std::filesystem::path& folder, const FindWords& find_words) {
  const std::filesystem::path html = folder / kReportFile, json = folder / kFactsFile;
  if (!insight::has_predictions(folder)) {
    if (path_exists(html) && path_exists(json)) writing::unlink(html), writing::unlink(json);
    return {};
  }
  OrderedJson facts = write_report(folder, html, find_words);
  // The folder of an evaluation holds no model.
  if (path_exists(folder / "config.json")) write_model_card(folder, facts);
  return facts;
}

}  // namespace bertune::report::html
