/** Characters that a terminal or a log does not show as they are: control, format, private use, lone surrogates, line separators. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Another process's words in one line, as a terminal and a log can show them: cut where they are too long, hidden characters escaped. */
export function plainText(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)} ...` : text;
  return cut
    .replace(/\s*\n\s*/g, ' ')
    .replace(HIDDEN, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
