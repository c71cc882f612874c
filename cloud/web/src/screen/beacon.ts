import { effect } from "@preact/signals";
import type { Store } from "../state/store.ts";
import { alertName, alertPlace } from "../text/names.ts";

/**
 * Says in the browser's tab how the site stands, for when the page lies behind another: the title names the worst
 * alert and blinks with the icon while nobody sees to it. The icons are files, since a strict content security policy
 * refuses data: addresses.
 */
export function startBeacon(store: Store, document: Document): () => void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  return effect(() => {
    const text = store.text.value;
    const language = store.language.value;
    const site = store.world.site.value;
    const state = store.siteState.value;
    document.documentElement.lang = text.htmlLang;
    if (site === null || state === null || store.session.value.kind !== "signed_in") {
      document.title = "更夫 Gengfu";
      show(icon, "unknown");
      delete document.documentElement.dataset["loud"];
      return;
    }
    const name = site.name[language];
    const worst = state.open[0];
    if (state.loud === null || worst === undefined) {
      delete document.documentElement.dataset["loud"];
      const count = state.open.length > 0 ? `(${state.open.length}) ` : "";
      document.title = `${count}${name}${text.dot}${text.product}`;
      show(icon, state.level === "attention" ? "unknown" : state.level);
      return;
    }
    document.documentElement.dataset["loud"] = state.loud;
    const lit = Math.floor(store.now.value / 1_000) % 2 === 0;
    const what = `${alertName(site, worst, language)} ${alertPlace(site, worst, language, text)}`;
    document.title = `${lit ? "■■■" : "□□□"} (${state.open.length}) ${text.severity[worst.severity]}${text.colon}${what}`;
    show(icon, worst.severity === "critical" && !lit ? "critical-off" : worst.severity);
  });
}

function show(icon: HTMLLinkElement | null, name: string): void {
  const href = `/favicon-${name}.svg`;
  if (icon !== null && icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}
