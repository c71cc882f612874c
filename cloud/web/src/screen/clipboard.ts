/** Puts a text into the clipboard; false where the browser doesn't let it. */
export async function copyText(text: string, { navigator, document }: Window): Promise<boolean> {
  // there is none on a page that came without TLS from another machine
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (clipboard !== undefined) {
    try {
      await clipboard.writeText(text);
      return true;
    } catch {
      // not allowed; the old way may be
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  // within an open dialog nothing outside of it takes the focus
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
