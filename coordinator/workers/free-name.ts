/** A name like the one that is wanted, which nobody has: the second `w1` is `w1-2`. */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  const base = wanted === '' ? 'worker' : wanted;
  if (!isTaken(base)) return base;
  let count = 2;
  while (isTaken(`${base}-${count}`)) count += 1;
  return `${base}-${count}`;
}
