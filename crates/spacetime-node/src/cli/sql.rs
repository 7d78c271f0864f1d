//! `sql`: runs one statement and prints its rows as a table.

use serde::de::DeserializeSeed;
use serde_json::value::RawValue;
use spacetimedb_client_api_messages::http::{SqlStmtResult, SqlStmtStats};
use spacetimedb_lib::de::serde::SeedWrapper;
use spacetimedb_lib::sats::satn::{PsqlClient, PsqlType, PsqlWrapper};
use spacetimedb_lib::sats::{ProductType, Typespace};
use tabled::builder::Builder;
use tabled::settings::Style;

use super::connection::ConnectionArgs;
use super::error::CliError;
use super::publish::check_name;
use super::terminal::{print_line, printable};

/// Arguments of `sql`.
#[derive(Debug, clap::Args)]
pub struct SqlArgs {
    /// Name or identity of the database
    database: String,
    /// The statement
    query: String,
    /// Show only what has been written to disk, even where the server would answer sooner
    #[arg(long)]
    confirmed: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs `sql`.
pub async fn run(args: SqlArgs) -> Result<(), CliError> {
    check_name(&args.database)?;
    let api = args.connection.connect().await?;
    let results = api.sql(&args.database, args.query, args.confirmed.then_some(true)).await?;
    if results.is_empty() {
        return print_line("OK");
    }
    for result in &results {
        let text = render(result).map_err(|cause| CliError::UnexpectedAnswer {
            server: api.server().to_string(),
            reason: cause.to_string(),
        })?;
        print_line(&text)?;
    }
    Ok(())
}

fn render(result: &SqlStmtResult<Box<RawValue>>) -> serde_json::Result<String> {
    if result.schema.elements.is_empty() {
        return Ok(changes(&result.stats));
    }
    let mut builder = Builder::default();
    builder.push_record(result.schema.elements.iter().enumerate().map(|(index, column)| match &column.name {
        Some(name) => printable(name).into_owned(),
        None => format!("column {index}"),
    }));
    for row in &result.rows {
        builder.push_record(cells(&result.schema, row)?);
    }
    let mut table = builder.build();
    table.with(Style::psql());
    let count = result.rows.len();
    Ok(format!("{table}\n({count} {})", if count == 1 { "row" } else { "rows" }))
}

/// The values of a row in the notation that the official command line uses.
fn cells(schema: &ProductType, row: &RawValue) -> serde_json::Result<Vec<String>> {
    let ty = Typespace::EMPTY.with_type(schema);
    let mut json = serde_json::Deserializer::from_str(row.get());
    let values = SeedWrapper(ty).deserialize(&mut json)?;
    let cells = ty.with_values(&values).zip(&schema.elements).enumerate().map(|(idx, (value, field))| {
        let ty = PsqlType { client: PsqlClient::SpacetimeDB, tuple: schema, field, idx };
        printable(&PsqlWrapper { ty, value }.to_string()).into_owned()
    });
    Ok(cells.collect())
}

fn changes(stats: &SqlStmtStats) -> String {
    format!("OK: {} inserted, {} deleted, {} updated", stats.rows_inserted, stats.rows_deleted, stats.rows_updated)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use spacetimedb_lib::AlgebraicType;

    use super::*;

    fn result(schema: ProductType, rows: &[&str]) -> SqlStmtResult<Box<RawValue>> {
        SqlStmtResult {
            schema,
            rows: rows.iter().map(|row| RawValue::from_string(row.to_string()).unwrap()).collect(),
            total_duration_micros: 1,
            stats: SqlStmtStats { rows_inserted: 2, ..Default::default() },
        }
    }

    #[test]
    fn rows_become_a_table() {
        let schema = ProductType::from([
            ("name", AlgebraicType::String),
            ("gold", AlgebraicType::U128),
            ("who", AlgebraicType::identity()),
        ]);
        let who = format!(r#"["0x{}"]"#, "ab".repeat(32));
        let rows = [
            format!(r#"["Ann\u001b[2J", 340282366920938463463374607431768211455, {who}]"#),
            format!(r#"["Bo", 7, {who}]"#),
        ];
        let text = render(&result(schema, &[&rows[0], &rows[1]])).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert!(lines[0].contains("name") && lines[0].contains("| gold"), "{text}");
        assert!(lines[1].starts_with("---") && lines[1].contains('+'), "{text}");
        assert!(lines[2].contains(r#""Ann\u{1b}[2J""#), "{text}");
        assert!(lines[2].contains("340282366920938463463374607431768211455"), "{text}");
        assert!(lines[3].contains(&format!("0x{}", "ab".repeat(32))), "{text}");
        assert_eq!(lines[4], "(2 rows)");
    }

    #[test]
    fn changes_are_counted_and_broken_rows_refused() {
        assert_eq!(render(&result(ProductType::unit(), &[])).unwrap(), "OK: 2 inserted, 0 deleted, 0 updated");
        let schema = ProductType::from([("gold", AlgebraicType::U8)]);
        assert!(render(&result(schema.clone(), &["[256]"])).is_err());
        assert!(render(&result(schema, &["[1, 2]"])).is_err());
    }
}
