import type { Tensor } from './safetensors.ts';

export interface BertShape {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  readonly positions: number;
}

/** The tensors of transformers' BertModel, in its order. */
export function bertTensors({ vocabulary, hidden, layers, positions }: BertShape): Tensor[] {
  const inner = hidden * 4;
  return [
    { name: 'embeddings.word_embeddings.weight', shape: [vocabulary, hidden] },
    { name: 'embeddings.position_embeddings.weight', shape: [positions, hidden] },
    { name: 'embeddings.token_type_embeddings.weight', shape: [2, hidden] },
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: layers }, (_, i) => `encoder.layer.${i}`).flatMap((layer) => [
      ...linear(`${layer}.attention.self.query`, hidden, hidden),
      ...linear(`${layer}.attention.self.key`, hidden, hidden),
      ...linear(`${layer}.attention.self.value`, hidden, hidden),
      ...linear(`${layer}.attention.output.dense`, hidden, hidden),
      ...norm(`${layer}.attention.output.LayerNorm`),
      ...linear(`${layer}.intermediate.dense`, inner, hidden),
      ...linear(`${layer}.output.dense`, hidden, inner),
      ...norm(`${layer}.output.LayerNorm`),
    ]),
    ...linear('pooler.dense', hidden, hidden),
  ];

  function linear(name: string, out: number, into: number): Tensor[] {
    return [
      { name: `${name}.weight`, shape: [out, into] },
      { name: `${name}.bias`, shape: [out] },
    ];
  }

  function norm(name: string): Tensor[] {
    return [
      { name: `${name}.weight`, shape: [hidden] },
      { name: `${name}.bias`, shape: [hidden] },
    ];
  }
}

/** Values as an untrained model has them: norms neutral, biases zero, the rest small; the same in every run. */
export function bertValues(): (tensor: Tensor, i: number) => number {
  let state = 1;
  return ({ name }) => {
    if (name.endsWith('bias')) return 0;
    if (name.endsWith('LayerNorm.weight')) return 1;
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 0.04;
  };
}

export function bertConfig({ vocabulary, hidden, layers, positions }: BertShape): object {
  return {
    architectures: ['BertModel'],
    attention_probs_dropout_prob: 0.1,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    hidden_size: hidden,
    initializer_range: 0.02,
    intermediate_size: hidden * 4,
    layer_norm_eps: 1e-12,
    max_position_embeddings: positions,
    model_type: 'bert',
    num_attention_heads: hidden / 16,
    num_hidden_layers: layers,
    pad_token_id: 0,
    torch_dtype: 'float32',
    type_vocab_size: 2,
    vocab_size: vocabulary,
  };
}
