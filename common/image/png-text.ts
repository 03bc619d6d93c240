import { crc32 } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum around a chunk's data. */
const FRAME_BYTES = 12;

/** A PNG file with texts by keyword: `tEXt` where Latin-1 holds them, `iTXt` (UTF-8) elsewhere. They stand behind the header. */
export function withPngText(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array {
  const file = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const header = SIGNATURE_BYTES + FRAME_BYTES + file.readUInt32BE(SIGNATURE_BYTES);
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([file.subarray(0, header), ...chunks, file.subarray(header)]);
}

/** The texts of a PNG file, uncompressed ones; empty for other files. */
export function readPngText(png: Uint8Array): Record<string, string> {
  const file = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const texts: Record<string, string> = {};
  if (file.subarray(1, 4).toString('latin1') !== 'PNG') return texts;
  for (let at = SIGNATURE_BYTES; at + FRAME_BYTES <= file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.subarray(at + 4, at + 8).toString('latin1');
    const data = file.subarray(at + 8, at + 8 + length);
    const end = data.indexOf(0);
    const keyword = data.subarray(0, Math.max(0, end)).toString('latin1');
    if (type === 'tEXt') texts[keyword] = data.subarray(end + 1).toString('latin1');
    if (type === 'iTXt' && data[end + 1] === 0) {
      // Compression flag and method, language, translated keyword; then the text.
      const language = data.indexOf(0, end + 3);
      texts[keyword] = data.subarray(data.indexOf(0, language + 1) + 1).toString('utf8');
    }
    at += FRAME_BYTES + length;
  }
  return texts;
}

function textChunk(keyword: string, text: string): Buffer {
  const isLatin = Buffer.from(text, 'latin1').toString('latin1') === text;
  const data = isLatin
    ? Buffer.concat([Buffer.from(`${keyword}\0`, 'latin1'), Buffer.from(text, 'latin1')])
    : Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text, 'utf8')]);
  const body = Buffer.concat([Buffer.from(isLatin ? 'tEXt' : 'iTXt', 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body) >>> 0);
  return Buffer.concat([length, body, checksum]);
}
