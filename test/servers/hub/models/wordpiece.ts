const specials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/** Special tokens, letters and digits, then as many syllables as asked for: enough to tokenize any lower-case text. */
export function wordpieces(count: number): string[] {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'.split('');
  const pieces: string[] = [...specials, ...letters, ...letters.map((letter) => `##${letter}`)];
  const syllables = 'bcdfghjklmnpqrstvwxyz'.split('').flatMap((c) => 'aeiou'.split('').map((v) => c + v));
  for (
    let words = syllables;
    pieces.length < count;
    words = words.flatMap((w) => syllables.map((s) => w + s))
  ) {
    pieces.push(...words.flatMap((word) => [word, `##${word}`]));
  }
  return pieces.slice(0, count);
}

/** The JSON of the tokenizers library, for a BERT tokenizer over these pieces. */
export function tokenizerJson(pieces: readonly string[]): object {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const template = (id: string) => ({ id, ids: [pieces.indexOf(id)], tokens: [id] });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), sequence('A', 0), special('[SEP]')],
      pair: [special('[CLS]'), sequence('A', 0), special('[SEP]'), sequence('B', 1), special('[SEP]')],
      special_tokens: { '[CLS]': template('[CLS]'), '[SEP]': template('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  };
}
