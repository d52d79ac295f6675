"""Views of tensors: those that the real safetensors sees, and nothing for a header that it would not take."""

from __future__ import annotations

import json
import os
import random
import struct
import tempfile
import unittest
from pathlib import Path

from support import MB, S3Case, bundle_of, model, modelpack, noise

try:
    import numpy
    import safetensors
    import safetensors.numpy
except ImportError as error:  # an interpreter without them
    raise unittest.SkipTest(str(error)) from None


def file_of(header: object, data: bytes, pad: int = 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % pad)
    return struct.pack("<Q", len(text)) + text + data


PLAIN = {
    "bool": "?",
    "u8": "u1",
    "i8": "i1",
    "u16": "u2",
    "i16": "i2",
    "u32": "u4",
    "i32": "i4",
    "u64": "u8",
    "i64": "i8",
    "f16": "f2",
    "f32": "f4",
    "f64": "f8",
}


class Tensors(S3Case):
    def open(self, files: dict[str, bytes]) -> modelpack.Bundle:
        bundle = modelpack.open(self.put(bundle_of(model("m", files))))
        self.addCleanup(bundle.close)
        return bundle

    def test_the_same_as_safetensors(self) -> None:
        arrays = {name: numpy.arange(60).reshape(3, 4, 5).astype(kind) for name, kind in PLAIN.items()}
        arrays["large"] = numpy.frombuffer(noise(5 * MB, 1), dtype="<f4")
        arrays["scalar"] = numpy.array(7.5)
        arrays["empty"] = numpy.zeros((0, 3), dtype="f4")
        bundle = self.open({"model.safetensors": safetensors.numpy.save(arrays, {"format": "np"})})
        found = bundle.tensors("m/model.safetensors", "numpy")
        self.assertEqual(set(found), set(arrays))
        for name, array in arrays.items():
            self.assertEqual(found[name].dtype, array.dtype)
            numpy.testing.assert_array_equal(found[name], array)

    def test_nothing_is_copied_and_nothing_is_changed_for_others(self) -> None:
        arrays = {"large": numpy.zeros(2 * MB, dtype="u1")}
        bundle = self.open({"model.safetensors": safetensors.numpy.save(arrays)})
        first = bundle.tensors("m", "numpy")["large"]
        second = bundle.tensors("m", "numpy")["large"]
        self.assertTrue(numpy.shares_memory(first, second))
        first[5] = 9
        self.assertEqual(second[5], 9)
        on_path = numpy.fromfile(bundle.path("m/model.safetensors"), dtype="u1")
        self.assertEqual(int(on_path[-2 * MB :].sum()), 0)

    def test_types_that_numpy_has_not(self) -> None:
        content = file_of({"a": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}, b"\x80\x3f" * 4)
        bundle = self.open({"model.safetensors": content})
        try:
            import ml_dtypes  # noqa: F401
        except ImportError:
            with self.assertRaisesRegex(modelpack.Unsupported, "add torch or ml_dtypes"):
                bundle.tensors("m", "numpy")
        else:
            self.assertEqual(bundle.tensors("m", "numpy")["a"].astype("f4").tolist(), [1.0] * 4)

    def test_several_files_by_their_index(self) -> None:
        shards = {
            f"model-0000{number}-of-00002.safetensors": safetensors.numpy.save({f"t{number}": numpy.full(3, number)})
            for number in (1, 2)
        }
        index = {"weight_map": {"t1": "model-00001-of-00002.safetensors", "t2": "model-00002-of-00002.safetensors"}}
        bundle = self.open({**shards, "model.safetensors.index.json": json.dumps(index).encode()})
        for path in ("m", "m/model.safetensors.index.json"):
            found = bundle.tensors(path, "numpy")
            self.assertEqual({name: array.tolist() for name, array in found.items()}, {"t1": [1] * 3, "t2": [2] * 3})

    def test_indexes_that_lie(self) -> None:
        for lie in ({"weight_map": {"a": "../../x"}}, {"weight_map": {"a": 5}}, {"weight_map": []}, [], {}):
            bundle = self.open({"model.safetensors.index.json": json.dumps(lie).encode()})
            with self.subTest(lie), self.assertRaises((modelpack.Corrupt, modelpack.NotFound)):
                bundle.tensors("m", "numpy")
        endless = {"weight_map": {"a": "model.safetensors.index.json"}}
        bundle = self.open({"model.safetensors.index.json": json.dumps(endless).encode()})
        with self.assertRaises(modelpack.Corrupt):
            bundle.tensors("m", "numpy")

    def test_what_has_no_tensors(self) -> None:
        bundle = self.open({"config.json": b"{}", "a.bin": b"", "b/x.safetensors": b"", "b/y.safetensors": b""})
        with self.assertRaisesRegex(modelpack.NotFound, "has 2 of them"):
            bundle.tensors("m", "numpy")
        with self.assertRaisesRegex(modelpack.Unsupported, "by torch only"):
            bundle.tensors("m/a.bin", "numpy")
        with self.assertRaises(modelpack.Corrupt):
            bundle.tensors("m/config.json", "numpy")
        with self.assertRaisesRegex(modelpack.ModelpackError, "torch or numpy"):
            bundle.tensors("m/config.json", "jax")

    def test_headers_are_judged_as_safetensors_does(self) -> None:
        """Damaged at random: what the real library refuses is refused, and what both take is the same."""
        chance = random.Random(1)
        right = {
            "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "b": {"dtype": "I64", "shape": [], "data_offsets": [24, 32]},
            "c": {"dtype": "U8", "shape": [0], "data_offsets": [32, 32]},
        }
        values = [0, 1, -1, 24, 25, 32, 2**31, 2**63, 2**64, "F16", "F64", "X", None, [], [1], [2, 3], 1.5, True, {}]
        taken = refused = 0
        with tempfile.TemporaryDirectory() as folder:
            for number in range(1500):
                header = json.loads(json.dumps(right))
                for _ in range(chance.randrange(3)):
                    tensor = header[chance.choice("abc")]
                    key = chance.choice(["dtype", "shape", "data_offsets"])
                    if isinstance(tensor[key], list) and tensor[key] and chance.random() < 0.5:
                        tensor[key][chance.randrange(len(tensor[key]))] = chance.choice(values)
                    else:
                        tensor[key] = chance.choice(values)
                content = bytearray(file_of(header, bytes(range(32)), chance.choice([1, 8])))
                if chance.random() < 0.3:
                    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
                if chance.random() < 0.1:
                    del content[chance.randrange(len(content)) :]
                path = Path(folder, f"{number}.safetensors")
                path.write_bytes(content)
                archive = Path(folder, "b.tar")
                archive.write_bytes(bundle_of(model("m", {"x.safetensors": bytes(content)})))
                try:
                    with safetensors.safe_open(path, "np") as file:
                        expected = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                except Exception:
                    expected = None
                with modelpack.open(archive) as bundle:
                    try:
                        found = bundle.tensors("m", "numpy")
                    except modelpack.ModelpackError:
                        found = None
                if expected is None:
                    refused += 1
                    self.assertIsNone(found, bytes(content))
                elif found is not None:
                    taken += 1
                    self.assertEqual(
                        {k: v.tobytes() for k, v in found.items()}, {k: v.tobytes() for k, v in expected.items()}
                    )
                os.unlink(path)
        self.assertGreater(taken, 300)
        self.assertGreater(refused, 300)


if __name__ == "__main__":
    unittest.main()
