import { useEffect, useState } from "preact/hooks";

/** Changes whenever what is drawn on a canvas has to be drawn anew: dark or light, wall or desk. */
export function useTheme(): string {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    const update = (): void => setTheme(current());
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", update);
    const root = new MutationObserver(update);
    root.observe(document.documentElement, { attributes: true, attributeFilter: ["data-wall"] });
    return () => {
      dark.removeEventListener("change", update);
      root.disconnect();
    };
  }, []);
  return theme;
}

function current(): string {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  return `${dark} ${document.documentElement.dataset["wall"] ?? "desk"}`;
}
