/** Longest word of a message: a path, a list. */
const MAX_WORD_LENGTH = 300;
const SHOWN_LENGTH = 60;

/** A text from anywhere as a terminal may show it, on one line: control and format characters as escapes, words of absurd length cut. */
export function printable(text: string): string {
  return text
    .replace(/\s*[\n\r]+\s*/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped)
    .replace(/\S+/g, (word) =>
      word.length <= MAX_WORD_LENGTH ? word : `${word.slice(0, SHOWN_LENGTH)}... (${word.length} characters)`,
    );
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
