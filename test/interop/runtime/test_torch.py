"""Views of tensors as torch has them. Needs torch, and no S3."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import unittest
from pathlib import Path

from support import MB, bundle_of, model, modelpack

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest(str(error)) from None

KINDS = {
    name: kind
    for name, kind in {
        "BOOL": "bool",
        "U8": "uint8",
        "I8": "int8",
        "U16": "uint16",
        "I16": "int16",
        "U32": "uint32",
        "I32": "int32",
        "U64": "uint64",
        "I64": "int64",
        "F16": "float16",
        "BF16": "bfloat16",
        "F32": "float32",
        "F64": "float64",
        "C64": "complex64",
        "F8_E4M3": "float8_e4m3fn",
        "F8_E5M2": "float8_e5m2",
    }.items()
    if hasattr(torch, kind)
}


def saved(tensors: dict[str, torch.Tensor], pad: int = 8) -> bytes:
    """As safetensors writes it, without its help."""
    names = {getattr(torch, kind): name for name, kind in KINDS.items()}
    header: dict[str, object] = {}
    data = b""
    for name, tensor in tensors.items():
        content = bytes(tensor.contiguous().flatten().view(torch.uint8).tolist()) if tensor.numel() else b""
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % pad)
    return struct.pack("<Q", len(text)) + text + data


class Torch(unittest.TestCase):
    def open(self, files: dict[str, bytes]) -> modelpack.Bundle:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "models.tar")
        path.write_bytes(bundle_of(model("m", files)))
        bundle = modelpack.open(path)
        self.addCleanup(bundle.close)
        return bundle

    def same(self, one: torch.Tensor, other: torch.Tensor) -> None:
        self.assertEqual((one.dtype, one.shape), (other.dtype, other.shape))
        if one.numel():
            self.assertTrue(torch.equal(one.flatten().view(torch.uint8), other.flatten().view(torch.uint8)))

    def test_every_type(self) -> None:
        tensors = {}
        for name, kind in KINDS.items():
            raw = torch.arange(48, dtype=torch.uint8).remainder(2 if name == "BOOL" else 251)
            tensors[name] = raw.view(getattr(torch, kind)).reshape(2, -1)
        tensors["empty"] = torch.empty(0, 3)
        tensors["scalar"] = torch.tensor(1.5)
        for pad in (8, 1):  # a header that was not padded: what follows it is not aligned
            found = self.open({"model.safetensors": saved(tensors, pad)}).tensors("m")
            self.assertEqual(set(found), set(tensors))
            for name, tensor in tensors.items():
                with self.subTest(name, pad=pad):
                    self.same(found[name], tensor)

    def test_one_memory_that_nobody_else_sees_change(self) -> None:
        bundle = self.open({"model.safetensors": saved({"a": torch.ones(MB)})})
        first, second = bundle.tensors("m")["a"], bundle.tensors("m")["a"]
        self.assertEqual(first.data_ptr(), second.data_ptr())
        first.mul_(2)
        self.assertEqual(second[-1].item(), 2)

    def test_what_torch_saved(self) -> None:
        state = {"weight": torch.randn(512, 1024), "bias": torch.zeros(3)}
        content = io.BytesIO()
        torch.save(state, content)
        bundle = self.open({"pytorch_model.bin": content.getvalue()})
        found = bundle.tensors("m/pytorch_model.bin")
        for name, tensor in state.items():
            self.same(found[name], tensor)

    def test_what_would_run_code(self) -> None:
        class Evil:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return (print, ("run",))

        content = io.BytesIO()
        torch.save({"weight": Evil()}, content)
        bundle = self.open({"pytorch_model.bin": content.getvalue()})
        with self.assertRaisesRegex(Exception, "[Ww]eights.only"):
            bundle.tensors("m/pytorch_model.bin")


if __name__ == "__main__":
    unittest.main()
