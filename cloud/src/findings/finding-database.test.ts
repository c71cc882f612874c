import { expect, it } from "vitest";
import { silentLogger } from "@gengfu/shared/logging";
import { discovered } from "./finding.ts";
import { openFindingDatabase } from "./finding-database.ts";
import { FindingTable } from "./finding-table.ts";

it("lets nobody change or remove what stands in the ledger", () => {
  const database = openFindingDatabase(":memory:", silentLogger);
  const discovery = {
    site: "court",
    source: "hand",
    alert: null,
    defect: null,
    device: null,
    checkpoint: null,
    what: "灭火器失压",
    grade: "ordinary",
    foundAt: 1,
    foundBy: "张伟",
    responsible: null,
    measure: null,
    proposalDueAt: 2,
    dueAt: 3,
  } as const;
  new FindingTable(database).create(null, discovery, discovered(discovery, 1, null, "张伟"), 1);
  expect(() => database.exec("UPDATE step SET who = '别人'")).toThrow(/never changed/);
  expect(() => database.exec("DELETE FROM step")).toThrow(/never removed/);
  expect(() => database.exec("DELETE FROM finding")).toThrow(/never removed/);
  database.close();
});
