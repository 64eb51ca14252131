/** What differs between two texts, line by line. */

export interface Line {
  readonly state: "same" | "added" | "removed";
  readonly text: string;
}

/** Above this many comparisons texts are shown as replaced altogether. */
const MOST = 2_000_000;

/** The lines of both texts: those of the new one, and those of the old one that are gone at their places. */
export function difference(before: string, after: string): Line[] {
  const old = before.split("\n");
  const now = after.split("\n");
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) {
    head += 1;
  }
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) {
    tail += 1;
  }
  const line = (state: Line["state"]) => (text: string): Line => ({ state, text });
  return [
    ...now.slice(0, head).map(line("same")),
    ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...now.slice(now.length - tail).map(line("same")),
  ];
}

/** The same for what is between the common beginning and end: by the longest common subsequence. */
function middle(old: readonly string[], now: readonly string[]): Line[] {
  if (old.length * now.length > MOST) {
    return [
      ...old.map((text): Line => ({ state: "removed", text })),
      ...now.map((text): Line => ({ state: "added", text })),
    ];
  }
  const common = Array.from({ length: old.length + 1 }, () => new Uint32Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      common[i]![j] = old[i] === now[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const found: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      found.push({ state: "same", text: now[j]! });
      i += 1;
      j += 1;
    } else if (i < old.length && (j === now.length || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      found.push({ state: "removed", text: old[i]! });
      i += 1;
    } else {
      found.push({ state: "added", text: now[j]! });
      j += 1;
    }
  }
  return found;
}
