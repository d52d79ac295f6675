# --- clip: an alias, and by position -> error cache-unwritable
import clip as openai_clip

openai_clip.load("ViT-B/32", "cpu", False, "models")
# --- clip: a file -> nothing
import clip

clip.load("/tmp/ViT-B-32.pt")
# --- clip: HOME is set -> note cache-no-variable
import os

os.environ["HOME"] = "/tmp"
import clip

clip.load("ViT-B/32")
# --- open_clip -> error cache-no-variable
import open_clip

open_clip.create_model_and_transforms("ViT-B-32", pretrained="laion2b_s34b_b79k")
# --- open_clip: no weights -> nothing
import open_clip

open_clip.create_model("ViT-B-32")
# --- easyocr: neither folder -> warning cache-not-set
import easyocr

easyocr.Reader(["en"])
# --- easyocr: one folder of two -> error cache-half-set, warning cache-hard-coded
import easyocr

easyocr.Reader(["en"], model_storage_directory="/tmp/ocr")
# --- easyocr: both folders -> nothing
import os
from easyocr import Reader

Reader(["en"], model_storage_directory=os.environ["CACHE"], user_network_directory=os.environ["CACHE"])
# --- easyocr: its variable, too late -> error variable-after-import
import os
import easyocr

os.environ["EASYOCR_MODULE_PATH"] = "/tmp/ocr"
easyocr.Reader(["en"])
# --- ultralytics: a known name -> error cache-unwritable
from ultralytics import YOLO

YOLO("yolo11n.pt")
# --- ultralytics: an absolute path, and a file of one's own -> nothing
from ultralytics import YOLO

YOLO("/tmp/models/yolo11n.pt")
YOLO("best.pt")
# --- deepface: writes when imported -> warning cache-not-set, warning cache-not-set
from deepface import DeepFace

DeepFace.represent("face.jpg")
# --- deepface: its variable -> nothing
import os

os.environ["DEEPFACE_HOME"] = "/tmp"
from deepface import DeepFace

DeepFace.represent("face.jpg")
# --- insightface -> error cache-no-variable
from insightface.app import FaceAnalysis

FaceAnalysis(name="buffalo_l")
# --- doctr -> warning cache-not-set
from doctr.models import ocr_predictor

ocr_predictor(pretrained=True)
# --- doctr: nothing downloaded -> nothing
from doctr.models import ocr_predictor

ocr_predictor(pretrained=False)
# --- paddleocr -> warning cache-not-set
from paddleocr import PaddleOCR

PaddleOCR(lang="en")
# --- rembg -> warning cache-not-set
from rembg import new_session

new_session("u2net")
# --- facexlib -> error cache-no-variable
from facexlib.detection import init_detection_model

init_detection_model("retinaface_resnet50")
# --- torchvision -> warning cache-not-set, warning cache-not-set
import torchvision
from torchvision import models

models.resnet50(weights="IMAGENET1K_V2")
torchvision.models.detection.fasterrcnn_resnet50_fpn(pretrained=True)
# --- torchvision: no weights -> nothing
from torchvision.models import resnet50

resnet50()
resnet50(pretrained=False)
resnet50(weights=None).eval()
# --- torch.hub -> warning cache-not-set
import torch

torch.hub.load("ultralytics/yolov5", "yolov5s")
# --- torch.hub: set_dir before it -> nothing
import os
import torch

torch.hub.set_dir(os.environ["CACHE"])
torch.hub.load("ultralytics/yolov5", "yolov5s")
# --- torch.hub: set_dir to a relative folder -> error cache-unwritable
import torch

torch.hub.set_dir("hub")
# --- timm -> warning cache-not-set
import timm

timm.create_model("resnet50", pretrained=True)
# --- timm: not pretrained -> nothing
import timm

timm.create_model("resnet50")
# --- keras goes to /tmp by itself -> nothing
from tensorflow.keras.applications import ResNet50

ResNet50(weights="imagenet")
# --- tensorflow_hub -> note cache-not-set
import tensorflow_hub as hub

hub.load("https://tfhub.dev/google/universal-sentence-encoder/4")
# --- insightface: a path that is made from a variable -> note cache-no-variable
import os
from insightface.model_zoo import get_model

get_model(os.path.join(os.getenv("DEEPFACE_HOME", "~"), "weights", "model.onnx"))
