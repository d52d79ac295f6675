"""Makes one model in the formats that it is loaded from.

usage: make_model.py FOLDER SIZE

SIZE is in bytes, of the weights: as many matrices of 16 MiB as fit, with random values. model/model.safetensors is for
a bundle; state.pkl is the dictionary of arrays pickled, and state.pt, where there is torch, what torch.save makes of
it.
"""

import pickle
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

try:
    import torch
except ImportError:
    torch = None

SHAPE = (1024, 4096)

folder, size = Path(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(1)
count = max(1, size // (4 * SHAPE[0] * SHAPE[1]))
state = {f"layer.{i}.weight": random.standard_normal(SHAPE, dtype=np.float32) for i in range(count)}
(folder / "model").mkdir()
save_file(state, folder / "model" / "model.safetensors")
if torch is not None:
    state = {name: torch.from_numpy(array) for name, array in state.items()}
    torch.save(state, folder / "state.pt")
with open(folder / "state.pkl", "wb") as file:
    pickle.dump(state, file)
