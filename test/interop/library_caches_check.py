"""Lets the real clip, whisper and easyocr packages look for their files in a cache that modelpack unpacked.

usage: library_caches_check.py FOLDER EXPECTED

EXPECTED is JSON: {"clip": {"url", "file"}, "whisper": {...}, "easyocr": {"detector": {"file", "md5"}, "recognizer": {...}}}

The packages' own code decides where a file is and whether its hash is right; their tables are given the hashes of the
made files. What they need for anything else (torch and so on) is not installed, and stands in by name only. A download
is an error. Prints "ok ..." and exits 0 when each found its files, and missed them once they were damaged.
"""

import importlib.abc
import importlib.machinery
import json
import os
import sys
import urllib.request
from pathlib import Path
from unittest.mock import MagicMock

folder, expected = sys.argv[1], json.loads(sys.argv[2])

ABSENT = {
    "PIL", "bidi", "cv2", "ftfy", "more_itertools", "numba", "numpy", "packaging", "pkg_resources", "pyclipper", "regex",
    "scipy", "shapely", "skimage", "tiktoken", "torch", "torchvision", "tqdm", "triton", "yaml",
}  # fmt: skip


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__ = []
        module.__version__ = "2.0.0"
        module.packaging.version.parse = lambda text: (2,)  # of pkg_resources, asked for torch's version
        return module

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, StandIns())


def no_download(*_args, **_kwargs):
    raise ConnectionError("it wants to download")


urllib.request.urlopen = urllib.request.urlretrieve = no_download
os.environ["EASYOCR_MODULE_PATH"] = folder

import clip.clip  # noqa: E402
import easyocr.easyocr  # noqa: E402
import whisper  # noqa: E402


def find_clip() -> None:
    clip.clip._MODELS = {"ViT-B/32": expected["clip"]["url"]}
    clip.clip.build_model = MagicMock()  # a network of these weights
    opened = MagicMock()
    clip.clip.open = lambda path, mode: (opened(path), open(path, mode))[1]
    clip.clip.load("ViT-B/32", device="cpu", download_root=folder)
    assert os.path.join(folder, expected["clip"]["file"]) in [call.args[0] for call in opened.call_args_list]


def find_whisper() -> None:
    path = whisper._download(expected["whisper"]["url"], folder, False)
    assert path == os.path.join(folder, expected["whisper"]["file"])


def find_easyocr() -> None:
    module = easyocr.easyocr
    detector, recognizer = expected["easyocr"]["detector"], expected["easyocr"]["recognizer"]
    module.detection_models["craft"]["md5sum"] = detector["md5"]
    module.recognition_models["gen2"]["english_g2"]["md5sum"] = recognizer["md5"]
    loaded = []
    module.Reader.initDetector = lambda _self, path: loaded.append(path)
    module.get_recognizer = lambda *args, **_: (loaded.append(args[5]), (None, None))[1]
    module.Reader(["en"], gpu=False, download_enabled=False, verbose=False)
    root = os.path.join(folder, "model")
    assert loaded == [os.path.join(root, each["file"]) for each in (detector, recognizer)], loaded


def misses(find, path: Path, error: type[Exception]) -> None:
    right = path.read_bytes()
    path.write_bytes(right[:-1] + b"?")
    try:
        find()
    except error:
        return
    finally:
        path.write_bytes(right)
    raise AssertionError(f"{path.name} was damaged, and nobody saw it")


find_clip()
find_whisper()
find_easyocr()
misses(find_clip, Path(folder, expected["clip"]["file"]), ConnectionError)
misses(find_whisper, Path(folder, expected["whisper"]["file"]), ConnectionError)
misses(find_easyocr, Path(folder, "model", expected["easyocr"]["recognizer"]["file"]), FileNotFoundError)
print("ok: clip, whisper and easyocr find their files and check their hashes")
