"""Loads models by the unchanged calls of real libraries: from a folder on disk, or from a bundle in S3 through RAM.

usage: libraries_check.py disk FOLDER CATALOG KIND...
       libraries_check.py ram s3://BUCKET/KEY CATALOG KIND...

FOLDER is what `modelpack unpack --layout cache` made of the bundle. CATALOG is JSON, the names and hashes that clip,
whisper and easyocr have to look for, since the weights are made: {"clip": url, "whisper": url, "detector": md5,
"recognizer": md5}. Each KIND is one of the functions below.

Prints JSON: {"results": {kind: what the library computed}, "left": {"bytes": of regular files below TMPDIR and HOME,
"largest": bytes of the largest of them, "links": number of links}}. Run twice, the results have to be the same.
"""

import json
import mmap
import os
import struct
import sys
import warnings
from pathlib import Path

where, source, catalog, *kinds = sys.argv[1:]
catalog = json.loads(catalog)
warnings.simplefilter("ignore")
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:1"  # nobody there, should it be asked

if where == "ram":
    import modelpack_runtime as modelpack

    bundle = modelpack.open(source)
    root = bundle.mount_cache(os.path.join(os.environ["TMPDIR"], "models"))
    os.environ.update(modelpack.environment(root))
    folder = bundle.mount
else:
    root = source
    os.environ.update({"HF_HUB_CACHE": root, "HF_HUB_OFFLINE": "1", "EASYOCR_MODULE_PATH": root})

    def folder(name: str) -> str:
        snapshots = Path(root, "models--" + name.replace("/", "--"), "snapshots")
        return str(next(snapshots.iterdir()) if snapshots.exists() else Path(root, name))


BERT = "acme/tiny-bert"
TEXT = "the cat sat on the mat"


def numbers(array) -> list[float]:
    """A few of an array's or a tensor's, so that they can be compared."""
    flat = (array.detach().float().numpy() if hasattr(array, "detach") else array).reshape(-1)
    return [round(float(value), 4) for value in flat[:: max(1, len(flat) // 16)]]


def tokenizers():
    from tokenizers import Tokenizer

    return Tokenizer.from_file(os.path.join(folder(BERT), "tokenizer.json")).encode(TEXT).ids


def transformers_tokenizer():
    from transformers import AutoConfig, AutoTokenizer

    places = (BERT, folder(BERT))
    assert all(AutoConfig.from_pretrained(place).model_type == "bert" for place in places)
    by_name, by_folder = ([*AutoTokenizer.from_pretrained(place)(TEXT)["input_ids"]] for place in places)
    assert by_name == by_folder
    return by_name


def hub_download():
    from huggingface_hub import hf_hub_download, snapshot_download

    path = hf_hub_download(BERT, "model.safetensors")
    assert Path(path).parent == Path(snapshot_download(BERT))
    return os.stat(path).st_size


def safetensors_numpy():
    from safetensors import safe_open
    from safetensors.numpy import load_file

    path = os.path.join(folder(BERT), "model.safetensors")
    state = load_file(path)
    with safe_open(path, framework="np") as file:
        names = sorted(file.keys())
        assert names == sorted(state)
        assert all((file.get_tensor(name) == state[name]).all() for name in names[:5])
        return [len(names), numbers(file.get_slice(names[-1])[:1])]


def onnxruntime():
    import numpy as np
    from onnxruntime import InferenceSession

    x = np.linspace(-1, 1, 768, dtype=np.float32).reshape(1, 768)
    session = InferenceSession(os.path.join(folder("onnx"), "model.onnx"))
    return numbers(session.run(["y"], {"x": x})[0])


def onnx_external():
    """onnxruntime resolves the path of external data by hand, finds nothing behind a link into RAM, and takes bytes."""
    import numpy as np
    from onnxruntime import InferenceSession, SessionOptions
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail

    x = np.linspace(-1, 1, 768, dtype=np.float32).reshape(1, 768)
    path = os.path.join(folder("onnx"), "external", "model.onnx")
    options = SessionOptions()
    if where == "ram":
        try:
            InferenceSession(path)
        except Fail:
            weights = bundle["onnx/external/model.onnx_data"]
            options.add_external_initializers_from_files_in_memory(["model.onnx_data"], [weights], [len(weights)])
        else:
            raise AssertionError("links to external data work now: say so in the documentation")
    return numbers(InferenceSession(path, options).run(["y"], {"x": x})[0])


def gguf():
    from gguf import GGUFReader

    reader = GGUFReader(os.path.join(folder("gguf"), "tiny.gguf"))
    return [reader.tensors[0].name, numbers(reader.tensors[0].data)]


def mapped_path():
    """As llama.cpp does it: open, fstat, mmap shared and read-only."""
    with (
        open(os.path.join(folder("gguf"), "tiny.gguf"), "rb") as file,
        mmap.mmap(file.fileno(), os.fstat(file.fileno()).st_size, mmap.MAP_SHARED, mmap.PROT_READ) as memory,
    ):
        return [len(memory), *struct.unpack("<4sI", memory[:8])[1:], sum(memory[::4096])]


def safetensors_torch():
    from safetensors import safe_open
    from safetensors.torch import load_file

    path = os.path.join(folder(BERT), "model.safetensors")
    state = load_file(path)
    with safe_open(path, framework="pt", device="cpu") as file:
        name = "embeddings.word_embeddings.weight"
        assert file.get_tensor(name).equal(state[name])
        return numbers(state[name])


def torch_load():
    import torch

    path = os.path.join(folder("torch"), "pytorch_model.bin")
    with open(path, "rb") as file:
        states = [
            torch.load(path, weights_only=True),
            torch.load(path, weights_only=True, mmap=True),
            torch.load(file, weights_only=True),
        ]
    name = "pooler.dense.weight"
    assert all(state[name].equal(states[0][name]) for state in states)
    return numbers(states[0][name])


def transformers_model():
    import torch
    from transformers import AutoModel, AutoTokenizer

    def answer(place: str):
        model = AutoModel.from_pretrained(place).eval()
        tokens = AutoTokenizer.from_pretrained(BERT)(TEXT, return_tensors="pt")
        with torch.no_grad():
            return numbers(model(**tokens).last_hidden_state)

    by_name, by_folder = answer(BERT), answer(folder(BERT))
    assert by_name == by_folder
    return by_name


def transformers_sharded():
    from transformers import AutoModel

    return numbers(AutoModel.from_pretrained(folder("sharded")).embeddings.word_embeddings.weight)


def transformers_pickle():
    from transformers import AutoModel

    return numbers(AutoModel.from_pretrained(folder("torch")).pooler.dense.weight)


def clip():
    import clip.clip
    import torch

    clip.clip._MODELS["ViT-B/32"] = catalog["clip"]
    model, preprocess = clip.load("ViT-B/32", device="cpu", download_root=root)
    from PIL import Image

    with torch.no_grad():
        image = model.encode_image(preprocess(Image.new("RGB", (80, 60), "teal")).unsqueeze(0))
        text = model.encode_text(clip.tokenize([TEXT]))
        jit, _ = clip.load("ViT-B/32", device="cpu", download_root=root, jit=True)
        archived = jit.encode_text(clip.tokenize([TEXT]))
    return [numbers(image), numbers(text), numbers(archived)]


def whisper():
    import torch
    import whisper

    whisper._MODELS["tiny"] = catalog["whisper"]
    model = whisper.load_model("tiny", device="cpu", download_root=root)
    with torch.no_grad():
        features = model.embed_audio(torch.zeros(1, 80, 3000))
        return [numbers(features), numbers(model.logits(torch.tensor([[50258]]), features))]


def easyocr():
    import easyocr.config
    import numpy as np

    easyocr.config.detection_models["craft"]["md5sum"] = catalog["detector"]
    easyocr.config.recognition_models["gen2"]["english_g2"]["md5sum"] = catalog["recognizer"]
    reader = easyocr.Reader(["en"], gpu=False, download_enabled=False, verbose=False)
    page = np.full((64, 128), 255, np.uint8)
    page[20:44, 20:100] = 0
    read = reader.recognize(page, horizontal_list=[[20, 100, 20, 44]], free_list=[])
    return [len(reader.detect(page)), [text for _, text, _ in read]]


def left() -> dict[str, int]:
    paths = [path for name in ("TMPDIR", "HOME") for path in Path(os.environ[name]).rglob("*")]
    sizes = [path.lstat().st_size for path in paths if path.is_file() and not path.is_symlink()]
    links = sum(path.is_symlink() for path in paths)
    return {"bytes": sum(sizes), "largest": max(sizes, default=0), "links": links}


results = {kind: globals()[kind]() for kind in kinds}
print(json.dumps({"results": results, "left": left()}))
