// The kinds of a command's options, from the table of options.
#pragma once

#include "options/option_kinds.h"

namespace bertune::cli {

using options::fits, options::has_name, options::joined, options::kind_of, options::name_in,
    options::no_such_option, options::option_named, options::option_names, options::OptionKind,
    options::wanted_of;

}  // namespace bertune::cli
