/* The interface from a program in C89: every head of the models in a folder, tokens, and errors.
 *   use MODELS-FOLDER */
#include <bertune/bertune.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                        \
  do {                                                                                          \
    if (!(condition)) {                                                                         \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, bertune_last_error()); \
      exit(1);                                                                                  \
    }                                                                                           \
  } while (0)

static bertune_model* load(const char* folder, const char* name) {
  char path[4096];
  bertune_model* model = NULL;
  sprintf(path, "%.2000s/%s", folder, name);
  CHECK(bertune_load(path, NULL, &model) == BERTUNE_OK);
  return model;
}

static bertune_text text_of(const char* bytes) {
  bertune_text text;
  text.bytes = bytes;
  text.length = 0;
  return text;
}

static void ask(const char* folder, const char* name, const char* expected) {
  bertune_model* model = load(folder, name);
  bertune_text choices[2];
  bertune_input input;
  bertune_predictions* predictions = NULL;
  memset(&input, 0, sizeof input);
  input.struct_size = sizeof input;
  input.text = text_of(strcmp(name, "masks") == 0 ? "the [MASK] was good" : "the film was good");
  if (strcmp(name, "next_sentence") == 0) input.text_pair = text_of("the food was bad");
  input.question = text_of("was it good");
  input.context = text_of("the film was good");
  choices[0] = text_of("good");
  choices[1] = text_of("bad");
  input.choices = choices;
  input.choice_count = strcmp(name, "choices") == 0 ? 2 : 0;
  if (strcmp(name, "answers") == 0 || strcmp(name, "choices") == 0) input.text = text_of(NULL);
  if (strcmp(name, "answers") != 0 && strcmp(name, "choices") != 0) {
    input.question = text_of(NULL);
    input.context = text_of(NULL);
  }
  CHECK(bertune_predict(model, &input, 1, &predictions) == BERTUNE_OK);
  CHECK(bertune_predictions_count(predictions) == 1);
  CHECK(strstr(bertune_prediction_json(predictions, 0), expected) != NULL);
  bertune_predictions_free(predictions);
  bertune_model_free(model);
}

int main(int argc, char** argv) {
  const char* options[3];
  bertune_model* model = NULL;
  CHECK(argc == 2);
  CHECK(bertune_abi_version() == BERTUNE_ABI_VERSION);
  CHECK(strcmp(bertune_version(), "") != 0);
  CHECK(bertune_set_threads(2) == BERTUNE_OK);
  ask(argv[1], "classes", "\"label\"");
  ask(argv[1], "several_labels", "\"labels\"");
  ask(argv[1], "number", "\"score\"");
  ask(argv[1], "entities", "\"entities\"");
  ask(argv[1], "tags", "\"tags\"");
  ask(argv[1], "answers", "\"answer\"");
  ask(argv[1], "choices", "\"choice\"");
  ask(argv[1], "masks", "\"masks\"");
  ask(argv[1], "next_sentence", "\"is_next\"");
  ask(argv[1], "embeddings", "\"embedding\"");
  options[0] = "max_lenght";
  options[1] = "12";
  options[2] = NULL;
  CHECK(bertune_load(argv[1], options, &model) == BERTUNE_USAGE);
  CHECK(strcmp(bertune_last_error_option(), "max_lenght") == 0);
  CHECK(bertune_set_threads(-1) == BERTUNE_USAGE);
  bertune_model_free(NULL);
  bertune_predictions_free(NULL);
  bertune_tokenizer_free(NULL);
  bertune_encodings_free(NULL);
  bertune_string_free(NULL);
  return 0;
}
