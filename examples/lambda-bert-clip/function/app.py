"""Embeds texts with BERT and CLIP. Both models come from S3 into memory; nothing of them touches a disk."""

import os

import modelpack_runtime as modelpack

# The bundle that MODELPACK_BUNDLE names begins to arrive now, while the imports below take their time.
modelpack.prefetch()
os.environ.update(modelpack.environment())  # where libraries look, from MODEL_CACHE_FS_PATH, and only there

import clip  # noqa: E402
import torch  # noqa: E402
from transformers import AutoModel, AutoTokenizer  # noqa: E402

bundle = modelpack.open()
bundle.mount_cache()

# From here on this is the code that would run anywhere.
tokenizer = AutoTokenizer.from_pretrained("google-bert/bert-base-cased")
bert = AutoModel.from_pretrained("google-bert/bert-base-cased").eval()
image_text, _ = clip.load("ViT-B/32", device="cpu", download_root=os.environ["MODEL_CACHE_FS_PATH"])


def handler(event, context):
    """``{"texts": ["…"]}`` gives one vector for each text: the mean of BERT's tokens, and CLIP's."""
    texts = event["texts"]
    with torch.inference_mode():
        tokens = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
        states = bert(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(1) / mask.sum(1)
        features = image_text.encode_text(clip.tokenize(texts, truncate=True))
    return {"bert": means.tolist(), "clip": features.tolist(), "bundle": bundle.id}
