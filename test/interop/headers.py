"""Whether the real safetensors takes files, told by their headers.

usage: headers.py FILE

FILE has a file in base64 on each line. Prints "right" or "wrong" for each.
"""

import base64
import sys

from safetensors import SafetensorError, deserialize

for line in open(sys.argv[1]):
    try:
        deserialize(base64.b64decode(line))
        print("right")
    except SafetensorError:
        print("wrong")
