import { matcher } from '../glob.ts';
import { baseName, folders } from './listing.ts';

interface Rule {
  readonly reason: string;
  /** Globs for the name of any folder a file lies in; like `names`, in lower case and separated by white space. */
  readonly folders?: string;
  readonly names: string;
  /** Globs for the names of files that this rule does not mean. */
  readonly unless?: string;
}

const training: Rule = {
  reason: 'training leftovers',
  folders: 'checkpoint-[0-9]* global_step[0-9]* lightning_logs logs mlruns runs tensorboard wandb',
  names: `*_optim_states.pt optimizer*.bin optimizer*.pt optimizer*.pth scheduler*.bin scheduler*.pt scaler.pt
    rng_state*.pth random_states_*.pkl training_args*.bin trainer_state.json trainer_log.jsonl
    all_results.json eval_results.json train_results.json *_eval_results*.txt log_*_predictions*.txt log_*_targets.txt
    *tfevents* *imatrix* zero_to_fp32.py`,
  // A model that was quantised with such a matrix may say so in its name.
  unless: '*q[1-8]_*.gguf',
};

const rules: readonly Rule[] = [
  {
    reason: 'repository housekeeping',
    folders: '.* __macosx __pycache__',
    names: '.* *.pyc desktop.ini thumbs.db',
  },
  training,
  {
    reason: 'images and media',
    names: `*.bmp *.gif *.ico *.jpeg *.jpg *.png *.svg *.tif *.tiff *.webp *.pdf
      *.avi *.mkv *.mov *.mp4 *.webm *.flac *.m4a *.mp3 *.ogg *.opus *.wav`,
  },
  { reason: 'notebooks and examples', folders: 'examples notebooks', names: '*.ipynb' },
];

const compiled = rules.map((rule) => {
  const [named, isOther] = [anyOf(rule.names), anyOf(rule.unless)];
  return { rule, inFolder: anyOf(rule.folders), named: (name: string) => named(name) && !isOther(name) };
});

/** Legal texts stay whatever they are written in: `LICENSE.pdf`. */
const isLegal = anyOf('copying* licence* license* notice* use_policy*');

/** Why no loader reads `path`; nothing when one may. Whatever no rule names stays. */
export function leftover(path: string, { checkpoints }: { checkpoints: boolean }): string | undefined {
  const lower = path.toLowerCase();
  const name = baseName(lower);
  const found = compiled.find(({ rule, inFolder, named }) => {
    const folderCounts = checkpoints || rule !== training;
    return (folderCounts && folders(lower).some(inFolder)) || (named(name) && !isLegal(name));
  });
  return found?.rule.reason;
}

export const isArchive = anyOf('*.7z *.rar *.tar *.tar.bz2 *.tar.gz *.tar.xz *.tgz *.zip');

function anyOf(globs = ''): (name: string) => boolean {
  return matcher(globs.split(/\s+/).filter((glob) => glob !== ''));
}
