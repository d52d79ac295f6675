import type { Library } from './library.ts';

export const vision: readonly Library[] = [
  {
    name: 'EasyOCR',
    modules: ['easyocr'],
    calls: [
      {
        call: 'easyocr.Reader',
        arguments: [
          { name: 'model_storage_directory', position: 2 },
          { name: 'user_network_directory', position: 3 },
        ],
        kind: 'load',
        all: true,
      },
    ],
    variables: [
      { name: 'EASYOCR_MODULE_PATH', below: 'model', readAt: 'import' },
      { name: 'MODULE_PATH', below: 'model', readAt: 'import' },
    ],
    settings: [{ variable: 'EASYOCR_MODULE_PATH', folder: 'easyocr' }],
    fallback: '~/.EasyOCR/ (model/ and user_network/)',
    writes:
      'yes: mkdir of BOTH directories on every Reader(); downloads zip to <dir>/temp.zip; download_enabled=False stops downloads only',
    note: 'both keyword arguments (or the variable) are needed; one alone still touches ~/.EasyOCR',
    verified: 'source + run',
    evidence: [
      'JaidedAI/EasyOCR@c4f3cd7:easyocr/config.py:6-8',
      'JaidedAI/EasyOCR@c4f3cd7:easyocr/easyocr.py:57-66,170-190',
      'JaidedAI/EasyOCR@c4f3cd7:easyocr/utils.py:625-638',
    ],
  },
  {
    name: 'ultralytics',
    modules: ['ultralytics'],
    calls: [
      {
        call: 'ultralytics.*',
        arguments: [{ name: 'model', position: 0 }],
        kind: 'path',
        known: ['yolo*.pt', 'sam*.pt', 'mobile_sam*.pt', 'rtdetr*.pt', 'FastSAM*.pt'],
        note: 'YOLO, SAM, RTDETR, NAS, …',
      },
    ],
    variables: [],
    settings: [{ variable: 'YOLO_CONFIG_DIR', folder: 'ultralytics' }],
    fallback:
      'CWD for weights; ~/.config/Ultralytics for settings (falls back to /tmp/Ultralytics when not writable)',
    writes: 'yes: settings file at import; weights into CWD on a miss',
    note: 'no keyword and no variable for weights: pass an absolute path under /tmp. weights_dir in the settings is only a search path',
    verified: 'source of older versions (repository too large to fetch, not in the local index)',
    evidence: [
      'ultralytics/ultralytics@002217d:ultralytics/utils/__init__.py (get_user_config_dir, USER_CONFIG_DIR, SettingsManager; 2024 version)',
      'ultralytics/ultralytics@007e53c:ultralytics/utils/downloads.py (attempt_download_asset; 2023 version)',
    ],
  },
  {
    name: 'deepface',
    modules: ['deepface'],
    calls: [
      { call: 'deepface.DeepFace.represent', arguments: [], kind: 'load' },
      { call: 'deepface.DeepFace.verify', arguments: [], kind: 'load' },
      { call: 'deepface.DeepFace.analyze', arguments: [], kind: 'load' },
      { call: 'deepface.DeepFace.find', arguments: [], kind: 'load' },
      { call: 'deepface.DeepFace.build_model', arguments: [], kind: 'load' },
      { call: 'deepface.DeepFace.extract_faces', arguments: [], kind: 'load' },
    ],
    variables: [{ name: 'DEEPFACE_HOME', below: '.deepface/weights', readAt: 'import' }],
    settings: [{ variable: 'DEEPFACE_HOME', folder: 'deepface' }],
    fallback: '~/.deepface/weights',
    writesAtImport: true,
    writes: 'yes: directories are made at IMPORT (initialize_folder)',
    note: ".deepface/weights is appended to the variable's value",
    verified: 'source',
    evidence: [
      'serengil/deepface@243209f:deepface/DeepFace.py:51',
      'serengil/deepface@243209f:deepface/commons/folder_utils.py:7-34',
      'serengil/deepface@243209f:deepface/commons/weight_utils.py:41-75',
    ],
  },
  {
    name: 'insightface',
    modules: ['insightface'],
    calls: [
      { call: 'insightface.app.FaceAnalysis', arguments: [{ name: 'root', position: 1 }], kind: 'load' },
      {
        call: 'insightface.model_zoo.get_model',
        arguments: [{ name: 'root' }],
        kind: 'load',
        model: { name: 'name', position: 0 },
      },
    ],
    variables: [],
    settings: [],
    fallback: '~/.insightface (models under models/<name>/)',
    writes: 'only on a miss: zip is kept next to the unpacked files, so both occupy disk',
    note: 'no environment variable; an existing directory is taken as complete without any check',
    verified: 'source',
    evidence: [
      'deepinsight/insightface@7fadd42:python-package/insightface/app/face_analysis.py:42',
      'deepinsight/insightface@7fadd42:python-package/insightface/utils/storage.py:9-25',
      'deepinsight/insightface@7fadd42:python-package/insightface/model_zoo/model_zoo.py:77',
    ],
  },
  {
    name: 'doctr',
    modules: ['doctr'],
    calls: [
      { call: 'doctr.models.ocr_predictor', arguments: [], kind: 'load', onlyWith: [{ name: 'pretrained' }] },
      {
        call: 'doctr.models.detection_predictor',
        arguments: [],
        kind: 'load',
        onlyWith: [{ name: 'pretrained' }],
      },
      {
        call: 'doctr.models.recognition_predictor',
        arguments: [],
        kind: 'load',
        onlyWith: [{ name: 'pretrained' }],
      },
      { call: 'doctr.models.kie_predictor', arguments: [], kind: 'load', onlyWith: [{ name: 'pretrained' }] },
      {
        call: 'doctr.utils.data.download_from_url',
        arguments: [{ name: 'cache_dir', position: 3 }],
        kind: 'download',
      },
    ],
    variables: [{ name: 'DOCTR_CACHE_DIR', below: 'models', readAt: 'call' }],
    settings: [{ variable: 'DOCTR_CACHE_DIR', folder: 'doctr' }],
    fallback: '~/.cache/doctr',
    writes: 'yes on a miss',
    verified: 'source',
    evidence: ['mindee/doctr@8a88fea:doctr/utils/data.py:46-123'],
  },
  {
    name: 'paddleocr 2.x',
    modules: ['paddleocr'],
    calls: [
      {
        call: 'paddleocr.PaddleOCR',
        arguments: [
          { name: 'det_model_dir' },
          { name: 'rec_model_dir' },
          { name: 'text_detection_model_dir' },
          { name: 'text_recognition_model_dir' },
        ],
        kind: 'load',
        note: 'each model has an argument of its own, and each must be given',
      },
    ],
    variables: [{ name: 'PADDLE_OCR_BASE_DIR', below: '', readAt: 'call' }],
    settings: [{ variable: 'PADDLE_OCR_BASE_DIR', folder: 'paddleocr' }],
    fallback: '~/.paddleocr',
    writes: 'yes on a miss',
    verified: 'no (use sites only)',
    evidence: [
      'public use of PADDLE_OCR_BASE_DIR (index ids 30224014900, 70807042598); PaddleOCR source too large to fetch',
    ],
  },
  {
    name: 'paddleocr 3.x / paddlex',
    modules: ['paddleocr', 'paddlex'],
    calls: [
      {
        call: 'paddleocr.PPStructure*',
        arguments: [{ name: 'text_detection_model_dir' }, { name: 'det_model_dir' }],
        kind: 'load',
        note: 'each model has an argument of its own, and each must be given',
      },
      { call: 'paddlex.create_model', arguments: [{ name: 'model_dir' }], kind: 'load' },
      { call: 'paddlex.create_pipeline', arguments: [], kind: 'load' },
    ],
    variables: [{ name: 'PADDLE_PDX_CACHE_HOME', below: 'official_models', readAt: 'call' }],
    settings: [{ variable: 'PADDLE_PDX_CACHE_HOME', folder: 'paddlex' }],
    fallback: '~/.paddlex (official_models/)',
    writes: 'yes: cache, func_ret, locks directories',
    verified: 'source (2024 version), keywords from memory',
    evidence: [
      'PaddlePaddle/PaddleX@5029b50:paddlex/utils/cache.py:30-49',
      'PaddlePaddle/PaddleX@5029b50:paddlex/inference/utils/official_models.py:272',
    ],
  },
  {
    name: 'rembg',
    modules: ['rembg'],
    calls: [
      { call: 'rembg.new_session', arguments: [], kind: 'load' },
      { call: 'rembg.remove', arguments: [], kind: 'load' },
    ],
    variables: [
      { name: 'U2NET_HOME', below: '', readAt: 'call' },
      { name: 'XDG_DATA_HOME', below: '.u2net', readAt: 'call' },
    ],
    settings: [{ variable: 'U2NET_HOME', folder: 'u2net' }],
    fallback: '~/.u2net',
    writes: 'yes on a miss (pooch)',
    verified: 'source',
    evidence: ['danielgatis/rembg@684f8e9:rembg/sessions/base.py:78-80'],
  },
  {
    name: 'facexlib',
    modules: ['facexlib'],
    calls: [
      {
        call: 'facexlib.detection.init_detection_model',
        arguments: [{ name: 'model_rootpath', position: 3 }],
        kind: 'load',
      },
      { call: 'facexlib.parsing.init_parsing_model', arguments: [{ name: 'model_rootpath' }], kind: 'load' },
      {
        call: 'facexlib.utils.face_restoration_helper.FaceRestoreHelper',
        arguments: [{ name: 'model_rootpath' }],
        kind: 'load',
      },
    ],
    variables: [],
    settings: [],
    fallback: '<package>/facexlib/weights (inside site-packages)',
    writes: 'yes: makedirs in site-packages, read-only on Lambda',
    verified: 'source',
    evidence: [
      'xinntao/facexlib@HEAD:facexlib/utils/misc.py:8,59-74',
      'xinntao/facexlib@HEAD:facexlib/detection/__init__.py:8-19',
    ],
  },
];
