# --- whisper -> warning cache-not-set
import whisper

whisper.load_model("base")
# --- whisper: a literal -> warning cache-hard-coded
import whisper

whisper.load_model("base", download_root="/tmp/whisper")
# --- faster-whisper -> warning cache-not-set
from faster_whisper import WhisperModel

WhisperModel("base", device="cpu")
# --- faster-whisper: relative -> error cache-unwritable
from faster_whisper import WhisperModel

WhisperModel("base", device="cpu", download_root="./models")
# --- whisperx -> warning cache-not-set
import whisperx

whisperx.load_model("large-v2", "cpu")
# --- pyannote -> warning cache-not-set
from pyannote.audio import Pipeline

Pipeline.from_pretrained("pyannote/speaker-diarization-3.1")
# --- speechbrain -> error cache-unwritable
from speechbrain.inference.speaker import EncoderClassifier

EncoderClassifier.from_hparams(source="speechbrain/spkrec-ecapa-voxceleb", savedir="pretrained_models")
# --- TTS -> warning cache-not-set
from TTS.api import TTS

TTS("tts_models/en/ljspeech/vits")
# --- librosa needs a folder for numba -> warning cache-not-set
import librosa

y, rate = librosa.load("/tmp/a.wav")
# --- numba: cached functions -> warning cache-not-set
from numba import njit

@njit(cache=True)
def add(a, b):
    return a + b
# --- nltk: at the beginning, without a folder -> warning cache-not-set
import nltk

nltk.download("punkt_tab")
# --- nltk: in the handler -> warning download-in-handler, warning cache-hard-coded
import nltk

def lambda_handler(event, context):
    nltk.download("punkt_tab", download_dir="/tmp/nltk_data")
# --- nltk: in what the handler calls -> warning cache-not-set, warning download-in-handler
import nltk

def prepare():
    nltk.download("punkt_tab")

def handler(event, context):
    prepare()
# --- spacy: installs in the handler -> error download-in-handler
import spacy

def handler(event, context):
    spacy.cli.download("en_core_web_sm")
    return spacy.load("en_core_web_sm")
# --- spacy: installs when imported -> warning download-in-handler
from spacy.cli import download

download("en_core_web_sm")
# --- pip in the handler -> error download-in-handler
import subprocess
import sys

def handler(event, context):
    subprocess.check_call([sys.executable, "-m", "pip", "install", "torch", "-t", "/tmp"])
# --- stanza -> warning cache-not-set
import stanza

stanza.Pipeline("en")
# --- flair: the attribute of the library -> nothing
import os
from pathlib import Path
import flair

flair.cache_root = Path(os.environ["CACHE"])
flair.nn.Classifier.load("ner")
# --- flair -> warning cache-not-set
from flair.models import SequenceTagger

SequenceTagger.load("ner")
# --- gensim -> warning cache-not-set
import gensim.downloader as api

api.load("glove-wiki-gigaword-50")
# --- tiktoken works by itself -> note cache-not-set
import tiktoken

tiktoken.get_encoding("cl100k_base")
# --- fastembed works by itself -> note cache-not-set
from fastembed import TextEmbedding

TextEmbedding("BAAI/bge-small-en-v1.5")
# --- fasttext -> error cache-no-variable
import fasttext.util

fasttext.util.download_model("en")
# --- gpt4all -> error cache-no-variable
from gpt4all import GPT4All

GPT4All("orca-mini-3b-gguf2-q4_0.gguf")
# --- gpt4all: nothing downloaded -> nothing
from gpt4all import GPT4All

GPT4All("orca-mini-3b-gguf2-q4_0.gguf", allow_download=False)
# --- argostranslate writes when imported -> warning cache-not-set
import argostranslate.translate
# --- matplotlib works by itself -> note cache-not-set
import matplotlib.pyplot as plt
# --- kagglehub -> warning cache-not-set
import kagglehub

kagglehub.model_download("google/bert/tensorFlow2/answer-equivalence-bem")
# --- pooch -> warning cache-not-set
import pooch

pooch.retrieve("https://example.com/model.bin", known_hash=None)
