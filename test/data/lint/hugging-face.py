# --- the story, before -> error cache-no-variable, warning cache-not-set, warning cache-not-set
import clip
from transformers import BertModel, BertTokenizer

clip_model, preprocess = clip.load("ViT-B/32", device="cpu")
tokenizer = BertTokenizer.from_pretrained("bert-base-cased")
bert = BertModel.from_pretrained("bert-base-cased")
# --- the story, after -> nothing
import os

import clip
from transformers import BertModel, BertTokenizer

CACHE = os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models")
clip_model, preprocess = clip.load("ViT-B/32", device="cpu", download_root=CACHE)
tokenizer = BertTokenizer.from_pretrained("bert-base-cased", cache_dir=CACHE)
bert = BertModel.from_pretrained("bert-base-cased", cache_dir=CACHE)
# --- the story, with the models in memory -> nothing
import os

import modelpack_runtime as modelpack

os.environ.update(modelpack.environment())
from transformers import BertModel

modelpack.open().mount_cache()
bert = BertModel.from_pretrained("google-bert/bert-base-cased")
# --- the loader's variables, for a folder that cannot be written -> warning cache-unwritable, warning cache-unwritable, warning cache-unwritable
import os

import modelpack_runtime

os.environ.update(modelpack_runtime.environment("/opt/models"))
from transformers import BertModel

bert = BertModel.from_pretrained("google-bert/bert-base-cased")
# --- transformers: aliases of a module and of a class -> warning cache-not-set, warning cache-not-set
import transformers as tr
from transformers import AutoModelForSequenceClassification as Classifier

tr.AutoTokenizer.from_pretrained("distilbert-base-uncased")
Classifier.from_pretrained("distilbert-base-uncased")
# --- transformers: a deep import of the class -> warning cache-not-set
from transformers.models.bert.modeling_bert import BertModel

BertModel.from_pretrained("bert-base-cased")
# --- transformers: a constant that is relative -> error cache-unwritable
from transformers import AutoModel

CACHE_DIR = "./models"
AutoModel.from_pretrained("bert-base-cased", cache_dir=CACHE_DIR)
# --- transformers: an f-string under the home folder -> error cache-unwritable
import os
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=f"{os.path.expanduser('~')}/models")
# --- transformers: Path.home() -> error cache-unwritable
from pathlib import Path
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=Path.home() / ".cache" / "models")
# --- transformers: a literal in /tmp -> warning cache-hard-coded
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir="/tmp/models")
# --- transformers: a literal on a mount -> warning cache-hard-coded
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir="/mnt/ml/models")
# --- transformers: the folder of the code -> warning cache-unwritable
import os
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=os.path.join(os.path.dirname(__file__), "models"))
# --- transformers: the task root -> warning cache-unwritable
import os
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=os.environ["LAMBDA_TASK_ROOT"] + "/models")
# --- transformers: from the environment, put together -> nothing
import os
from pathlib import Path
from transformers import AutoModel

ROOT = Path(os.environ["MODEL_CACHE_FS_PATH"])
AutoModel.from_pretrained("bert-base-cased", cache_dir=str(ROOT / "hub"))
# --- transformers: getenv with or -> nothing
from os import getenv
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=getenv("CACHE") or "/tmp/models")
# --- transformers: a variable whose default cannot be written -> note cache-unwritable
import os
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=os.environ.get("CACHE", "models"))
# --- transformers: a temporary folder -> nothing
import tempfile
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=tempfile.gettempdir())
# --- transformers: a setting of pydantic -> nothing
from pydantic_settings import BaseSettings
from transformers import AutoModel

class Settings(BaseSettings):
    cache_dir: str = "/tmp/models"

settings = Settings()
AutoModel.from_pretrained("bert-base-cased", cache_dir=settings.cache_dir)
# --- transformers: an attribute of self -> warning cache-hard-coded
from transformers import AutoModel

class Service:
    def __init__(self):
        self.cache = "/tmp/models"

    def load(self):
        return AutoModel.from_pretrained("bert-base-cased", cache_dir=self.cache)
# --- transformers: through a parameter -> note cache-by-caller
from transformers import AutoModel

def load(name, cache_dir):
    return AutoModel.from_pretrained(name, cache_dir=cache_dir)
# --- transformers: through a parameter with a bad default -> note cache-unwritable
from transformers import AutoModel

def load(name, cache_dir="models"):
    return AutoModel.from_pretrained(name, cache_dir=cache_dir)
# --- transformers: **kwargs may hold it -> nothing
from transformers import AutoModel

def load(name, **kwargs):
    return AutoModel.from_pretrained(name, **kwargs)
# --- transformers: ** of a known dictionary -> error cache-unwritable
from transformers import AutoModel

options = {"cache_dir": "cache", "revision": "main"}
AutoModel.from_pretrained("bert-base-cased", **options)
# --- transformers: a folder, not a model of the Hub -> nothing
import os
from transformers import AutoModel, AutoTokenizer

AutoModel.from_pretrained("./model")
AutoModel.from_pretrained("/opt/ml/model")
AutoTokenizer.from_pretrained(os.path.join(os.path.dirname(__file__), "model"))
# --- transformers: offline -> nothing
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", local_files_only=True)
# --- transformers: perhaps a folder -> note cache-not-set
from transformers import AutoModel

def load(model_path):
    return AutoModel.from_pretrained(model_path)
# --- transformers: by hand only -> note cache-not-set
from transformers import AutoModel

if __name__ == "__main__":
    AutoModel.from_pretrained("bert-base-cased")
# --- transformers: by position in a configuration -> warning cache-hard-coded
from transformers import BertConfig

BertConfig.from_pretrained("bert-base-cased", "/tmp/models")
# --- transformers: None is as good as nothing -> warning cache-not-set
from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased", cache_dir=None)
# --- pipeline: the argument that has no effect -> error argument-without-effect
from transformers import pipeline

pipeline("sentiment-analysis", cache_dir="/tmp/models")
# --- pipeline: nothing given -> warning cache-not-set
from transformers import pipeline

pipeline("sentiment-analysis")
# --- pipeline: through model_kwargs -> nothing
import os
from transformers import pipeline

pipeline("sentiment-analysis", model_kwargs={"cache_dir": os.environ["CACHE"]})
# --- a variable set before the import -> nothing
import os

os.environ["HF_HOME"] = "/tmp/huggingface"

from transformers import AutoModel

AutoModel.from_pretrained("bert-base-cased")
# --- a variable set after the import -> error variable-after-import
import os
from transformers import AutoModel

os.environ["HF_HOME"] = "/tmp/huggingface"
AutoModel.from_pretrained("bert-base-cased")
# --- setdefault in a function, after the import -> error variable-after-import
import os
import transformers

def prepare():
    os.environ.setdefault("HF_HUB_CACHE", "/tmp/hub")
# --- update after the import -> error variable-after-import
import os
import datasets

os.environ.update({"HF_HOME": "/tmp/huggingface"})
# --- an import inside the function, behind the variable -> nothing
import os

def load():
    os.environ["HF_HOME"] = "/tmp/huggingface"
    from transformers import AutoModel
    return AutoModel.from_pretrained("bert-base-cased")
# --- a variable that leads home -> error cache-unwritable
import os

os.environ["HF_HOME"] = "~/models"
import transformers
# --- a variable that is gone -> warning variable-removed
import os

os.environ["TRANSFORMERS_CACHE"] = "/tmp/models"
import transformers
# --- a variable that is gone beside its successor -> nothing
import os

os.environ["TRANSFORMERS_CACHE"] = "/tmp/models"
os.environ["HF_HOME"] = "/tmp/models"
import transformers
# --- sentence-transformers -> warning cache-not-set
from sentence_transformers import SentenceTransformer

SentenceTransformer("all-MiniLM-L6-v2")
# --- sentence-transformers: its own variable, read late -> nothing
import os
from sentence_transformers import SentenceTransformer

os.environ["SENTENCE_TRANSFORMERS_HOME"] = "/tmp/models"
SentenceTransformer("all-MiniLM-L6-v2")
# --- sentence-transformers: the older name of the argument -> warning cache-hard-coded
from sentence_transformers import CrossEncoder

CrossEncoder("cross-encoder/ms-marco-MiniLM-L6-v2", cache_dir="/tmp/models")
# --- huggingface_hub: a method of an object -> warning cache-not-set
from huggingface_hub import HfApi

api = HfApi()
api.hf_hub_download("bert-base-cased", "config.json")
# --- huggingface_hub: a folder of its own -> error cache-unwritable
from huggingface_hub import snapshot_download

snapshot_download("bert-base-cased", local_dir="model")
# --- diffusers -> warning cache-not-set
from diffusers import StableDiffusionPipeline

StableDiffusionPipeline.from_pretrained("stabilityai/sd-turbo")
# --- peft -> warning cache-not-set
from peft import PeftModel

def load(base):
    return PeftModel.from_pretrained(base, "org/adapter")
# --- optimum -> warning cache-not-set
from optimum.onnxruntime import ORTModelForSequenceClassification

ORTModelForSequenceClassification.from_pretrained("org/model", export=True)
# --- datasets: by position -> error cache-unwritable
from datasets import load_dataset

load_dataset("squad", None, None, None, None, "data")
# --- llama_cpp -> warning cache-not-set
from llama_cpp import Llama

Llama.from_pretrained("org/model-GGUF", "*q4_0.gguf")
# --- a class that nobody knows -> note cache-not-set
from setfit import SetFitModel

SetFitModel.from_pretrained("org/model")
# --- a class of one's own, made from one of transformers -> warning cache-not-set
from transformers import PreTrainedModel

class Mine(PreTrainedModel):
    pass

Mine.from_pretrained("org/model")
# --- ignored, on the line and by code -> nothing
import clip
from transformers import AutoModel

clip.load("ViT-B/32")  # modelpack: ignore
AutoModel.from_pretrained(
    "bert-base-cased",
)  # modelpack: ignore[cache-not-set, shared-memory]
# --- ignored by another code -> error cache-no-variable
import clip

clip.load("ViT-B/32")  # modelpack: ignore[cache-not-set]
# --- ignored in all of the file -> nothing
# modelpack: ignore-file[cache-no-variable]
import clip

clip.load("ViT-B/32")
# --- pipeline: of models that are loaded already -> nothing
import os
from transformers import AutoModel, AutoTokenizer, pipeline

class Service:
    def __init__(self):
        self.model = AutoModel.from_pretrained("org/name", cache_dir=os.environ["CACHE"])
        self.tokenizer = AutoTokenizer.from_pretrained("org/name", cache_dir=os.environ["CACHE"])
        self.pipe = pipeline("feature-extraction", model=self.model, tokenizer=self.tokenizer)
# --- transformers: a state and no name -> nothing
from transformers import BertConfig, BertModel

BertModel.from_pretrained(None, config=BertConfig(), state_dict={})
# --- a variable set in between, among others -> error variable-after-import, warning variable-removed, warning cache-not-set
import os
from transformers import AutoModel

os.environ["TRANSFORMERS_CACHE"] = "/tmp/models"
model = AutoModel.from_pretrained("gpt2")
