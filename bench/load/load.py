"""Loads a model in one way, in a process of its own, and says what that took.

usage: load.py WAY s3://BUCKET/KEY [OPTION=NUMBER...]

WAY is one of the functions below; the options are for modelpack_runtime.open. Prints JSON:

  seconds   from the call to tensors of which every page was touched, imports not counted
  received  of them, until the bytes were there
  cpu       seconds of the processor, all threads
  peak      bytes of memory at once, above what there was after the imports: what is resident, and all of a memfd,
            whether it is mapped or not; the page cache does not count
  written   bytes to a disk
  sum       of some values, to compare

What the process takes is sampled by its parent: a C function that keeps the interpreter lock would hide its peak from
a thread.
"""

import json
import os
import resource
import select
import sys
import tempfile
import time
from io import BytesIO
from urllib.parse import urlsplit

MiB = 2**20
SAMPLE_SECONDS = 0.003

way, address, *options = sys.argv[1:]
bucket, key = urlsplit(address).netloc, urlsplit(address).path[1:]


def framework() -> str:
    try:
        import torch  # noqa: F401
    except ImportError:
        return "numpy"
    return "torch"


def safetensors():
    """The library's functions for the framework that is there."""
    if framework() == "torch":
        import safetensors.torch

        return safetensors.torch
    import safetensors.numpy

    return safetensors.numpy


def client():
    import boto3

    return boto3.client("s3")


#: As much at once as modelpack does, in pieces that keep the threads from waiting for each other.
TUNED = {"max_concurrency": 16, "multipart_chunksize": 16 * MiB, "io_chunksize": MiB}


def modelpack():
    import boto3  # noqa: F401
    import modelpack_runtime

    library = framework()
    settings = {name: int(number) for name, number in (option.split("=") for option in options)}

    def receive():
        return modelpack_runtime.open(address, **settings)

    return receive, lambda bundle: bundle.tensors(bundle.files()[-1], library)


def through_buffer(load, **settings):
    """boto3 into a BytesIO."""
    from boto3.s3.transfer import TransferConfig

    def receive():
        buffer = BytesIO()
        client().download_fileobj(bucket, key, buffer, Config=TransferConfig(**settings))
        return buffer

    return receive, load


def through_disk(load):
    """boto3 into a file of the temporary folder."""
    import boto3.s3.transfer  # noqa: F401

    path = os.path.join(tempfile.mkdtemp(), "model")

    def receive():
        client().download_file(bucket, key, path)
        return path

    return receive, load


def pickled():
    import pickle

    framework()
    return through_buffer(lambda buffer: pickle.loads(buffer.getvalue()))


def buffered():
    library = safetensors()
    return through_buffer(lambda buffer: library.load(buffer.getvalue()))


def buffered_tuned():
    library = safetensors()
    return through_buffer(lambda buffer: library.load(buffer.getvalue()), **TUNED)


def streamed():
    import boto3  # noqa: F401

    library = safetensors()
    return lambda: client().get_object(Bucket=bucket, Key=key)["Body"].read(), library.load


def file():
    return through_disk(safetensors().load_file)


def buffered_torch():
    import torch

    def from_start(buffer):
        buffer.seek(0)
        return torch.load(buffer)

    return through_buffer(from_start)


def file_torch():
    import torch

    return through_disk(torch.load)


def file_torch_mapped():
    import torch

    return through_disk(lambda path: torch.load(path, mmap=True))


def work(tell) -> None:
    """The child: loads, and tells when the imports are done and what the rest took."""
    receive, load = globals()[way]()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak is counted from here (proc_pid_clear_refs(5))
    tell({"ready": True})
    usage, written, start = resource.getrusage(resource.RUSAGE_SELF), written_bytes(), time.perf_counter()
    received = receive()
    arrived = time.perf_counter()
    tensors = load(received)
    # A value of each page.
    total = sum(float(tensor.reshape(-1)[::1024].sum()) for tensor in tensors.values())
    end, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    tell({
        "seconds": end - start,
        "received": arrived - start,
        "cpu": after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime,
        "written": written_bytes() - written,
        "sum": round(total, 2),
        "tensors": len(tensors),
    })  # fmt: skip


def written_bytes() -> int:
    with open("/proc/self/io") as file:
        return int(next(line for line in file if line.startswith("write_bytes")).split()[1])


def memory_of(pid: int) -> int:
    """What is resident, with each memfd counted as a whole and once; nothing of a process that has ended."""
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    if "VmRSS" not in fields:
        return 0
    size = (int(fields["VmRSS"].split()[0]) - int(fields["RssShmem"].split()[0])) * 1024
    memfds = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        try:
            if os.readlink(path).startswith("/memfd:"):
                found = os.stat(path)
                memfds[found.st_ino] = found.st_blocks * 512
        except FileNotFoundError:
            pass  # closed meanwhile
    return size + sum(memfds.values())


def main() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        work(lambda told: os.write(writer, json.dumps(told).encode() + b"\n"))
        os._exit(0)
    os.close(writer)
    said, base, peak = b"", 0, 0
    while said.count(b"\n") < 2:
        if select.select([reader], [], [], SAMPLE_SECONDS if base else None)[0]:
            told = os.read(reader, 65536)
            if not told:
                break  # it has failed
            said += told
        peak = max(peak, memory_of(pid))
        base = base or peak
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit(1)
    print(json.dumps({**json.loads(said.splitlines()[1]), "peak": peak - base}))


if __name__ == "__main__":
    main()
