"""Tries the Python loader: run_tests.py [MODULE...], all of them by default.

Needs an S3 that AWS_ENDPOINT_URL and the variables of AWS name, and boto3. Prints how many tests there were and how
many were skipped, because this interpreter lacks what they need.
"""

import json
import sys
import unittest
import warnings
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here))
warnings.simplefilter("ignore", ResourceWarning)  # of the proxy, whose clients go away
loader, names = unittest.defaultTestLoader, sys.argv[1:]
tests = loader.loadTestsFromNames(names) if names else loader.discover(str(here))
result = unittest.TextTestRunner(stream=sys.stderr).run(tests)
print(json.dumps({"tests": result.testsRun, "skipped": len(result.skipped), "python": sys.version.split()[0]}))
sys.exit(0 if result.wasSuccessful() else 1)
