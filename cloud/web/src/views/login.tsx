import { useRef, useState } from "preact/hooks";
import { useApp } from "../components/app.ts";
import { Mark } from "../components/mark.tsx";
import { dictionaries } from "../text/dictionary.ts";

/** Asks for the token. Whoever stands before it for the first time reads in both languages where to get one. */
export function Login({ ended }: { readonly ended: boolean }) {
  const { store, actions } = useApp();
  const [token, setToken] = useState("");
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const text = store.text.value;
  const language = store.language.value;
  const other = dictionaries[language === "zh" ? "en" : "zh"];

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (sending) return;
    const given = token.trim();
    if (given === "") {
      setError(text.login.empty);
      field.current?.focus();
      return;
    }
    setSending(true);
    const outcome = await actions.signIn(given);
    setSending(false);
    if (outcome.ok) return;
    setError(outcome.error.failure === "unauthorised" ? text.login.wrong : text.failures[outcome.error.failure]);
    field.current?.focus();
  };

  return (
    <main class="login-page">
      <form class="login" data-testid="login" onSubmit={(event) => void submit(event)}>
        <p class="login-product">
          <span lang="zh-CN">更夫</span> <span lang="en">Gengfu</span>
        </p>
        <h1>{text.login.title}</h1>
        {ended && <p class="soft">{text.login.ended}</p>}
        <label class="field">
          <span>
            {text.login.token} <span class="soft">{other.login.token}</span>
          </span>
          <input
            ref={field}
            name="token"
            type="password"
            value={token}
            autoComplete="current-password"
            autoCapitalize="none"
            spellcheck={false}
            autoFocus
            data-testid="token"
            aria-invalid={error !== null}
            aria-describedby="login-help"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            onChange={(event) => {
              if (field.current !== null) field.current.type = event.currentTarget.checked ? "text" : "password";
            }}
          />
          {text.login.show}
        </label>
        {error !== null && (
          <p class="form-error" role="alert" data-testid="login-error">
            <Mark kind="attention" />
            <span>{error}</span>
          </p>
        )}
        <button type="submit" class="button primary" data-testid="login-submit" aria-disabled={sending}>
          {sending ? text.login.submitting : text.login.submit}
        </button>
        <div id="login-help" class="login-help">
          <p lang={text.htmlLang}>{text.login.help}</p>
          <p lang={other.htmlLang} class="soft">
            {other.login.help}
          </p>
        </div>
        <button
          type="button"
          class="button quiet"
          data-testid="language"
          onClick={() => actions.prefer({ language: language === "zh" ? "en" : "zh" })}
        >
          <span lang={other.htmlLang}>{language === "zh" ? "English" : "中文"}</span>
        </button>
      </form>
    </main>
  );
}
