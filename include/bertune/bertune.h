/* The C interface of Bertune: train, load, predict, embed, tokenize. Plain C89; docs/c_api.md has examples.
 *
 * Functions that can fail return a status; bertune_last_error() says in a sentence what went wrong. No C++
 * exception leaves the library, it takes no signals, and it prints nothing. What a function hands out lives
 * until the _free function of its kind; all of them take NULL. Texts are UTF-8; bytes that are none become
 * U+FFFD.
 *
 * Any number of threads may use one model or tokenizer at a time, but not free it meanwhile. In a child of
 * fork(), models and tokenizers that were loaded before answer as in the parent.
 *
 * Options are names and values, all of them texts, with NULL after the last: {"epochs", "2", "lora", "true",
 * NULL}. Names and defaults are those of the program's options, with _ or - between words. A list is given by
 * naming its option again. NULL in place of the array: no options.
 */
#ifndef BERTUNE_BERTUNE_H
#define BERTUNE_BERTUNE_H

#include <stddef.h>

#ifdef __GNUC__
#define BERTUNE_API __attribute__((visibility("default")))
#else
#define BERTUNE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Changes where programs must be compiled again. What is added leaves it as it is: structures grow at their
 * end, and begin with their size in the header that the caller was compiled with. */
#define BERTUNE_ABI_VERSION 1
BERTUNE_API int bertune_abi_version(void);
BERTUNE_API const char* bertune_version(void); /* "0.1.0" */

typedef enum bertune_status {
  BERTUNE_OK = 0,
  BERTUNE_ERROR = 1,        /* a file, the network, the data; no memory */
  BERTUNE_USAGE = 2,        /* an option or an argument is wrong */
  BERTUNE_ALREADY_DONE = 3, /* bertune_train: the run that is resumed has finished before */
  BERTUNE_INTERRUPTED = 130 /* stopped by the callback, after everything worth keeping was saved */
} bertune_status;

/* What the last call of the calling thread that failed has to say, until its next call: a message for a
 * person, and the option that is at fault ("learning_rate"), "" where none is or several are. */
BERTUNE_API const char* bertune_last_error(void);
BERTUNE_API const char* bertune_last_error_option(void);

/* The number of threads that the process computes with; 0: all CPUs that it may use. Results do not depend on
 * it. */
BERTUNE_API bertune_status bertune_set_threads(int threads);

BERTUNE_API void bertune_string_free(char* text);

/* A text of `length` bytes. length 0: up to its first '\0'. bytes NULL: there is none. */
typedef struct bertune_text {
  const char* bytes;
  size_t length;
} bertune_text;

/* ---- Models ---- */

typedef struct bertune_model bertune_model;
typedef struct bertune_tokenizer bertune_tokenizer;

/* Loads a trained model: a folder, or a name on the Hugging Face Hub, which is downloaded if need be.
 * Options: those of `bertune predict` that concern the model (max_length, batch_size, precision, threshold,
 * min_confidence, top, doc_stride, ..., revision, cache_dir, token, offline, threads), and architecture:
 * another head than config.json's, "BertModel" to embed texts with any model. */
BERTUNE_API bertune_status bertune_load(const char* model, const char* const* options,
                                        bertune_model** result);
BERTUNE_API void bertune_model_free(bertune_model* model);

/* Returns a JSON object that lives as long as the model: "folder", "architecture", "model_type", "labels",
 * "max_length", "hidden_size", "vocab_size". */
BERTUNE_API const char* bertune_model_info(const bertune_model* model);
/* Returns the tokenizer of the model, which lives as long as the model; it is not freed. */
BERTUNE_API const bertune_tokenizer* bertune_model_tokenizer(const bertune_model* model);

/* ---- Predictions ---- */

/* What a model reads; the head decides which members. Set all to 0 (memset), then struct_size =
 * sizeof(bertune_input). */
typedef struct bertune_input {
  size_t struct_size;
  bertune_text text;      /* classification, tags, masks; the first text of a pair */
  bertune_text text_pair; /* the second one */
  bertune_text question;  /* question answering and multiple choice */
  bertune_text context;
  const bertune_text* words; /* token classification: in place of a text */
  size_t word_count;
  const bertune_text* choices; /* multiple choice */
  size_t choice_count;
} bertune_input;

typedef struct bertune_predictions bertune_predictions;

/* Predicts for `count` inputs, which lie one behind the other; results are in their order. */
BERTUNE_API bertune_status bertune_predict(const bertune_model* model, const bertune_input* inputs,
                                           size_t count, bertune_predictions** result);
BERTUNE_API void bertune_predictions_free(bertune_predictions* predictions);
BERTUNE_API size_t bertune_predictions_count(const bertune_predictions* predictions);
/* Returns the number of inputs (of multiple choice, of inputs with a choice) that were longer than the model
 * reads, and were cut. */
BERTUNE_API size_t bertune_predictions_truncated(const bertune_predictions* predictions);

/* Returns the prediction as the program writes it, a JSON object without the input; of every head. */
BERTUNE_API const char* bertune_prediction_json(const bertune_predictions* predictions, size_t index);
/* Returns the class, the text of the answer or of the choice; "" where the model abstains or finds none, and
 * NULL for other heads. */
BERTUNE_API const char* bertune_prediction_label(const bertune_predictions* predictions, size_t index);
/* Returns the score of a class, of several labels (the highest), of an answer or a choice, the number of a
 * regression, or the probability that the second text follows; 0 for other heads. */
BERTUNE_API double bertune_prediction_score(const bertune_predictions* predictions, size_t index);
/* Returns the scores of all classes, labels (in the order of bertune_model_info) or choices; NULL for other
 * heads. */
BERTUNE_API const double* bertune_prediction_scores(const bertune_predictions* predictions, size_t index,
                                                    size_t* count);

/* A part of a text: an entity, a tagged word, an answer. */
typedef struct bertune_span {
  size_t struct_size; /* set by the caller */
  const char* label;  /* of an entity, the tag of a word; "" of an answer. Lives as long as the predictions */
  const char* text;
  double score;
  size_t begin, end;           /* in code points; both 0 where words were given */
  size_t begin_byte, end_byte; /* in bytes */
} bertune_span;

/* The number of entities, of tagged words of a model without entities, or of answers, the best first; 0 for
 * others. */
BERTUNE_API size_t bertune_prediction_span_count(const bertune_predictions* predictions, size_t index);
BERTUNE_API bertune_status bertune_prediction_span(const bertune_predictions* predictions, size_t index,
                                                   size_t span, bertune_span* result);

/* Embeds texts with a model of sentence embeddings. result: [count, hidden_size], of the caller; `size` is
 * the number of its elements. */
BERTUNE_API bertune_status bertune_embed(const bertune_model* model, const bertune_text* texts, size_t count,
                                         float* result, size_t size);

/* ---- Tokens ---- */

/* Loads the tokenizer of a model, without its weights. Options: revision, cache_dir, token, offline. */
BERTUNE_API bertune_status bertune_tokenizer_load(const char* model, const char* const* options,
                                                  bertune_tokenizer** result);
BERTUNE_API void bertune_tokenizer_free(bertune_tokenizer* tokenizer);

typedef struct bertune_encodings bertune_encodings;

/* Tokenizes texts, or pairs of texts if `pairs` is not NULL. Options: those of `bertune tokenize`
 * (max_length, no_special_tokens, literal_special). */
BERTUNE_API bertune_status bertune_encode(const bertune_tokenizer* tokenizer, const bertune_text* texts,
                                          const bertune_text* pairs, size_t count, const char* const* options,
                                          bertune_encodings** result);
BERTUNE_API void bertune_encodings_free(bertune_encodings* encodings);
/* Return what belongs to a text: `count` ids, the type of each (0, or 1 for the second text), and the place
 * of each as two numbers, its first code point and the one behind its last. */
BERTUNE_API const int* bertune_encoding_ids(const bertune_encodings* encodings, size_t index, size_t* count);
BERTUNE_API const int* bertune_encoding_type_ids(const bertune_encodings* encodings, size_t index,
                                                 size_t* count);
BERTUNE_API const unsigned int* bertune_encoding_offsets(const bertune_encodings* encodings, size_t index,
                                                         size_t* count);

/* Returns the text of ids; special tokens are left out where skip_special_tokens is not 0. */
BERTUNE_API bertune_status bertune_decode(const bertune_tokenizer* tokenizer, const int* ids, size_t count,
                                          int skip_special_tokens, char** result);
/* Returns the token of an id; NULL where there is no such id. */
BERTUNE_API const char* bertune_token(const bertune_tokenizer* tokenizer, int id);

/* ---- Training ---- */

/* Receives what happens in a run, on the thread that called: a JSON object, whose "event" says what it is and
 * which lives during the call. Returns 0 to go on; another number stops the run, which saves a checkpoint
 * first. */
typedef int (*bertune_on_event)(const char* event, void* user);

/* Trains as `bertune train` does, with its options and to the same bytes: options holds at least model, train
 * and output. result (may be NULL): a JSON object for bertune_string_free: "folder", "task", "steps",
 * "epochs", "test", ...; of a cross-validation what cross_validation.json holds, and of several seeds what
 * seeds.json holds. on_event may be NULL. */
BERTUNE_API bertune_status bertune_train(const char* const* options, bertune_on_event on_event, void* user,
                                         char** result);

#ifdef __cplusplus
}
#endif

#endif
