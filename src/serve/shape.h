// A shape describes a JSON value of a request: described once, to be checked and to be published as JSON
// Schema in the description of the interface.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace bertune::serve {

struct Field;

struct Shape {
  enum class Kind { text, integer, number, boolean, object, list, any_of, anything };

  Kind kind = Kind::anything;
  std::string about = {};
  std::vector<Field> fields;                    // of an object
  bool is_open = false;                         // an object may have other members
  std::vector<Shape> of = {};                   // a list: of its items; any_of: each possible
  std::optional<double> least = {}, most = {};  // of numbers; of the length of texts and lists
  std::vector<std::string> choices = {};        // of a text
  std::string holds = {};                       // what a text must hold somewhere
  std::optional<bool> only = {};                // of true or false, the one that may be
  bool nullable = false;

  Shape said(std::string text) const;  // with this `about`
  Shape or_null() const;
  Shape at_least(double value) const;
  Shape at_most(double value) const;
};

struct Field {
  std::string name;
  Shape shape;
  bool required = false;
};

Shape text_shape();
Shape text_of(std::vector<std::string> choices);
Shape integer_shape(double least, double most);
Shape number_shape(double least, double most);
Shape boolean_shape(std::optional<bool> only = {});
Shape list_of(Shape item);
Shape object_of(std::vector<Field> fields);
Shape open_object_of(std::vector<Field> fields);
Shape any_of(std::vector<Shape> shapes);

OrderedJson json_schema(const Shape& shape);

// Throws Refusal (422) that says where in `value` what is wrong: "inputs[3].text must be a text, and is a
// number".
void require_shape(const Json& value, const Shape& shape, const std::string& where = "");

}  // namespace bertune::serve
