// What a session runs in, from what its browser says of itself.

import { h } from "../shared/dom.js";

// The first that is named counts: most browsers name others, too.
const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["Windows", "Windows"], ["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Mac OS X", "macOS"], ["Linux", "Linux"]];

/** "Firefox on macOS"; a program that is no browser as it calls itself. */
export function programOf(agent) {
  const [browser, system] = [BROWSERS, SYSTEMS].map((known) => known.find(([mark]) => agent.includes(mark))?.[1]);
  return browser && system ? `${browser} on ${system}` : agent;
}

/** With the whole text for who points at it. */
export function program(agent) {
  return h("span", { title: agent }, programOf(agent));
}
