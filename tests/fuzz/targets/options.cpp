// Files of options: args.json and run.yaml.
#include "cli/config/config_file.h"
#include "fuzz/target.h"

namespace bertune::fuzz {
namespace {

const Target kYaml("options_yaml", [](std::string_view bytes) {
  dump_json(cli::parse_config(std::string(bytes), "run.yaml").to_json());
});
const Target kJson("options_json", [](std::string_view bytes) {
  dump_json(cli::parse_config(std::string(bytes), "args.json").to_json());
});

}  // namespace
}  // namespace bertune::fuzz
