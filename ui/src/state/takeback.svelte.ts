//! How long an answer is held back in this window, so that it can be taken back: the owner's choice.

const KEY = 'ct-take-back';
const USUAL_S = 5;
export const TAKE_BACK_S = [0, 5, 10, 30, 60] as const;

function stored(): number {
  try {
    const value = Number(localStorage.getItem(KEY) ?? USUAL_S);
    return TAKE_BACK_S.some((one) => one === value) ? value : USUAL_S;
  } catch {
    return USUAL_S;
  }
}

let seconds = $state(stored());

export const takeBack = {
  get seconds(): number {
    return seconds;
  },
  choose(next: number): void {
    seconds = next;
    try {
      localStorage.setItem(KEY, String(next));
    } catch {
      // Kept for this window only.
    }
  }
};
