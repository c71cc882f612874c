import { Mark } from "../components/mark.tsx";
import { useApp } from "../components/app.ts";
import { nightWatch } from "../text/zone.ts";

interface HeaderProps {
  readonly onHelp: () => void;
}

/** Where one is, what time it is there, and whether what the page shows is live. */
export function Header({ onHelp }: HeaderProps) {
  const { store, actions, screen } = useApp();
  const text = store.text.value;
  const language = store.language.value;
  const site = store.world.site.value;
  const wall = screen.isWall();
  const siren = screen.siren.state();
  return (
    <header class="top">
      <h1 class="site-name">{site?.name[language] ?? text.product}</h1>
      <Clock />
      <div class="top-tools">
        <LiveState />
        <button
          type="button"
          class="button quiet"
          aria-pressed={siren !== "off"}
          title={text.sound.title}
          data-testid="sound"
          onClick={() => screen.siren.toggle()}
        >
          <SoundIcon on={siren === "on"} />
          <span class="tool-word">{{ off: text.sound.off, armed: text.sound.armed, on: text.sound.on }[siren]}</span>
        </button>
        <button
          type="button"
          class="button quiet tool-wall"
          aria-pressed={wall}
          title={text.wall.title}
          data-testid="wall"
          onClick={() => screen.setWall(!wall)}
        >
          {wall ? text.wall.leave : text.wall.enter}
        </button>
        <button
          type="button"
          class="button quiet"
          title={text.switchLanguage}
          data-testid="language"
          onClick={() => actions.prefer({ language: language === "zh" ? "en" : "zh" })}
        >
          <span lang="zh-CN" class={language === "zh" ? "chosen" : ""}>
            中文
          </span>
          <span aria-hidden="true">/</span>
          <span lang="en" class={language === "en" ? "chosen" : ""}>
            English
          </span>
        </button>
        <button
          type="button"
          class="button quiet tool-help"
          title={text.help.title}
          data-testid="help"
          onClick={onHelp}
        >
          <kbd aria-hidden="true">?</kbd>
          <span class="visually-hidden">{text.help.button}</span>
        </button>
      </div>
    </header>
  );
}

/** The site's clock, and by night the watch that the watchman would call. */
function Clock() {
  const { store } = useApp();
  const now = store.now.value;
  const format = store.format.value;
  const text = store.text.value;
  const watch = nightWatch(now, format.zone);
  return (
    <p class="clock" title={format.zone}>
      <span class="clock-date">
        {format.date(now)} {format.weekday(now)}
        {watch !== null && <span class="clock-watch">{text.nightWatch[watch]}</span>}
      </span>
      <time class="clock-time" dateTime={new Date(now).toISOString()}>
        {format.time(now)}
      </time>
    </p>
  );
}

function LiveState() {
  const { store } = useApp();
  const text = store.text.value;
  const format = store.format.value;
  const { since, heardAt } = store.connection.value;
  const liveness = store.liveness.value;
  const words = {
    connecting: () => text.live.connecting,
    live: () => text.live.live,
    stale: () => text.live.stale(format.time(heardAt ?? since)),
    reconnecting: () => text.live.reconnecting(format.time(since)),
  }[liveness]();
  return (
    <p
      class={`live live-${liveness}`}
      role="status"
      aria-label={text.live.label}
      data-testid="live"
      data-state={liveness}
    >
      {liveness === "live" ? (
        <span class="live-pulse" aria-hidden="true" />
      ) : (
        <Mark kind={liveness === "stale" ? "silent" : "offline"} />
      )}
      {words}
    </p>
  );
}

function SoundIcon({ on }: { readonly on: boolean }) {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path class="mark-line" d="M3.5 9.5v5h3.8l4.7 4V5.5l-4.7 4z" />
      <path
        class="mark-line"
        d={on ? "M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" : "m15.5 9.5 5 5m0-5-5 5"}
      />
    </svg>
  );
}
