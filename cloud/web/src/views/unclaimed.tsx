import { useState } from "preact/hooks";
import type { Unclaimed as Unknown } from "../api/types.ts";
import { useApp } from "../components/app.ts";
import { Sheet } from "../components/sheet.tsx";

const shown_max = 8;

/** Who speaks to a gateway and is in no configuration, with a configuration to start from; nothing where all are known. */
export function Unclaimed() {
  const { store } = useApp();
  const { unclaimed: text } = store.text.value;
  const format = store.format.value;
  const all = store.world.unclaimed.value;
  if (all.length === 0) return null;
  return (
    <Sheet id="unclaimed" title={text.title} summary={text.count(format.number(all.length))}>
      <ul class="unclaimed">
        {all.slice(0, shown_max).map((unknown) => (
          <Entry key={`${unknown.gateway}/${unknown.via}/${unknown.name}`} unknown={unknown} />
        ))}
      </ul>
      {all.length > shown_max && <p class="caption">{text.more(format.number(all.length - shown_max))}</p>}
    </Sheet>
  );
}

function Entry({ unknown }: { readonly unknown: Unknown }) {
  const { store, screen } = useApp();
  const { unclaimed: text, unknown: never } = store.text.value;
  const format = store.format.value;
  const now = store.now.value;
  const [copied, setCopied] = useState<boolean | null>(null);
  const { via, name, reason, count, lastSeenAt, topics, proposal } = unknown;
  const pieces = [
    ["site.yaml", proposal.site],
    ["edge.yaml", proposal.edge],
  ].flatMap(([file, yaml]) => (yaml === null || yaml === undefined ? [] : [{ file, yaml }]));
  const copy = async (): Promise<void> => {
    setCopied(await screen.copy(pieces.map(({ file, yaml }) => `# ${file}\n${yaml}`).join("\n")));
  };
  return (
    <li data-testid={`unclaimed-${name}`} data-reason={reason}>
      <p>
        <b class="unclaimed-name">{name}</b>
        {via !== "" && <code>{via}</code>}
      </p>
      <p>{text.reason[reason] ?? reason}</p>
      <p class="soft">
        {text.heard(format.number(count), lastSeenAt === null ? never : format.moment(lastSeenAt, now))}
      </p>
      {topics.length > 0 && (
        <details>
          <summary>{text.sent}</summary>
          <pre>{topics.map(({ topic, payload }) => `${topic}\n${payload}`).join("\n\n")}</pre>
        </details>
      )}
      {pieces.length > 0 && (
        <details>
          <summary>{text.proposal}</summary>
          {pieces.map(({ file, yaml }) => (
            <div key={file}>
              <p class="soft">{file}</p>
              <pre>{yaml}</pre>
            </div>
          ))}
          <p class="soft">{text.advice}</p>
          <p>
            <button type="button" class="button" data-testid="copy-proposal" onClick={() => void copy()}>
              {text.copy}
            </button>
            <span role="status">{copied === null ? "" : copied ? text.copied : text.notCopied}</span>
          </p>
        </details>
      )}
    </li>
  );
}
