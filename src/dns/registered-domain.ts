/** The domain that somebody registered, as authorities count their limits: a public suffix and one label before it. */
import { normaliseName } from "./names";

/**
 * Second-level suffixes under which everybody registers, of the Public Suffix List, for the top-level domains where
 * they are usual. A suffix that is not here is taken for a registered domain: its names are counted together, so that
 * an order waits rather too early than too late.
 */
const secondLevels: Record<string, string> = {
  ar: "com edu gob gov int mil net org tur",
  at: "ac co gv or",
  au: "asn com edu gov id net org",
  bd: "ac com edu gov net org",
  br: "adv app art blog com dev eco edu emp eng ind inf jus leg mil net org tec tv wiki",
  cn: "ac com edu gov mil net org",
  co: "com edu gov mil net nom org",
  cy: "ac biz com gov ltd net org",
  eg: "com edu gov net org",
  es: "com edu gob nom org",
  fr: "asso com gouv nom",
  gr: "com edu gov net org",
  hk: "com edu gov idv net org",
  hu: "co info org",
  id: "ac biz co desa go mil my net or sch web",
  il: "ac co gov idf k12 muni net org",
  in: "ac co edu firm gen gov ind mil net nic org res",
  it: "edu gov",
  jp: "ac ad co ed go gr lg ne or",
  ke: "ac co go info me mobi ne or sc",
  kr: "ac co go hs kg mil ms ne or pe re",
  mx: "com edu gob net org",
  my: "com edu gov mil name net org",
  ng: "com edu gov mil mobi name net org sch",
  nz: "ac co cri geek gen govt health iwi maori mil net org school",
  pe: "com edu gob mil net nom org",
  ph: "com edu gov i mil net ngo org",
  pk: "biz com edu fam gob gok gon gop gos gov info net org web",
  pl: "com edu gov info net org waw",
  pt: "com edu gov int net nome org publ",
  ro: "com firm info nom org store www",
  rs: "ac co edu gov in org",
  ru: "com msk net org pp spb",
  sa: "com edu gov med net org pub sch",
  sg: "com edu gov net org",
  th: "ac co go in mi net or",
  tr: "av bbs bel biz com dr edu gen gov info k12 kep mil name net org pol tel tsk tv web",
  tw: "club com ebiz edu game gov idv mil net org",
  ua: "com edu gov in kiev kyiv lviv net od org",
  uk: "ac co gov ltd me net nhs org plc police sch",
  us: "fed nsn",
  uy: "com edu gub mil net org",
  ve: "co com edu gob info net org web",
  vn: "ac biz com edu gov health info int name net org pro",
  za: "ac co edu gov law mil net nom org school web",
};

const secondLevelsOf = new Map(Object.entries(secondLevels).map(([top, labels]) => [top, new Set(labels.split(" "))]));

/** "www.example.co.uk" → "example.co.uk". A wildcard counts as the name below it. */
export function registeredDomain(name: string): string {
  const labels = normaliseName(name.replace(/^\*\./, "")).split(".");
  const [second = "", top = ""] = labels.slice(-2);
  const depth = secondLevelsOf.get(top)?.has(second) ? 3 : 2;
  return labels.slice(-depth).join(".");
}
