# --- S3 to a file that is then loaded -> warning s3-through-disk
import boto3
import torch

s3 = boto3.client("s3")
s3.download_file("models", "model.pt", "/tmp/model.pt")
model = torch.load("/tmp/model.pt")
# --- S3: a bucket, a name for the path -> warning s3-through-disk
import boto3
import joblib

bucket = boto3.resource("s3").Bucket("models")
path = "/tmp/model.joblib"
bucket.download_file("model.joblib", path)
model = joblib.load(path)
# --- S3: by name, in a function, loaded by open -> warning s3-through-disk
import boto3
import pickle

def load(key):
    local = "/tmp/" + key
    boto3.client("s3").download_file(Bucket="models", Key=key, Filename=local)
    with open(local, "rb") as file:
        return pickle.load(file)
# --- S3: into an open file -> warning s3-through-disk
import boto3
import onnxruntime as ort

s3 = boto3.client("s3")
with open("/tmp/model.onnx", "wb") as f:
    s3.download_fileobj("models", "model.onnx", f)
session = ort.InferenceSession("/tmp/model.onnx")
# --- S3: a file that is not a model -> nothing
import boto3
import csv

s3 = boto3.client("s3")
s3.download_file("data", "rows.csv", "/tmp/rows.csv")
rows = list(csv.reader(open("/tmp/rows.csv")))
# --- a buffer that is copied -> warning pickle-copies
import io
import pickle
import boto3

buffer = io.BytesIO()
boto3.resource("s3").Object("models", "model.pkl").download_fileobj(buffer)
model = pickle.loads(buffer.getvalue())
# --- a buffer that is read as a file -> warning pickle-copies
from io import BytesIO
import pickle
import boto3

buffer = BytesIO()
boto3.client("s3").download_fileobj("models", "model.pkl", buffer)
buffer.seek(0)
model = pickle.load(buffer)
# --- the body of an object -> warning pickle-copies, warning pickle-copies
import io
import pickle
import boto3
import torch

body = boto3.client("s3").get_object(Bucket="models", Key="model.pkl")["Body"].read()
model = pickle.loads(body)
state = torch.load(io.BytesIO(boto3.client("s3").get_object(Bucket="models", Key="model.pt")["Body"].read()))
# --- a buffer of who knows what -> note pickle-copies
import pickle

def load(file):
    return pickle.loads(file.read())
# --- pickle from a file -> nothing
import pickle

with open("/opt/model.pkl", "rb") as f:
    model = pickle.load(f)
# --- a pool -> error shared-memory
from multiprocessing import Pool

def handler(event, context):
    with Pool(4) as pool:
        return pool.map(len, event["texts"])
# --- queues and locks of a context -> error shared-memory, error shared-memory
import multiprocessing as mp

queue = mp.Queue()
lock = mp.get_context("fork").Lock()
# --- a process pool -> error shared-memory
from concurrent.futures import ProcessPoolExecutor

ProcessPoolExecutor(4)
# --- threads, pipes and processes -> nothing
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe, Process
from multiprocessing.pool import ThreadPool
from queue import Queue

ThreadPoolExecutor(4), Pipe(), Process(target=print), Queue(), ThreadPool(2)
# --- a loader with workers -> error shared-memory
from torch.utils.data import DataLoader

DataLoader([], num_workers=2)
# --- a loader without workers -> nothing
from torch.utils.data import DataLoader

DataLoader([])
DataLoader([], num_workers=0)
# --- joblib with processes, and with threads -> note shared-memory
from joblib import Parallel, delayed

Parallel(n_jobs=4)(delayed(len)(x) for x in [])
Parallel(n_jobs=4, backend="threading")(delayed(len)(x) for x in [])
# --- shared memory by name -> error shared-memory
from multiprocessing import shared_memory

shared_memory.SharedMemory(create=True, size=10)
# --- a buffer of a with statement -> warning pickle-copies
from io import BytesIO
import boto3
import joblib

def load():
    bucket = boto3.resource("s3").Bucket("models")
    with BytesIO() as data:
        bucket.download_fileobj(Key="model.pkl", Fileobj=data)
        data.seek(0)
        return joblib.load(data)
# --- S3: an object's own method, loaded by an open without a name -> warning s3-through-disk
import boto3
import pickle

def handler(event, context):
    boto3.resource("s3").Object("models", "model.pkl").download_file("/tmp/model.pkl")
    return pickle.load(open("/tmp/model.pkl", mode="rb"))
