/** Places in a text: the editor counts UTF-16 units, `dspyc` counts code points. */

/** How many code points the first units of a text are. */
export function codePoints(text: string, units: number): number {
  let count = 0;
  for (const each of text.slice(0, units)) {
    count += each.length > 0 ? 1 : 0;
  }
  return count;
}

/** How many UTF-16 units the first code points of a text are. */
export function units(text: string, points: number): number {
  let at = 0;
  for (let left = points; left > 0 && at < text.length; left -= 1) {
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return at;
}
