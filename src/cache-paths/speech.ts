import { hubVariables } from './hub.ts';
import type { Library } from './library.ts';

export const speech: readonly Library[] = [
  {
    name: 'openai-whisper',
    modules: ['whisper'],
    calls: [
      {
        call: 'whisper.load_model',
        arguments: [{ name: 'download_root', position: 2 }],
        kind: 'load',
        model: { name: 'name', position: 0 },
      },
    ],
    variables: [{ name: 'XDG_CACHE_HOME', below: 'whisper', readAt: 'call' }],
    settings: [{ variable: 'XDG_CACHE_HOME', folder: '.cache' }],
    fallback: '~/.cache/whisper',
    writes: 'yes: makedirs always; in_memory=True still writes the file',
    verified: 'source',
    evidence: ['openai/whisper@c0d2f62:whisper/__init__.py:54-95,103-134'],
  },
  {
    name: 'faster-whisper',
    modules: ['faster_whisper'],
    calls: [
      {
        call: 'faster_whisper.WhisperModel',
        arguments: [{ name: 'download_root', position: 6 }],
        kind: 'load',
        model: { name: 'model_size_or_path', position: 0 },
        offline: { local_files_only: true },
      },
      {
        call: 'faster_whisper.download_model',
        arguments: [
          { name: 'cache_dir', position: 3 },
          { name: 'output_dir', position: 1 },
        ],
        kind: 'download',
        offline: { local_files_only: true },
      },
      {
        call: 'faster_whisper.BatchedInferencePipeline',
        arguments: [],
        kind: 'plain',
        note: 'wraps a WhisperModel',
      },
    ],
    variables: hubVariables,
    settings: [{ variable: 'HF_HOME', folder: 'huggingface' }],
    fallback: '~/.cache/huggingface/hub',
    writes: 'as huggingface_hub unless a path or files= is given',
    note: "WhisperModel(files={'model.bin': bytes, ...}) (index 8) loads from RAM with no file at all",
    verified: 'source',
    evidence: [
      'SYSTRAN/faster-whisper@65882ee:faster_whisper/transcribe.py:629-690',
      'SYSTRAN/faster-whisper@65882ee:faster_whisper/utils.py:51-111',
    ],
  },
  {
    name: 'whisperX',
    modules: ['whisperx'],
    calls: [
      {
        call: 'whisperx.load_model',
        arguments: [{ name: 'download_root', position: 11 }],
        kind: 'load',
        model: { name: 'whisper_arch', position: 0 },
        offline: { local_files_only: true },
      },
      { call: 'whisperx.load_align_model', arguments: [{ name: 'model_dir', position: 3 }], kind: 'load' },
      { call: 'whisperx.DiarizationPipeline', arguments: [{ name: 'cache_dir' }], kind: 'load' },
    ],
    variables: [
      ...hubVariables,
      {
        name: 'TORCH_HOME',
        below: '',
        readAt: 'call',
        note: 'the voice detection of pyannote, and silero through torch.hub',
      },
    ],
    settings: [
      { variable: 'HF_HOME', folder: 'huggingface' },
      { variable: 'TORCH_HOME', folder: 'torch' },
    ],
    fallback: '~/.cache/huggingface/hub and ~/.cache/torch',
    writes: 'yes: VAD makes the torch home directory; align models of torchaudio go to torch hub checkpoints',
    verified: 'source',
    evidence: [
      'm-bain/whisperX@2cfd7b7:whisperx/asr.py:327',
      'm-bain/whisperX@2cfd7b7:whisperx/alignment.py:80-102',
      'm-bain/whisperX@2cfd7b7:whisperx/vads/pyannote.py:22-26',
      'm-bain/whisperX@2cfd7b7:whisperx/diarize.py:97-103',
    ],
  },
  {
    name: 'pyannote.audio',
    modules: ['pyannote.audio'],
    calls: [
      {
        call: 'pyannote.audio.Pipeline.from_pretrained',
        arguments: [{ name: 'cache_dir', position: 5 }],
        kind: 'load',
        model: { name: 'checkpoint', position: 0 },
      },
      {
        call: 'pyannote.audio.Model.from_pretrained',
        arguments: [{ name: 'cache_dir', position: 6 }],
        kind: 'load',
        model: { name: 'checkpoint', position: 0 },
      },
    ],
    variables: [...hubVariables, { name: 'PYANNOTE_CACHE', below: '', readAt: 'import', note: '3.x' }],
    settings: [
      { variable: 'HF_HOME', folder: 'huggingface' },
      { variable: 'PYANNOTE_CACHE', folder: 'pyannote' },
    ],
    fallback: '~/.cache/huggingface/hub',
    writes: 'as huggingface_hub',
    verified: 'source (v4); 3.x variable from memory',
    evidence: [
      'pyannote/pyannote-audio@b749285:src/pyannote/audio/core/pipeline.py:160',
      'pyannote/pyannote-audio@b749285:src/pyannote/audio/core/model.py:506',
    ],
  },
  {
    name: 'speechbrain',
    modules: ['speechbrain'],
    calls: [
      {
        call: 'speechbrain.*.from_hparams',
        arguments: [{ name: 'savedir' }],
        kind: 'load',
        model: { name: 'source', position: 0 },
        note: 'makes a folder of links by default',
      },
    ],
    variables: hubVariables,
    settings: [{ variable: 'HF_HOME', folder: 'huggingface' }],
    fallback: '~/.cache/huggingface/hub; savedir if given',
    writes: 'savedir is created; LocalStrategy.SYMLINK writes links there',
    verified: 'source',
    evidence: [
      'speechbrain/speechbrain@9c826ef:speechbrain/utils/fetching.py:285-430',
      'speechbrain/speechbrain@9c826ef:speechbrain/inference/interfaces.py:49,129,455',
    ],
  },
  {
    name: 'TTS (coqui)',
    modules: ['TTS'],
    calls: [
      {
        call: 'TTS.api.TTS',
        arguments: [{ name: 'model_path' }],
        kind: 'load',
        note: 'with config_path: then nothing is downloaded',
      },
      {
        call: 'TTS.utils.manage.ModelManager',
        arguments: [{ name: 'output_prefix', position: 1 }],
        kind: 'load',
      },
    ],
    variables: [
      { name: 'TTS_HOME', below: 'tts', readAt: 'call' },
      { name: 'XDG_DATA_HOME', below: 'tts', readAt: 'call' },
    ],
    settings: [{ variable: 'TTS_HOME', folder: 'coqui' }],
    fallback: '~/.local/share/tts',
    writes: 'yes on a miss',
    verified: 'source',
    evidence: [
      'coqui-ai/TTS@dbf1a08:TTS/utils/generic_utils.py:127-146',
      'coqui-ai/TTS@dbf1a08:TTS/utils/manage.py:46-53',
      'coqui-ai/TTS@dbf1a08:TTS/api.py:20-22',
    ],
  },
  {
    name: 'librosa',
    modules: ['librosa'],
    calls: [
      { call: 'librosa.example', arguments: [], kind: 'download' },
      { call: 'librosa.ex', arguments: [], kind: 'download' },
    ],
    variables: [
      { name: 'NUMBA_CACHE_DIR', below: '', readAt: 'import' },
      { name: 'LIBROSA_DATA_DIR', below: '', readAt: 'import', note: 'the examples' },
      { name: 'LIBROSA_CACHE_DIR', below: '', readAt: 'import', note: 'the function cache, off by default' },
    ],
    settings: [
      { variable: 'NUMBA_CACHE_DIR', folder: 'numba' },
      { variable: 'LIBROSA_DATA_DIR', folder: 'librosa' },
    ],
    fallback: '~/.cache/librosa; numba cache in site-packages/__pycache__ or ~/.cache/numba',
    writesAtImport: true,
    writes:
      '31 functions are jitted with cache=True; 0.10+ imports lazily, so the failure moves to the first use',
    verified: 'source + run (as root: no failure)',
    evidence: [
      'librosa/librosa@b7e7bf4:librosa/util/files.py:28-30',
      'librosa/librosa@b7e7bf4:librosa/_cache.py:86',
      'librosa/librosa@b7e7bf4:librosa/beat.py:618 (cache=True)',
    ],
  },
];
