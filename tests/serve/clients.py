#!/usr/bin/env python3
"""Clients that know nothing of Bertune, against its server: each gets what `/v1/predict` says.

    tests/serve/clients.py http://127.0.0.1:8080 classes

The second word is the head of the model: classes, entities, answers, masks or embeddings. Needs huggingface_hub, tritonclient[http],
openai, prometheus_client and openapi-spec-validator.
"""

import json
import sys
import urllib.request

import numpy
import openai
import openapi_spec_validator
import tritonclient.http
from huggingface_hub import InferenceClient
from prometheus_client.parser import text_string_to_metric_families


def ask(url, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return response.read().decode()


def predicted(url, inputs, **options):
    body = {"inputs": inputs} | ({"options": options} if options else {})
    return json.loads(ask(url, "/v1/predict", body))["results"][0]


def check_classes(url):
    text = "where is my good parcel?"
    expected = predicted(url, text)
    labels = InferenceClient(url).text_classification(text)
    assert {one.label: one.score for one in labels} == expected["scores"], labels
    assert labels[0].label == expected["label"]

    client = tritonclient.http.InferenceServerClient(url.removeprefix("http://"))
    name = json.loads(ask(url, "/info"))["model_id"]
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(name)
    tensor = tritonclient.http.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(numpy.array([text.encode()], dtype=object), binary_data=False)
    outputs = [tritonclient.http.InferRequestedOutput(output, binary_data=False) for output in ("label", "scores")]
    result = client.infer(name, [tensor], outputs=outputs)
    assert result.as_numpy("label")[0] == expected["label"]
    assert numpy.allclose(result.as_numpy("scores")[0], list(expected["scores"].values()))


def check_entities(url):
    text = "Zoë, the good film. Not poor food."
    groups = InferenceClient(url).token_classification(text, aggregation_strategy="simple")
    expected = predicted(url, text)["entities"]
    assert [(one.entity_group, one.start, one.end, one.score) for one in groups] == [
        (one["label"], one["start"], one["end"], one["score"]) for one in expected], groups


def check_answers(url):
    question = {"question": "was it good", "context": "the film was very good. the food was poor."}
    answer = InferenceClient(url).question_answering(**question)
    expected = predicted(url, question)
    assert (answer.answer, answer.score, answer.start) == tuple(expected[key] for key in ("answer", "score", "start"))
    assert len(InferenceClient(url).question_answering(**question, top_k=3)) == 3


def check_masks(url):
    text = "the [MASK] was good"
    guesses = InferenceClient(url).fill_mask(text, top_k=3)
    expected = predicted(url, text, top_k=3)["masks"][0]
    assert [(one.token_str, one.score) for one in guesses] == [(one["token"], one["score"]) for one in expected]


def check_embeddings(url):
    texts = ["good food", "the film was not very good"]
    client = openai.OpenAI(base_url=url + "/v1", api_key="none")
    name = json.loads(ask(url, "/info"))["model_id"]
    vectors = [one.embedding for one in client.embeddings.create(model=name, input=texts).data]
    for text, vector in zip(texts, vectors):
        assert numpy.allclose(predicted(url, text)["embedding"], vector, atol=1e-7)
    assert numpy.allclose(InferenceClient(url).feature_extraction(texts[0]), vectors[:1], atol=1e-7)
    similar = InferenceClient(url).sentence_similarity(texts[0], other_sentences=texts)
    assert abs(similar[0] - 1) < 1e-6


def main():
    url, head = sys.argv[1:]
    globals()["check_" + head](url)
    openapi_spec_validator.validate(json.loads(ask(url, "/openapi.json")))
    names = {family.name for family in text_string_to_metric_families(ask(url, "/metrics"))}
    assert {"bertune_requests", "te_request_duration", "te_queue_size"} <= names, names
    print(f"{head}: unchanged clients agree")


if __name__ == "__main__":
    main()
