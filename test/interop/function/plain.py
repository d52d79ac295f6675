"""The handler of examples/lambda-bert-clip as people write it first: each library downloads into the cache it is told.

TASK_ROOT is that cache: what `modelpack unpack --layout cache` made, or a folder that is still empty.
"""

import os

root = os.environ["TASK_ROOT"]
os.environ.update(HF_HOME=root, HF_HUB_CACHE=root, HF_HUB_DISABLE_XET="1")
if "TASK_HUB" not in os.environ:
    os.environ["HF_HUB_OFFLINE"] = "1"

import clip  # noqa: E402
import torch  # noqa: E402
from transformers import AutoModel, AutoTokenizer  # noqa: E402

tokenizer = AutoTokenizer.from_pretrained("google-bert/bert-base-cased")
bert = AutoModel.from_pretrained("google-bert/bert-base-cased").eval()
image_text, _ = clip.load("ViT-B/32", device="cpu", download_root=root)


def handler(event, context):
    texts = event["texts"]
    with torch.inference_mode():
        tokens = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
        states = bert(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        features = image_text.encode_text(clip.tokenize(texts, truncate=True))
    return {"bert": ((states * mask).sum(1) / mask.sum(1)).tolist(), "clip": features.tolist()}
