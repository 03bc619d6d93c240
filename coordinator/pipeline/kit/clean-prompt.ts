const ENTITIES: Readonly<Record<string, string>> = Object.freeze({
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
});

/** A prompt as pipelines of video models clean it (`prompt_clean`): HTML entities resolved twice, runs of white space to one space. */
export function cleanPrompt(text: string): string {
  return unescape(unescape(text)).trim().replaceAll(/\s+/g, ' ').trim();
}

/** The common entities, and numbers. */
function unescape(text: string): string {
  return text.replaceAll(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]+);/gi, (whole, body: string) => {
    if (!body.startsWith('#')) return ENTITIES[body] ?? whole;
    const code = /^#x/i.test(body) ? Number.parseInt(body.slice(2), 16) : Number(body.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
