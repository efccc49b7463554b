import type { ColumnName, MoleculeTable } from "./molecule_table.ts";
import { factsAsPython, type TableFacts } from "./table_facts.ts";

type Kind = "DOUBLE" | "FLOAT" | "UINT_32" | "UINT_16" | "UINT_8";

/** Our columns under the names and types of Python's table. */
const COLUMNS: readonly (readonly [ColumnName, string, Kind])[] = [
  ["frame", "frame", "UINT_32"],
  ["xNm", "x_nm", "DOUBLE"],
  ["yNm", "y_nm", "DOUBLE"],
  ["photons", "photons", "FLOAT"],
  ["backgroundPhotons", "background_photons", "FLOAT"],
  ["backgroundStdPhotons", "background_std_photons", "FLOAT"],
  ["sigmaNm", "sigma_nm", "FLOAT"],
  ["uncertaintyNm", "uncertainty_nm", "FLOAT"],
  ["uncertaintyXNm", "uncertainty_x_nm", "FLOAT"],
  ["uncertaintyYNm", "uncertainty_y_nm", "FLOAT"],
  ["uncertaintyPhotons", "uncertainty_photons", "FLOAT"],
  ["chi2", "chi2", "FLOAT"],
  ["significance", "significance", "FLOAT"],
  ["probability", "probability", "FLOAT"],
  ["neighbours", "neighbours", "UINT_16"],
  ["flags", "flags", "UINT_8"],
];

/** The native table, readable by Python: Parquet with the facts in the footer. */
export async function parquetFile(table: MoleculeTable, facts: TableFacts): Promise<ArrayBuffer> {
  // needed for export only
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columns = COLUMNS.filter(([name]) => table.names.includes(name));
  const required = COLUMNS.slice(0, 3);
  const present = table.rows > 0 ? columns : required;
  return parquetWriteBuffer({
    schema: [
      { name: "root", num_children: present.length },
      ...present.map(([, name, kind]) =>
        kind === "DOUBLE" || kind === "FLOAT"
          ? ({ name, type: kind, repetition_type: "REQUIRED" } as const)
          : ({
              name,
              type: "INT32",
              converted_type: kind,
              repetition_type: "REQUIRED",
            } as const),
      ),
    ],
    columnData: present.map(([column, name, kind]) => ({
      name,
      data:
        kind === "DOUBLE" || kind === "FLOAT"
          ? (table.column(column) as Float64Array)
          : Int32Array.from(table.column(column)),
    })),
    kvMetadata: [
      { key: "cellstorm", value: JSON.stringify(factsAsPython(facts, table.pixelSizeNm)) },
    ],
    createdBy: "cellstorm app",
  });
}
