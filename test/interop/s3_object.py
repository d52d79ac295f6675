"""Makes a bucket, or reads an object back, with boto3.

usage: s3_object.py create BUCKET
       s3_object.py read BUCKET KEY

Server and credentials come from the environment: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and so on.
"read" prints what it found as JSON: size, sha256, etag, metadata, tags.
"""

import hashlib
import json
import sys

import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))


def create(bucket: str) -> None:
    s3.create_bucket(Bucket=bucket)


def read(bucket: str, key: str) -> None:
    answer = s3.get_object(Bucket=bucket, Key=key)
    sha256, size = hashlib.sha256(), 0
    for chunk in answer["Body"].iter_chunks(1 << 20):
        sha256.update(chunk)
        size += len(chunk)
    tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    found = {
        "size": size,
        "sha256": sha256.hexdigest(),
        "etag": answer["ETag"],
        "metadata": answer["Metadata"],
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    {"create": create, "read": read}[sys.argv[1]](*sys.argv[2:])
