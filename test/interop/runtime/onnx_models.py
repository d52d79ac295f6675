"""Makes the models of runtime-node: python onnx_models.py FOLDER. Prints what they have to answer, as JSON.

FOLDER/tiny is an encoder as transformers.js loads it (an embedding and nothing more), FOLDER/linear a model whose
weights stand in a file of their own.
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "fits", "in", "memory", "##s"]
HIDDEN = 65_536  # 9 x 65,536 floats are 2.25 MiB: more than what is read with the index
SIDE = 1024  # 4 MiB

random = numpy.random.default_rng(1)


def save(path: Path, graph: onnx.GraphProto, **options: object) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path, **options)


def tiny(folder: Path) -> dict:
    embedding = random.standard_normal((len(WORDS), HIDDEN), dtype=numpy.float32)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", HIDDEN])
    gather = helper.make_node("Gather", ["embedding", "input_ids"], ["last_hidden_state"])
    graph = helper.make_graph([gather], "tiny", inputs, [output], [numpy_helper.from_array(embedding, "embedding")])
    save(folder / "onnx" / "model.onnx", graph)
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": i,
                "content": word,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for i, word in enumerate(WORDS[:5])
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [],
            "special_tokens": {
                word: {"id": word, "ids": [WORDS.index(word)], "tokens": [word]} for word in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {word: i for i, word in enumerate(WORDS)},
        },
    }
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": HIDDEN,
        "num_attention_heads": 1,
        "num_hidden_layers": 1,
        "vocab_size": len(WORDS),
    }
    files = {
        "config.json": config,
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 512},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    ids = [WORDS.index(word) for word in ("[CLS]", "fits", "in", "memory", "[SEP]")]
    mean = embedding[ids].mean(axis=0)
    return {"text": "Fits in memory", "hidden": HIDDEN, "mean": mean[:8].tolist()}


def linear(folder: Path) -> dict:
    weights = random.standard_normal((SIDE, SIDE), dtype=numpy.float32)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, SIDE])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, SIDE])
    matrix = numpy_helper.from_array(weights, "weights")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "weights"], ["y"])], "linear", [x], [y], [matrix])
    save(folder / "model.onnx", graph, save_as_external_data=True, location="model.onnx_data", size_threshold=0)
    return {"side": SIDE, "sums": weights.sum(axis=0)[:8].tolist()}


root = Path(sys.argv[1])
print(json.dumps({"onnx": onnx.__version__, "tiny": tiny(root / "tiny"), "linear": linear(root / "linear")}))
