export type Style = 'red' | 'green' | 'bold' | 'dim' | 'yellow' | 'cyan';
export type Paint = (style: Style, text: string) => string;

/** No colours. */
export function plain(_style: Style, unpainted: string): string {
  return unpainted;
}
