// The description of a schedule: a name, the fields of its options, and what makes it of them.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "bertune/schedule.h"
#include "optim/option_fields.h"

namespace bertune::optim {

template <typename Options, typename Make>
ScheduleKind describe_schedule(std::string name, std::vector<Field<Options>> fields, Make make) {
  const auto read = [fields, owner = "schedule " + name](const OptionValues& values) {
    return read_options(fields, values, owner);
  };
  return {.name = std::move(name),
          .options = infos_of(fields),
          .resolve = [fields, read](const OptionValues& values) { return texts_of(fields, read(values)); },
          .make =
              [read, make](const ScheduleSpan& span, const OptionValues& values) {
                return std::unique_ptr<Schedule>(make(span, read(values)));
              }};
}

ScheduleKind describe_reduce_lr_on_plateau();
ScheduleKind describe_greedy();

}  // namespace bertune::optim
