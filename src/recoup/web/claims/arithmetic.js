// How a claim's numbers come about, in sentences whose amounts and days are written as the reader's
// language has it. What only the rules know (reason, basis) is the server's own text.

import { day, money, percent, sentence, told } from "../shared/words.js";

export function arithmetic(claim) {
  return [
    told(claim.reason),
    claim.amount ? `Amount: ${money(claim.amount)}${claim.amountBasis ? ` (${told(claim.amountBasis)})` : ""}.` : `Amount: not known. ${told(claim.amountMissing)}`,
    ...(claim.evidence.notes ?? []).map((note) => `Note: ${told(sentence(note))}`),
    [windowOf(claim), told(claim.windowNote)].filter(Boolean).join(" "),
    confidence(claim),
  ];
}

function windowOf({ fileableFrom, deadline }) {
  if (!deadline) return "Window: not known for this claim; check Seller Central.";
  return `Window: file ${fileableFrom ? `from ${day(fileableFrom)} ` : ""}to ${day(deadline)}, the last safe day.`;
}

/** The base, then what changes it; a base that nothing changes is the confidence itself. */
function confidence(claim) {
  const [base, ...changes] = claim.confidenceParts;
  if (base && !changes.length) return `Confidence ${percent(claim.confidence)}${base.why ? `: ${told(base.why)}` : ""}.`;
  const parts = claim.confidenceParts.map(({ change, why }, n) =>
    `${percent(change, n ? { signDisplay: "always" } : {})} ${told(why) ?? ""}`.trim());
  return `Confidence ${percent(claim.confidence)}${parts.length ? `: ${parts.join("; ")}` : ""}.`;
}
