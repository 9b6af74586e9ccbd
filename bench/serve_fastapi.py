#!/usr/bin/env python3
"""What bench/serve.py compares with: FastAPI and a pipeline of Transformers, as tutorials put them together.

usage: serve_fastapi.py MODEL PORT THREADS
"""

import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

MODEL, PORT, THREADS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(THREADS)
classifier = pipeline("text-classification", model=MODEL, device="cpu")
app = FastAPI()


class Texts(BaseModel):
    inputs: str | list[str]


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/predict")
def predict(body: Texts):
    with torch.inference_mode():
        return classifier(body.inputs, top_k=None)


uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error", access_log=False)
