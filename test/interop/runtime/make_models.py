"""Makes small models in the formats that real libraries load, with weights that mean nothing.

usage: make_models.py FOLDER KIND...

KIND is one of onnx, gguf, torch, sharded, clip, clip-b32, whisper, easyocr; each goes to FOLDER/KIND. The networks have
the shape that the library builds, as small as it lets them be, but for clip-b32, which is as large as the real one; all
files with weights are larger than 1 MiB, so that none of them passes for a small file. The same call gives the same
bytes.
"""

import sys
from pathlib import Path


def make_onnx(folder: Path) -> None:
    """One model in one file, and one that keeps its weights in another, as those above 2 GB do."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    values = np.random.default_rng(1).standard_normal((768, 512)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 768])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 512])],
        [numpy_helper.from_array(values, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    (folder / "external").mkdir()
    onnx.save(
        model,
        folder / "external" / "model.onnx",
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location="model.onnx_data",
    )


def make_gguf(folder: Path) -> None:
    import numpy as np
    from gguf import GGUFWriter

    writer = GGUFWriter(str(folder / "tiny.gguf"), "llama")
    writer.add_block_count(1)
    writer.add_tensor("output.weight", np.random.default_rng(2).standard_normal((512, 1024)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_torch(folder: Path) -> None:
    """As `torch.save` writes a state dict, next to what transformers wants to see."""
    import torch

    bert().save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(bert().state_dict(), folder / "pytorch_model.bin")


def make_sharded(folder: Path) -> None:
    bert().save_pretrained(folder, max_shard_size="2MB")


def bert():
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(3)
    shape = {"vocab_size": 4096, "hidden_size": 128, "intermediate_size": 512, "max_position_embeddings": 128}
    return BertModel(BertConfig(num_hidden_layers=2, num_attention_heads=2, **shape)).eval()


def make_clip(folder: Path) -> None:
    save_clip(folder, resolution=64, width=64, layers=2)


def make_clip_b32(folder: Path) -> None:
    """https://github.com/openai/CLIP/blob/main/model-card.md: 338 MB."""
    save_clip(folder, resolution=224, width=768, layers=12)


def save_clip(folder: Path, resolution: int, width: int, layers: int) -> None:
    """A TorchScript archive in half precision, which is what clip.load reads. The vocabulary has to be the real one."""
    import torch
    from clip.model import CLIP, convert_weights

    torch.manual_seed(4)
    embedding = max(64, width * 2 // 3)
    vision = {"image_resolution": resolution, "vision_layers": layers, "vision_width": width, "vision_patch_size": 32}
    text = {"context_length": 77, "vocab_size": 49408, "transformer_width": embedding}
    model = CLIP(
        embed_dim=embedding, transformer_heads=embedding // 64, transformer_layers=layers, **vision, **text
    ).eval()
    convert_weights(model)

    # Its sizes are buffers of the published files.
    for name, size in (("input_resolution", resolution), ("context_length", 77), ("vocab_size", 49408)):
        if hasattr(model, name):
            delattr(model, name)
        model.register_buffer(name, torch.tensor(size))
    image, tokens = torch.zeros(1, 3, resolution, resolution).half(), torch.ones(1, 77, dtype=torch.int)
    inputs = {"forward": (image, tokens), "encode_image": image, "encode_text": tokens}
    with torch.no_grad():
        torch.jit.trace_module(model, inputs, check_trace=False).save(folder / "ViT-B-32.pt")


def make_whisper(folder: Path) -> None:
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(5)
    # Layers and heads as those of the real "tiny": whisper knows which of them follow the words.
    audio = {"n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 48, "n_audio_head": 6, "n_audio_layer": 4}
    text = {"n_vocab": 51865, "n_text_ctx": 448, "n_text_state": 48, "n_text_head": 6, "n_text_layer": 4}
    model = Whisper(ModelDimensions(**audio, **text)).half()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    torch.save({"dims": {**audio, **text}, "model_state_dict": model.state_dict()}, folder / "tiny.pt")


def make_easyocr(folder: Path) -> None:
    """The keys are those of DataParallel, and the networks have one size only: 98 MB."""
    import torch
    from easyocr.config import recognition_models
    from easyocr.craft import CRAFT
    from easyocr.model.vgg_model import Model
    from easyocr.utils import CTCLabelConverter

    def save(network: torch.nn.Module, name: str) -> None:
        state = {f"module.{key}": value for key, value in network.state_dict().items()}
        torch.save(state, folder / name)

    torch.manual_seed(6)
    english = recognition_models["gen2"]["english_g2"]
    classes = len(CTCLabelConverter(english["characters"], {}, {}).character)
    save(CRAFT(pretrained=False).eval(), "craft_mlt_25k.pth")
    save(Model(input_channel=1, output_channel=256, hidden_size=256, num_class=classes).eval(), "english_g2.pth")


MAKE = {
    "onnx": make_onnx,
    "gguf": make_gguf,
    "torch": make_torch,
    "sharded": make_sharded,
    "clip": make_clip,
    "clip-b32": make_clip_b32,
    "whisper": make_whisper,
    "easyocr": make_easyocr,
}

if __name__ == "__main__":
    if len(sys.argv) < 3 or not set(sys.argv[2:]) <= MAKE.keys():
        sys.exit(__doc__)
    for kind in sys.argv[2:]:
        folder = Path(sys.argv[1], kind)
        folder.mkdir(parents=True)
        MAKE[kind](folder)
