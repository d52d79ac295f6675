"""Whether CPython agrees with `modelpack lint` on what is Python.

python lint_syntax.py stdlib          prints the folder of its own library
python lint_syntax.py accepts REPORT  fails for a syntax-error in a file that CPython compiles
python lint_syntax.py compiles FOLDER fails for a file that CPython does not compile
"""

import json
import sys
import sysconfig
import warnings
from pathlib import Path

warnings.simplefilter("ignore")


def accepted(path):
    try:
        compile(Path(path).read_bytes(), str(path), "exec")
        return True
    except (SyntaxError, ValueError):
        return False


if sys.argv[1] == "stdlib":
    print(sysconfig.get_paths()["stdlib"])
elif sys.argv[1] == "accepts":
    report = json.loads(Path(sys.argv[2]).read_text())
    wrong = [f for f in report["findings"] if f["code"] == "syntax-error" and accepted(f["path"])]
    assert not wrong, wrong
    print(report["files"], "files,", report["lines"], "lines")
else:
    files = sorted(Path(sys.argv[2]).glob("*.py"))
    wrong = [str(path) for path in files if not accepted(path)]
    assert files and not wrong, wrong
    print(len(files), "fixed files compile")
